/* SPDX-License-Identifier: MIT
 *
 * pretend: runs a command in a world where one system call does nothing and answers with the given errno (0: says that
 * it succeeded). Containers and sandboxes do this: some refuse set_mempolicy, some say yes to sched_setaffinity and
 * bind nothing.
 *
 *     pretend set_mempolicy EPERM COMMAND [ARG...]
 *     pretend sched_setaffinity 0 COMMAND [ARG...]
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int system_call_number(const char *name)
{
	if (strcmp(name, "sched_setaffinity") == 0)
		return SYS_sched_setaffinity;
	if (strcmp(name, "set_mempolicy") == 0)
		return SYS_set_mempolicy;
	return -1;
}

static int errno_number(const char *name)
{
	if (strcmp(name, "0") == 0)
		return 0;
	if (strcmp(name, "EPERM") == 0)
		return EPERM;
	if (strcmp(name, "ENOSYS") == 0)
		return ENOSYS;
	return -1;
}

static int answer_instead(int call, int error)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof instructions / sizeof instructions[0], .filter = instructions};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int main(int argc, char **argv)
{
	int call = argc > 3 ? system_call_number(argv[1]) : -1;
	int error = argc > 3 ? errno_number(argv[2]) : -1;

	if (call < 0 || error < 0) {
		fprintf(stderr, "usage: pretend sched_setaffinity|set_mempolicy 0|EPERM|ENOSYS COMMAND [ARG...]\n");
		return 2;
	}
	if (answer_instead(call, error) != 0) {
		perror("pretend: seccomp");
		return 2;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
