/* SPDX-License-Identifier: MIT
 *
 * guard: the second process, for the case that the first is killed.
 *
 * `muster run` is the guard: the process that the shell knows, small, in the caller's process group, a subreaper. Its
 * child is the supervisor, in a session of its own. Signals that the guard gets go on to the supervisor, once each.
 * When the supervisor is killed, everything that was below it comes to the guard, which kills it; when the guard is
 * killed, the kernel tells the supervisor (SIGNAL_GUARD_DIED), which ends the job. Ranks die with the supervisor in any
 * case (PR_SET_PDEATHSIG).
 */
#ifndef MUSTER_RUN_GUARD_H
#define MUSTER_RUN_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

struct error;

struct guarded {
	int (*supervise)(void *context, pid_t guard); /* in the child; returns the exit code */
	void *context;
	bool stop_with_owner; /* daemon: the job is stopped when the guard's parent ends */
};

/* Returns the exit code in the guard; never returns in the child. Negative: no second process could be made, or the
 * owner cannot be watched; nothing was started then. */
int guard_run(const struct guarded *guarded, struct error *err);

#endif
