/* SPDX-License-Identifier: MIT
 *
 * signals: see signals.h.
 */
#include "run/signals.h"

#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const int listened[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2, SIGCHLD};

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static uint64_t inherited_ignored;
static struct rlimit inherited_open_files;

static void make_set_of(sigset_t *set, const int *numbers, size_t count)
{
	bool nohup = ((inherited_ignored >> (SIGHUP - 1)) & 1) != 0;
	sigemptyset(set);
	for (size_t i = 0; i < count; i++)
		if (numbers[i] != SIGHUP || !nohup)
			sigaddset(set, numbers[i]);
}

static void make_set(sigset_t *set)
{
	make_set_of(set, listened, sizeof listened / sizeof *listened);
}

static void make_stop_set(sigset_t *set)
{
	make_set_of(set, stopping, sizeof stopping / sizeof *stopping);
}

/* By the system call: libc hides the two signals that it keeps for itself, which can be ignored as well. */
static bool is_ignored(int number)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} action = {0};
	return syscall(SYS_rt_sigaction, number, NULL, &action, sizeof action.mask) == 0 && action.handler == SIG_IGN;
}

/* What is listened to must not be ignored (the kernel would reap children whose SIGCHLD is), but for a SIGHUP that was
 * ignored on purpose, by nohup. */
static void note_ignored(void)
{
	for (int number = 1; number <= 64; number++)
		if (is_ignored(number))
			inherited_ignored |= UINT64_C(1) << (number - 1);
	for (size_t i = 0; i < sizeof listened / sizeof *listened; i++)
		if (((inherited_ignored >> (listened[i] - 1)) & 1) != 0 && listened[i] != SIGHUP)
			signal(listened[i], SIG_DFL);
}

/* A closed reader and a file size limit are errors of a write, not the end of muster. */
static void ignore(int number)
{
	signal(number, SIG_IGN);
	inherited_ignored |= UINT64_C(1) << (number - 1);
}

/* Each takes the lowest free number, which is its own. What is written to a stdout that was closed is lost, as on a
 * full disk, and the write must say so: it is open for reading only, on a file that cannot be a standard error, too. */
static void open_missing_streams(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!(fd == STDOUT_FILENO ? open("/dev/zero", O_RDONLY) : open("/dev/null", O_RDWR));
}

static void raise_open_files(void)
{
	getrlimit(RLIMIT_NOFILE, &inherited_open_files);
	struct rlimit raised = {inherited_open_files.rlim_max, inherited_open_files.rlim_max};
	if (raised.rlim_cur != inherited_open_files.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &raised);
}

void signals_take_over(void)
{
	sigset_t none;
	sigemptyset(&none);
	note_ignored();
	sigprocmask(SIG_SETMASK, &none, NULL);
	ignore(SIGPIPE);
	ignore(SIGXFSZ);
	open_missing_streams();
	descriptors_close_at_exec(STDERR_FILENO + 1);
	raise_open_files();
}

void signals_block(void)
{
	sigset_t set;
	make_set(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

void signals_hold_stops(void)
{
	sigset_t set;
	make_stop_set(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int signals_await_stop(int64_t ms)
{
	const struct timespec patience = {ms / 1000, ms % 1000 * 1000000};
	sigset_t set, second;
	make_stop_set(&set);
	int number = sigtimedwait(&set, NULL, &patience);
	if (number < 0)
		return 0;
	sigemptyset(&second);
	sigaddset(&second, SIGINT);
	sigprocmask(SIG_UNBLOCK, &second, NULL);
	return number;
}

uint64_t signals_inherited_ignored(void)
{
	return inherited_ignored;
}

const struct rlimit *signals_inherited_open_files(void)
{
	return &inherited_open_files;
}

static int open_set(const sigset_t *set)
{
	int fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int signals_open(void)
{
	sigset_t set;
	make_set(&set);
	return open_set(&set);
}

int signals_open_apart(int *stops)
{
	sigset_t set, stop;
	make_set(&set);
	sigdelset(&set, SIGTSTP);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	int others = open_set(&set), one = others < 0 ? others : open_set(&stop);
	if (one >= 0)
		*stops = one;
	else if (others >= 0)
		close(others);
	return one < 0 ? one : others;
}
