/* SPDX-License-Identifier: MIT
 *
 * guard: see guard.h.
 */
#include "run/guard.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/patient_write.h"
#include "run/descendants.h"
#include "run/guard_watch.h"
#include "run/job_cgroup.h"
#include "run/process_title.h"
#include "run/signals.h"
#include "spec/units.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLEAR_ROUND_MS = 20, CLEAR_ROUNDS_MAX = 250, QUIET_ROUNDS = 10, WARDEN_FIRST_MS = 3000 };

bool guards_stand(const struct guards *guards)
{
	return getppid() == guards->warden && guards->page->guard_ended == 0;
}

/* --- when the supervisor is lost --- */

/* True when no child is left, alive or dead. */
static bool reap_all(void)
{
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid < 0 && errno == ECHILD;
}

static bool is_clear(const struct job_cgroup *cgroup)
{
	return reap_all() && job_cgroup_is_empty(cgroup);
}

static uint32_t count_alive(const struct job_cgroup *cgroup)
{
	struct process_list left = {0};
	descendants_list(&left, 0);
	uint32_t in_group = job_cgroup_count(cgroup);
	uint32_t count = left.count > in_group ? left.count : in_group;
	process_list_finish(&left);
	return count;
}

/* A dead child that a tracer keeps from being reaped is no survivor: some rounds in which nobody else is seen will do.
 */
static uint32_t clear_all(const struct job_cgroup *cgroup)
{
	int quiet = 0;
	for (int round = 0; round < CLEAR_ROUNDS_MAX && quiet < QUIET_ROUNDS && !is_clear(cgroup); round++) {
		job_cgroup_kill(cgroup);
		bool none = descendants_kill(0) == 0 && descendants_visible() && job_cgroup_is_empty(cgroup);
		if (is_clear(cgroup))
			return 0;
		quiet = none ? quiet + 1 : 0;
		poll(NULL, 0, CLEAR_ROUND_MS);
	}
	return is_clear(cgroup) ? 0 : count_alive(cgroup);
}

static int supervisor_lost(const struct guarded *guarded, const struct guards_page *page, int status, bool was_held)
{
	char how[96], why[256], text[320], name[UNIT_TEXT_BYTES];
	const struct supervisor_loss loss = {
		.why = why, .survivors = clear_all(guarded->cgroup), .restarts = page->restarts};
	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "%swas killed by signal %d (%s)",
		         was_held ? "was to end, but was held by SIGSTOP or a tracer, and " : "", WTERMSIG(status),
		         signal_format(WTERMSIG(status), name));
	else
		snprintf(how, sizeof how, "could not go on (exit code %d)", WEXITSTATUS(status));
	snprintf(why, sizeof why, "its supervising process %s: the job is lost, its ranks were killed", how);
	snprintf(text, sizeof text, "muster: %s\nmuster: survivors: %u\n", why, loss.survivors);
	patient_say(text);
	if (guarded->lost != NULL)
		guarded->lost(guarded->context, &loss);
	return EXIT_MUSTER;
}

/* A supervisor that ran out of memory exits too, in the middle of things: then the job is lost all the same; not when
 * all was told that there is to tell. */
static int end_of(const struct guarded *guarded, const struct guard_watch *watch)
{
	const struct guards_page *page = watch->guards.page;
	if (WIFEXITED(watch->status) && page->tidied != 0)
		return WEXITSTATUS(watch->status);
	if (page->told == 0)
		return supervisor_lost(guarded, page, watch->status, watch->was_held);
	clear_all(guarded->cgroup);
	if (guarded->told != NULL)
		guarded->told(guarded->context, (enum job_outcome)page->outcome, page->told - 1);
	return page->told - 1;
}

/* By whoever comes first to the end; the supervisor did so in its own way. */
static void tidy_once(const struct guarded *guarded, const struct guards *guards)
{
	if (guarded->tidy != NULL && guards->page->tidied == 0)
		guarded->tidy(guarded->context);
	guards->page->tidied = 1;
}

/* In their order: of what a process has open at its end, the kernel lets go in an order of its own. */
static void let_go_of_keeps(const struct guarded *guarded)
{
	for (size_t i = 0; i < GUARD_KEEPS; i++)
		if (guarded->keeps[i] > 0)
			close(guarded->keeps[i]);
}

/* --- the supervisor --- */

static _Noreturn void be_supervisor(const struct guarded *guarded, const struct guards *guards)
{
	prctl(PR_SET_PDEATHSIG, SIGNAL_GUARD_DIED);
	if (getppid() != guards->warden)
		_exit(EXIT_MUSTER);
	guards->page->supervisor = getpid(); /* the warden may be killed before it says so */
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int code = guarded->supervise(guarded->context, guards);
	guards->page->tidied = 1;
	fflush(NULL);
	let_go_of_keeps(guarded);
	_exit(code);
}

/* --- the warden --- */

static int rising(const void *one, const void *other)
{
	return *(const int *)one - *(const int *)other;
}

