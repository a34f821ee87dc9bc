/* SPDX-License-Identifier: MIT
 *
 * guard_watch: see guard_watch.h.
 */
#include "run/guard_watch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "run/process_stat.h"
#include "run/signals.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { QUIET_AFTER_MS = 100, HELD_CHECK_MS = 1000 };

static void note_told(struct guard_watch *watch)
{
	int64_t now_ns = clock_ns();
	if (watch->told_ns == 0 || watch->told_ns > now_ns)
		watch->told_ns = now_ns;
}

static bool is_continued(void)
{
	sigset_t waiting;
	sigpending(&waiting);
	return sigismember(&waiting, SIGCONT) == 1;
}

/* By the signal itself, as the kernel would do it without us: a SIGCONT that came meanwhile has taken it back, and an
 * orphaned process group is not stopped, and then nobody continues it. The SIGCONT that ends a stop waits to be read,
 * and is handed on like any other signal. */
static void stop_self(const struct guard_watch *watch)
{
	sigset_t stop;
	kill(watch->below, SIGTSTP);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	if (watch->stops < 0)
		raise(SIGTSTP);                /* it was read */
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it stops, until SIGCONT */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	if (!is_continued())
		kill(watch->below, SIGCONT);
}

/* The warden was killed: the supervisor, which is told so by the kernel and ends the job, is this process's child now,
 * unless it ended before. No number is believed that is not a child's. */
static void take_over(struct guard_watch *watch)
{
	pid_t supervisor = watch->guards.page->supervisor;
	int status;
	if (watch->is_warden || supervisor == 0 || watch->below == supervisor)
		return;
	pid_t found = waitpid(supervisor, &status, WNOHANG);
	if (found < 0)
		return;
	watch->below = supervisor;
	watch->ended = found == supervisor;
	if (watch->ended)
		watch->status = status;
	note_told(watch);
}

static void reap(struct guard_watch *watch)
{
	int status;
	pid_t pid;
	while (!watch->ended && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != watch->below)
			continue;
		watch->ended = true;
		watch->status = status;
		if (WIFSIGNALED(status))
			take_over(watch);
	}
}

/* One that somebody stopped is woken: it is to act on the signal. After a signal of the guard's comes its SIGCONT. */
static void forward(struct guard_watch *watch, int signal, pid_t from)
{
	bool asks_to_stop = signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
	if (asks_to_stop)
		note_told(watch);
	reap(watch); /* a signal to a warden that was killed goes to the supervisor */
	if (watch->ended)
		return;
	watch->suspended = signal == SIGTSTP || (watch->suspended && signal != SIGCONT && !asks_to_stop);
	kill(watch->below, signal);
	if (asks_to_stop && !(watch->is_warden && from == watch->guards.guard))
		kill(watch->below, SIGCONT);
}

static void guard_ended(struct guard_watch *watch)
{
	watch->guards.page->guard_ended = 1;
	watch->suspended = false;
	note_told(watch);
	kill(watch->below, SIGNAL_GUARD_DIED);
}

static void take_signal(struct guard_watch *watch)
{
	struct signalfd_siginfo info;
	if (read(watch->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(watch);
	else if (info.ssi_signo == SIGTSTP && !watch->is_warden)
		stop_self(watch);
	else if (info.ssi_signo == SIGNAL_GUARD_DIED && watch->is_warden && getppid() != watch->guards.guard)
		guard_ended(watch);
	else
		forward(watch, (int)info.ssi_signo, (pid_t)info.ssi_pid);
}

static void owner_ended(struct guard_watch *watch)
{
	close(watch->owner);
	watch->owner = -1;
	forward(watch, SIGTERM, 0);
}

/* Then its warden has only to clear, and must not be held in that. */
static void supervisor_ended(struct guard_watch *watch)
{
	close(watch->supervisor);
	watch->supervisor = -1;
	note_told(watch);
}

/* By a tracer, or by SIGSTOP: seen so twice, and nothing done in between. Busy, blocked or under strace is not held. */
static void end_if_held(struct guard_watch *watch)
{
	struct process_stat stat;
	pid_t number = process_own_number() == getpid() ? watch->below : 0; /* as /proc calls it, or not at all */
	int64_t switches = number != 0 ? process_switches(number) : -1;
	bool held = switches >= 0 && process_stat_read(number, &stat) && (stat.state == 'T' || stat.state == 't');
	if (held && switches == watch->held_switches) {
		kill(watch->below, SIGKILL);
		watch->was_held = watch->below == watch->guards.page->supervisor;
		watch->ended = stat.state == 't'; /* its tracer may keep it from being reaped for ever */
		watch->status = SIGKILL;
	}
	watch->held_switches = held ? switches : -1;
}

static int held_check_in_ms(const struct guard_watch *watch)
{
	if (watch->told_ns == 0)
		return -1;
	int64_t left_ms = watch->patience_ms - (clock_ns() - watch->told_ns) / 1000000;
	return left_ms < HELD_CHECK_MS ? HELD_CHECK_MS : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

/* What is done once comes before anything is let go of. */
static void on_quiet(struct guard_watch *watch)
{
	if (watch->at_leisure != NULL)
		watch->at_leisure(watch->context);
	if (watch->let_go != NULL)
		watch->let_go(watch->context);
	watch->at_leisure = watch->let_go = NULL;
	if (!watch->is_warden && !watch->looked && watch->guards.page->supervisor != 0) {
		watch->looked = true;
		watch->supervisor = (int)syscall(SYS_pidfd_open, watch->guards.page->supervisor, 0);
	}
	if (watch->told_ns != 0 && !watch->suspended && (clock_ns() - watch->told_ns) / 1000000 >= watch->patience_ms)
		end_if_held(watch);
}

/* A job that lives longer than a moment may live for days, and who guards it does nothing meanwhile. */
void guard_watch_wait(struct guard_watch *watch)
{
	bool quiet = false;
	while (!watch->ended) {
		struct pollfd ready[] = {{.fd = watch->signals, .events = POLLIN},
		                         {.fd = watch->owner, .events = POLLIN},
		                         {.fd = watch->stops, .events = POLLIN},
		                         {.fd = watch->supervisor, .events = POLLIN}};
		int polled =
			quiet ? memory_trimmed_poll(ready, 4, held_check_in_ms(watch)) : poll(ready, 4, QUIET_AFTER_MS);
		quiet = polled == 0;
		if (polled < 0) { /* EINTR, or no memory in the kernel for a moment */
			reap(watch);
			continue;
		}
		if (quiet)
			on_quiet(watch);
		if ((ready[2].revents & POLLIN) != 0)
			stop_self(watch);
		if ((ready[0].revents & POLLIN) != 0)
			take_signal(watch);
		if (!watch->ended && watch->owner >= 0 && (ready[1].revents & POLLIN) != 0)
			owner_ended(watch);
		if (watch->supervisor >= 0 && (ready[3].revents & POLLIN) != 0)
			supervisor_ended(watch);
	}
}
