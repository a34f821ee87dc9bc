/* SPDX-License-Identifier: MIT
 *
 * start_with CONDITION... -- COMMAND ARG...: becomes COMMAND after it has made the conditions that a careless parent
 * leaves behind. In the order in which they are written:
 *
 *   open=N            N more descriptors, without close-on-exec     close=N           descriptor N closed
 *   block=all         every signal blocked                          ignore=all|NAME   that signal, or all, ignored
 *   umask=OCTAL  nice=N  oom=N  policy=batch  affinity=CPU          limit=NAME=SOFT[:HARD]  as in setrlimit
 *   directory=PATH    chdir                                         removed=PATH      chdir into PATH, then remove it
 *   terminal=PATH     a new session whose controlling terminal is PATH, as stdin, stdout and stderr; in its foreground
 *   session=new       a new session without a terminal              user=UID          that user and group, no other
 * groups cgroup=FILE       this process is written into FILE (cgroup.procs)
 *   refuse=CALL:ANSWER  a seccomp filter, as containers have them: that system call fails with errno ANSWER, or, with
 *                     `kill`, is the end of who makes it
 */
#include "helper.h"

#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* Past glibc, which keeps signals 32 and 33 for itself and refuses to touch them. */
static void ignore(const char *value)
{
	struct kernel_action action = {.handler = SIG_IGN};
	int only = strcmp(value, "all") == 0 ? 0 : helper_signal_number(value);
	for (int number = 1; number < NSIG; number++)
		if (!only || number == only)
			syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(action.mask));
}

static void block_all(const char *value)
{
	uint64_t all = ~(uint64_t)0;
	(void)value;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof(all));
}

static void open_many(const char *value)
{
	static const char *const kinds[] = {"/dev/null", "/", "/proc/self/status"};
	for (int i = 0; i < atoi(value); i++) {
		int fds[2];
		if (i % 4 == 3) {
			if (pipe(fds) < 0)
				helper_give_up("pipe");
			i++;
		} else if (open(kinds[i % 4], O_RDONLY) < 0) {
			helper_give_up("open");
		}
	}
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		dup2(0, limit.rlim_cur < 5000 ? (int)limit.rlim_cur - 1 : 4999);
}

static void set_limit(const char *value)
{
	static const struct {
		const char *name;
		int resource;
	} known[] = {
		{"nofile", RLIMIT_NOFILE},   {"nproc", RLIMIT_NPROC},
		{"as", RLIMIT_AS},           {"core", RLIMIT_CORE},
		{"stack", RLIMIT_STACK},     {"data", RLIMIT_DATA},
		{"memlock", RLIMIT_MEMLOCK}, {"fsize", RLIMIT_FSIZE},
		{"cpu", RLIMIT_CPU},         {"sigpending", RLIMIT_SIGPENDING},
	};
	const char *number = strchr(value, '=');
	for (size_t i = 0; number && i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) != (size_t)(number - value) ||
		    strncmp(value, known[i].name, (size_t)(number - value)) != 0)
			continue;
		const char *hard = strchr(number, ':');
		struct rlimit limit = {.rlim_cur = strtoull(number + 1, NULL, 10)};
		limit.rlim_max = hard ? strtoull(hard + 1, NULL, 10) : limit.rlim_cur;
		if (setrlimit((__rlimit_resource_t)known[i].resource, &limit) < 0)
			helper_give_up(value);
		return;
	}
	helper_give_up(value);
}

static void take_terminal(const char *path)
{
	if (setsid() < 0)
		helper_give_up("setsid");
	int fd = open(path, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0 || tcsetpgrp(fd, getpgrp()) < 0)
		helper_give_up(path);
	for (int number = 0; number < 3; number++)
		dup2(fd, number);
	if (fd > 2)
		close(fd);
}

static void write_number(const char *path, long number)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%ld", number);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		helper_give_up(path);
	close(fd);
}

