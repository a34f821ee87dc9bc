/* SPDX-License-Identifier: MIT
 *
 * descriptors: those of a range are closed, or marked, and no others; also where the kernel refuses close_range.
 */
#include "unit_test.h"

#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 100, COUNT = 10 };

static bool refuse_close_range(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof program / sizeof program[0], program};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool is_marked(int fd)
{
	return fcntl(fd, F_GETFD) == FD_CLOEXEC;
}

static bool closes_its_range(void)
{
	bool right = true;
	for (int fd = FIRST; fd < FIRST + COUNT; fd++)
		dup2(STDIN_FILENO, fd);
	descriptors_close_at_exec(FIRST + 5);
	for (int fd = FIRST; fd < FIRST + COUNT; fd++)
		right = right && is_open(fd) && is_marked(fd) == (fd >= FIRST + 5);
	descriptors_close(FIRST + 2, FIRST + 4);
	for (int fd = FIRST; fd < FIRST + COUNT; fd++)
		right = right && is_open(fd) == (fd < FIRST + 2 || fd > FIRST + 4);
	descriptors_close(FIRST, ~0U);
	for (int fd = FIRST; fd < FIRST + COUNT; fd++)
		right = right && !is_open(fd);
	return right && is_open(STDERR_FILENO);
}

static void check_in_a_child(bool refused)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit((!refused || refuse_close_range()) && closes_its_range() ? 0 : 1);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_range_is_closed_or_marked_and_nothing_else(void **state)
{
	(void)state;
	check_in_a_child(false);
}

static void also_where_the_kernel_refuses_to(void **state)
{
	(void)state;
	check_in_a_child(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_closed_or_marked_and_nothing_else),
		cmocka_unit_test(also_where_the_kernel_refuses_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
