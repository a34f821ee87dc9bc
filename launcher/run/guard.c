/* SPDX-License-Identifier: MIT
 *
 * guard: see guard.h.
 */
#include "run/guard.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/patient_write.h"
#include "run/descendants.h"
#include "run/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIM_AFTER_MS = 100, CLEAR_ROUND_MS = 20, CLEAR_ROUNDS_MAX = 250 };

struct watch {
	pid_t supervisor;
	int signals;
	int owner; /* pidfd, or -1 */
	bool ended;
	int status;
};

static _Noreturn void be_supervisor(const struct guarded *guarded, pid_t guard)
{
	prctl(PR_SET_PDEATHSIG, SIGNAL_GUARD_DIED);
	if (getppid() != guard)
		_exit(125);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int code = guarded->supervise(guarded->context, guard);
	fflush(NULL);
	_exit(code);
}

/* As the kernel would do it without us: an orphaned process group is not stopped, and then nobody continues it. The
 * SIGCONT that ends a stop waits to be read, and is handed on like any other signal. */
static void stop_self(const struct watch *watch)
{
	sigset_t stop, waiting;
	kill(watch->supervisor, SIGTSTP);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it stops, until SIGCONT */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	sigpending(&waiting);
	if (sigismember(&waiting, SIGCONT) != 1)
		kill(watch->supervisor, SIGCONT);
}

static void reap(struct watch *watch)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == watch->supervisor) {
			watch->ended = true;
			watch->status = status;
		}
	}
}

/* A supervisor that somebody stopped is woken: it is to act on the signal. */
static void forward(const struct watch *watch, int signal)
{
	bool asks_to_stop = signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
	kill(watch->supervisor, signal);
	if (asks_to_stop)
		kill(watch->supervisor, SIGCONT);
}

static void take_signal(struct watch *watch)
{
	struct signalfd_siginfo info;
	if (read(watch->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(watch);
	else if (info.ssi_signo == SIGTSTP)
		stop_self(watch);
	else
		forward(watch, (int)info.ssi_signo);
}

static void owner_ended(struct watch *watch)
{
	close(watch->owner);
	watch->owner = -1;
	forward(watch, SIGTERM);
}

/* A job that lives longer than a moment may live for days, and its guard does nothing meanwhile. */
static void wait_for_supervisor(struct watch *watch)
{
	int patience_ms = TRIM_AFTER_MS;
	while (!watch->ended) {
		struct pollfd ready[] = {{.fd = watch->signals, .events = POLLIN},
		                         {.fd = watch->owner, .events = POLLIN}};
		int polled = poll(ready, 2, patience_ms);
		if (polled < 0) { /* EINTR, or no memory in the kernel for a moment */
			reap(watch);
			continue;
		}
		if (polled == 0) {
			memory_trim();
			patience_ms = -1;
		}
		if ((ready[0].revents & POLLIN) != 0)
			take_signal(watch);
		if (!watch->ended && watch->owner >= 0 && (ready[1].revents & POLLIN) != 0)
			owner_ended(watch);
	}
}

/* True when no child is left, alive or dead. */
static bool reap_all(void)
{
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid < 0 && errno == ECHILD;
}

static uint32_t clear_all(void)
{
	for (int round = 0; round < CLEAR_ROUNDS_MAX && !reap_all(); round++) {
		descendants_kill(0);
		if (reap_all())
			return 0;
		poll(NULL, 0, CLEAR_ROUND_MS);
	}
	if (reap_all())
		return 0;
	struct process_list left = {0};
	descendants_list(&left, 0);
	uint32_t count = left.count;
	process_list_finish(&left);
	return count;
}

static int supervisor_lost(int status)
{
	char text[256];
	uint32_t survivors = clear_all();
	snprintf(text, sizeof text,
	         "muster: its supervising process was killed by signal %d (SIG%s): the job is lost, its ranks were "
	         "killed\n"
	         "muster: survivors: %u\n",
	         WTERMSIG(status), sigabbrev_np(WTERMSIG(status)), survivors);
	patient_say(text);
	return 125;
}

static int fork_failed(const struct watch *watch, int code, struct error *err)
{
	close(watch->signals);
	if (watch->owner >= 0)
		close(watch->owner);
	return error_set(err, -code, "cannot make the supervising process: fork: %s%s", strerror(code),
	                 code == EAGAIN ? ": no more processes are allowed (RLIMIT_NPROC, ulimit -u)" : "");
}

static int watch_owner(struct watch *watch, struct error *err)
{
	watch->owner = (int)syscall(SYS_pidfd_open, getppid(), 0);
	if (watch->owner >= 0)
		return 0;
	return error_set(err, -errno,
	                 "daemon: the process that started muster cannot be watched%s: %s: leave daemon out",
	                 getppid() == 0 ? ", it is outside this container" : "", strerror(errno));
}

int guard_run(const struct guarded *guarded, struct error *err)
{
	struct watch watch = {.owner = -1};
	pid_t self = getpid();
	watch.signals = signals_open();
	if (watch.signals < 0)
		return error_set(err, watch.signals, "cannot listen to signals: %s", strerror(-watch.signals));
	int rc = guarded->stop_with_owner ? watch_owner(&watch, err) : 0;
	if (rc < 0) {
		close(watch.signals);
		return rc;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	watch.supervisor = fork();
	if (watch.supervisor < 0)
		return fork_failed(&watch, errno, err);
	if (watch.supervisor == 0)
		be_supervisor(guarded, self);
	wait_for_supervisor(&watch);
	close(watch.signals);
	if (watch.owner >= 0)
		close(watch.owner);
	return WIFEXITED(watch.status) ? WEXITSTATUS(watch.status) : supervisor_lost(watch.status);
}
