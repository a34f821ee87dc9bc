/* SPDX-License-Identifier: MIT
 *
 * clone_by_fork: lets valgrind watch a program that uses what valgrind does not know: clone(CLONE_VM) and pidfds.
 *
 * Loaded before libc (LD_PRELOAD). clone() makes a copy of the process instead of a second user of its memory; the
 * parent gets what it asked for: a pidfd, and the cleared thread number once the child has executed its program or has
 * ended. What a failed child writes into the parent's memory is lost. pidfds of other processes are directories of
 * /proc, and signals go to the number that is found by them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef long system_call(long, ...);

static system_call *libc_syscall(void)
{
	static system_call *found;
	if (found == NULL)
		*(void **)&found = dlsym(RTLD_NEXT, "syscall");
	return found;
}

static void wait_until_closed(const int ends[2])
{
	char byte;
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		continue;
	close(ends[0]);
}

int clone(int (*start)(void *), void *stack, int flags, void *argument, ...)
{
	(void)stack;
	va_list more;
	va_start(more, argument);
	int *pidfd = va_arg(more, int *);
	(void)va_arg(more, void *);
	pid_t *child_number = va_arg(more, pid_t *);
	va_end(more);

	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = (pid_t)libc_syscall()(SYS_clone, (long)(flags & (CLONE_PIDFD | CSIGNAL)), 0L, pidfd, NULL, 0L);
	if (pid == 0)
		_exit(start(argument));
	wait_until_closed(ends);
	if (pid > 0 && (flags & CLONE_CHILD_CLEARTID) != 0) {
		__atomic_store_n(child_number, 0, __ATOMIC_RELEASE);
		libc_syscall()(SYS_futex, child_number, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	}
	return pid;
}

static int open_process(pid_t pid)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/%d", pid);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		errno = ESRCH;
	return fd;
}

/* A pidfd of clone's own tells its process in fdinfo, a directory of /proc by its name. */
static pid_t process_of(int fd)
{
	char path[64], text[512];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(path, text, sizeof text - 1);
	text[length > 0 ? length : 0] = '\0';
	if (strncmp(text, "/proc/", strlen("/proc/")) == 0)
		return (pid_t)strtol(text + strlen("/proc/"), NULL, 10);
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	int info = open(path, O_RDONLY | O_CLOEXEC);
	length = info < 0 ? 0 : read(info, text, sizeof text - 1);
	close(info);
	text[length > 0 ? length : 0] = '\0';
	const char *pid = strstr(text, "\nPid:");
	return pid == NULL ? -1 : (pid_t)strtol(pid + strlen("\nPid:"), NULL, 10);
}

static int signal_process(int fd, int signal)
{
	pid_t pid = process_of(fd);
	if (pid <= 0) {
		errno = ESRCH;
		return -1;
	}
	return kill(pid, signal);
}

long syscall(long number, ...)
{
	long a[6];
	va_list more;
	va_start(more, number);
	for (size_t i = 0; i < sizeof a / sizeof *a; i++)
		a[i] = va_arg(more, long);
	va_end(more);
	if (number == SYS_pidfd_open)
		return open_process((pid_t)a[0]);
	if (number == SYS_pidfd_send_signal)
		return signal_process((int)a[0], (int)a[1]);
	return libc_syscall()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
