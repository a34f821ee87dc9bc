/* SPDX-License-Identifier: MIT
 *
 * take_cores: placing a job around what other jobs of this host hold, and holding what it was given, in one step that
 * no other job comes between; or waiting for that.
 */
#ifndef MUSTER_COMMANDS_TAKE_CORES_H
#define MUSTER_COMMANDS_TAKE_CORES_H

#include "run/verdict.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct core_lease;
struct error;
struct job_spec;
struct machine;
struct placement;

struct core_taking {
	const struct job_spec *spec;
	struct machine *machine; /* its holders are set here */
	const char *job_id;
	const char *outer_jobs; /* as outer_jobs() gives it */
	pid_t owner;            /* the parent with which a daemon ends */
	bool quiet;
	bool verbose;
};

/* What became of a wait for cores. Zeros: there was none. */
struct core_wait {
	int64_t ms;              /* how long it was */
	enum job_cause ended_by; /* CAUSE_STOPPED, CAUSE_TIME_LIMIT; CAUSE_NONE: it came to its own end */
	int stop_signal;
};

/* The placement, and the lease that goes with it; `lease` holds nothing where nothing is to be held, or cannot be.
 * Waits as the spec says, and tells the user for whom; a signal that asks muster to stop, and the end of the job's
 * time, are errors then. `wait` is continued where it says that there was one. */
int take_cores(struct placement *placement, struct core_lease *lease, const struct core_taking *taking,
               struct core_wait *wait, struct error *err);

/* For a plan: who holds what now. Where that cannot be seen, nobody does. */
void look_at_cores(struct machine *machine, const struct job_spec *spec);

/* Ids of the jobs that this process is a rank of, or of a rank's offspring: what they hold is its own. From the
 * environment; NULL: none. */
char *outer_jobs(void);

#endif