/* What it inherited and has no use for would stay open, or busy, for as long as it lives. */
static void drop_descriptors(const struct guarded *guarded, struct guard_watch *watch)
{
	int kept[1 + GUARD_KEEPS] = {watch->signals};
	unsigned next = STDERR_FILENO + 1;
	memcpy(kept + 1, guarded->keeps, sizeof guarded->keeps);
	qsort(kept, 1 + GUARD_KEEPS, sizeof *kept, rising);
	watch->owner = -1;
	for (size_t i = 0; i < 1 + GUARD_KEEPS; i++) {
		if (kept[i] < (int)next)
			continue;
		if (kept[i] > (int)next)
			descriptors_close(next, (unsigned)kept[i] - 1);
		next = (unsigned)kept[i] + 1;
	}
	descriptors_close(next, ~0U);
}

static _Noreturn void be_warden(const struct guarded *guarded, struct guard_watch *watch)
{
	struct guards *guards = &watch->guards;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	guards->warden = getpid();
	watch->is_warden = true;
	watch->below = fork();
	if (watch->below == 0)
		be_supervisor(guarded, guards);
	if (watch->below < 0) {
		guards->page->fork_errno = errno;
		_exit(EXIT_MUSTER);
	}
	guards->page->supervisor = watch->below;
	/* The supervisor is on its way: only now what the job need not wait for. */
	prctl(PR_SET_PDEATHSIG, SIGNAL_GUARD_DIED);
	setsid();
	process_title_set(WARDEN_NAME);
	drop_descriptors(guarded, watch);
	if (getppid() != guards->guard)
		raise(SIGNAL_GUARD_DIED);
	guard_watch_wait(watch);
	int code = end_of(guarded, watch);
	tidy_once(guarded, guards);
	let_go_of_keeps(guarded);
	_exit(code);
}

/* --- the guard --- */

int guard_open_owner(pid_t parent, struct error *err)
{
	int owner = (int)syscall(SYS_pidfd_open, parent, 0);
	int code = owner < 0 ? errno : 0;
	if (getppid() != parent) { /* after it was opened: whoever has its number now is a stranger */
		if (owner >= 0)
			close(owner);
		return error_set_key(err, -ESRCH, "daemon", "the process that started muster has ended");
	}
	if (owner >= 0)
		return owner;
	return error_set_key(err, -code, "daemon",
	                     "the process that started muster cannot be watched%s: %s: leave daemon out",
	                     parent == 0 ? ", it is outside this container" : "", strerror(code));
}

static int fork_failed(int code, struct error *err)
{
	return error_set(err, -code, "cannot make the supervising process: fork: %s%s", strerror(code),
	                 code == EAGAIN ? ": no more processes are allowed, by RLIMIT_NPROC (ulimit -u) or "
	                                  "the cgroup's pids.max"
	                                : "");
}

static int prepare(struct guard_watch *watch, struct error *err)
{
	watch->signals = signals_open();
	if (watch->signals < 0)
		return error_set(err, watch->signals, "cannot listen to signals: %s", strerror(-watch->signals));
	void *page = mmap(NULL, sizeof *watch->guards.page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return error_set(err, -errno, "no memory for the supervising process: %s", strerror(errno));
	watch->guards.page = page;
	return 0;
}

/* Without descriptors for it, stops are read like any other signal. */
static void part_stops(struct guard_watch *watch)
{
	int others = signals_open_apart(&watch->stops);
	if (others < 0)
		return;
	close(watch->signals);
	watch->signals = others;
}

static void finish(const struct guard_watch *watch)
{
	if (watch->guards.page != NULL)
		munmap(watch->guards.page, sizeof *watch->guards.page);
	if (watch->signals >= 0)
		close(watch->signals);
	if (watch->stops >= 0)
		close(watch->stops);
	if (watch->owner >= 0)
		close(watch->owner);
	if (watch->supervisor >= 0)
		close(watch->supervisor);
}

int guard_run(const struct guarded *guarded, struct error *err)
{
	struct guard_watch watch = {.guards = {.guard = getpid()},
	                            .let_go = guarded->let_go,
	                            .context = guarded->context,
	                            .patience_ms = guarded->patience_ms,
	                            .signals = -1,
	                            .stops = -1,
	                            .supervisor = -1,
	                            .owner = guarded->owner > 0 ? guarded->owner : -1,
	                            .held_switches = -1};
	if (guarded->time_limit_ms > 0)
		watch.told_ns = clock_ns() + guarded->time_limit_ms * 1000000;
	int rc = prepare(&watch, err);
	if (rc < 0) {
		finish(&watch);
		return rc;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	descendants_spare();
	fflush(NULL);
	watch.below = fork();
	if (watch.below == 0)
		be_warden(guarded, &watch);
	int failed = watch.below < 0 ? errno : 0;
	if (failed == 0) {
		part_stops(&watch);
		watch.patience_ms += WARDEN_FIRST_MS;
		watch.at_leisure = guarded->at_leisure;
		guard_watch_wait(&watch);
		failed = watch.guards.page->fork_errno;
	}
	int code = failed != 0 ? fork_failed(failed, err) : end_of(guarded, &watch);
	tidy_once(guarded, &watch.guards);
	if (code >= 0)
		let_go_of_keeps(guarded);
	finish(&watch);
	return code;
}
