/* SPDX-License-Identifier: MIT
 *
 * helper: what the little programs of the tests share. Each of them misbehaves in one way; a test starts them as ranks
 * and looks at what the launcher makes of it. They talk to the test through its directory, FAULTS_DIR: a FIFO `ready`
 * that the test reads ("RANK PID" lines), a FIFO `gate` that reads end-of-file once the test closes its end, and
 * files that say that something happened. No program outlives HELPER_LIFE_S, whatever goes wrong around it.
 */
#ifndef TESTS_PROGRAMS_HELPER_H
#define TESTS_PROGRAMS_HELPER_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HELPER_LIFE_S 240
#define HELPER_WRONG  99 /* exit code: the helper itself was misused or could not do its work */

static inline void helper_give_up(const char *what)
{
	fprintf(stderr, "helper: %s: %s\n", what, strerror(errno));
	_exit(HELPER_WRONG);
}

/* First thing in main, and first thing in every child: the alarm is not inherited by fork. */
static inline void helper_begin(void)
{
	signal(SIGALRM, SIG_DFL);
	alarm(HELPER_LIFE_S);
}

static inline int helper_rank(void)
{
	const char *rank = getenv("MUSTER_RANK");
	return rank ? atoi(rank) : 0;
}

static inline int helper_open(const char *name, int flags)
{
	const char *directory = getenv("FAULTS_DIR");
	char path[4096];
	if (!directory)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open(path, flags | O_CLOEXEC, 0644);
}

/* Tells the test that this process stands where the test wants it: one line into the FIFO, whole. */
static inline void helper_ready(void)
{
	char line[64];
	int fd = helper_open("ready", O_WRONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	int length = snprintf(line, sizeof(line), "%d %d\n", helper_rank(), (int)getpid());
	if (write(fd, line, (size_t)length) != length)
		helper_give_up("ready");
	close(fd);
}

/* Waits until the test opens the gate, which wakes every process behind it in one instant. */
static inline void helper_wait_gate(void)
{
	char byte;
	int fd = helper_open("gate", O_RDONLY);
	if (fd < 0)
		helper_give_up("gate");
	helper_ready();
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	close(fd);
}

/* Leaves a file NAME.RANK for the test to find. Safe in a signal handler but for snprintf of integers and text,
 * which glibc does without locks or heap. */
static inline void helper_mark(const char *name)
{
	char file[128];
	snprintf(file, sizeof(file), "%s.%d", name, helper_rank());
	int fd = helper_open(file, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd >= 0)
		close(fd);
}

static inline int64_t helper_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void helper_sleep_ms(long ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static inline void helper_wait_forever(void)
{
	for (;;)
		pause();
}

/* Every byte, however the descriptor takes them; false when the other side is gone or full. */
static inline int helper_write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return 0;
		bytes += written;
		length -= (size_t)written;
	}
	return 1;
}

static inline int helper_signal_number(const char *word)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"ABRT", SIGABRT},
		{"FPE", SIGFPE},   {"KILL", SIGKILL}, {"SEGV", SIGSEGV}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},
		{"TERM", SIGTERM}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"BUS", SIGBUS},   {"SYS", SIGSYS},
		{"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"CHLD", SIGCHLD}, {"XCPU", SIGXCPU}, {"TRAP", SIGTRAP},
	};
	for (size_t at = 0; at < sizeof(known) / sizeof(known[0]); at++)
		if (strcmp(known[at].name, word) == 0)
			return known[at].number;
	return atoi(word);
}

#endif
