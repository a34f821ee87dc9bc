/* SPDX-License-Identifier: MIT
 *
 * guard: two processes above the supervisor, for the case that muster itself is killed.
 *
 * `muster run` is the guard: the process that the shell knows, small, in the caller's process group, a subreaper. Its
 * child is the warden, a subreaper too, in a session of its own and under another name, so that who kills every
 * "muster" in despair does not kill it. The warden's child is the supervisor, in its own session. Signals that the
 * guard gets go down the chain, once each.
 *
 * Any two of the three may be killed at the same instant. What was below the supervisor comes to the warden when the
 * supervisor is killed, to the guard when the warden is too; who gets it, kills it. The end of a warden or a guard is
 * told by the kernel to those below (SIGNAL_GUARD_DIED), and the supervisor ends the job. Ranks die with the supervisor
 * in any case (PR_SET_PDEATHSIG).
 */
#ifndef MUSTER_RUN_GUARD_H
#define MUSTER_RUN_GUARD_H

#include "run/job_result.h"

#include <stdint.h>
#include <sys/types.h>

struct error;
struct guards;
struct job_cgroup;

/* As ps and pkill show the warden; it must not contain "muster". */
#define WARDEN_NAME "job-warden"

enum { GUARD_KEEPS = 2 };

struct supervisor_loss {
	const char *why;
	uint32_t survivors; /* processes of the job that are alive */
	uint32_t restarts;
};

struct guarded {
	/* In the supervisor: tidies, and returns the exit code. */
	int (*supervise)(void *context, const struct guards *guards);
	/* In the warden, or else in the guard, when the supervisor is lost; or NULL. */
	void (*lost)(void *context, const struct supervisor_loss *loss);
	/* In either, when it is lost after all was told of how the job went; or NULL. */
	void (*told)(void *context, enum job_outcome outcome, int exit_code);
	/* In either, when the supervisor did not: removes what outlives them; or NULL. */
	void (*tidy)(void *context);
	/* In the guard, once the job has lived for a moment; or NULL. */
	void (*at_leisure)(void *context);
	/* In guard and warden, then: gives back memory that only the supervisor needs; or NULL. */
	void (*let_go)(void *context);
	void *context;
	int owner; /* daemon: pidfd of the process whose end stops the job, taken over; 0: it is not stopped with any */
	/* Open as long as any of the three lives, as locks must be; 0: none. Closed in this order, unless guard_run
	 * fails: who sees the last one go finds the others gone. */
	int keeps[GUARD_KEEPS];
	const struct job_cgroup *cgroup; /* may be empty */
	int64_t patience_ms;   /* a supervisor that was to end and is held (SIGSTOP, a tracer) is killed after it */
	int64_t time_limit_ms; /* when it is to end at the latest; 0: whenever it likes */
};

/* A pidfd of this process's parent, for `owner`; negative where it cannot be watched, or is not the one that it was
 * when muster began: then the owner has ended. */
int guard_open_owner(pid_t parent, struct error *err);

/* Returns the exit code in the guard; never returns in the others. Negative: a process could not be made; nothing was
 * started then. */
int guard_run(const struct guarded *guarded, struct error *err);

#endif