static void become(const char *value)
{
	uid_t user = (uid_t)atol(value);
	if (setgroups(0, NULL) < 0 || setgid(user) < 0 || setuid(user) < 0)
		helper_give_up("user");
}

static void set_affinity(const char *value)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(value), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		helper_give_up("affinity");
}

static void set_policy(const char *value)
{
	struct sched_param parameters = {0};
	if (strcmp(value, "batch") != 0 || sched_setscheduler(0, SCHED_BATCH, &parameters) < 0)
		helper_give_up("policy");
}

static void set_nice(const char *value)
{
	if (setpriority(PRIO_PROCESS, 0, atoi(value)) < 0)
		helper_give_up("nice");
}

static void set_umask(const char *value)
{
	umask((mode_t)strtol(value, NULL, 8));
}

static void set_oom(const char *value)
{
	write_number("/proc/self/oom_score_adj", atol(value));
}

static void join_cgroup(const char *value)
{
	write_number(value, getpid());
}

static void change_directory(const char *value)
{
	if (chdir(value) < 0)
		helper_give_up(value);
}

static void remove_directory(const char *value)
{
	change_directory(value);
	if (rmdir(value) < 0)
		helper_give_up(value);
}

static void close_fd(const char *value)
{
	close(atoi(value));
}

static void new_session(const char *value)
{
	if (strcmp(value, "new") != 0 || setsid() < 0)
		helper_give_up("session");
}

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static unsigned call_number(const char *name, size_t length)
{
	static const struct {
		const char *name;
		unsigned number;
	} known[] = {
		{"set_mempolicy", SYS_set_mempolicy},
		{"memfd_create", SYS_memfd_create},
		{"pidfd_open", SYS_pidfd_open},
		{"pidfd_send_signal", SYS_pidfd_send_signal},
		{"process_vm_readv", SYS_process_vm_readv},
		{"futex_waitv", SYS_futex_waitv},
		{"clone3", SYS_clone3},
		{"close_range", SYS_close_range},
		{"dup3", SYS_dup3},
		{"sched_setaffinity", SYS_sched_setaffinity},
		{"prctl", SYS_prctl},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == length && strncmp(known[i].name, name, length) == 0)
			return known[i].number;
	helper_give_up(name);
	return 0;
}

static void refuse_call(const char *value)
{
	const char *answer = strchr(value, ':');
	if (!answer)
		helper_give_up(value);
	unsigned number = call_number(value, (size_t)(answer - value));
	unsigned action = strcmp(answer + 1, "kill") == 0 ? SECCOMP_RET_KILL_PROCESS
	                                                  : SECCOMP_RET_ERRNO | (unsigned)atoi(answer + 1);
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		helper_give_up("seccomp");
}

static void make_condition(const char *text)
{
	static const struct {
		const char *name;
		void (*make)(const char *value);
	} known[] = {
		{"open", open_many},
		{"close", close_fd},
		{"block", block_all},
		{"ignore", ignore},
		{"umask", set_umask},
		{"nice", set_nice},
		{"oom", set_oom},
		{"policy", set_policy},
		{"affinity", set_affinity},
		{"limit", set_limit},
		{"directory", change_directory},
		{"removed", remove_directory},
		{"terminal", take_terminal},
		{"session", new_session},
		{"user", become},
		{"cgroup", join_cgroup},
		{"refuse", refuse_call},
	};
	const char *value = strchr(text, '=');
	for (size_t i = 0; value && i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == (size_t)(value - text) &&
		    strncmp(known[i].name, text, (size_t)(value - text)) == 0) {
			known[i].make(value + 1);
			return;
		}
	helper_give_up(text);
}

int main(int argc, char **argv)
{
	int at = 1;
	for (; at < argc && strcmp(argv[at], "--") != 0; at++)
		make_condition(argv[at]);
	if (at + 1 >= argc)
		helper_give_up("usage: start_with CONDITION... -- COMMAND ARG...");
	execvp(argv[at + 1], argv + at + 1);
	helper_give_up(argv[at + 1]);
	return HELPER_WRONG;
}
