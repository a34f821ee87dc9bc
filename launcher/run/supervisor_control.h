/* SPDX-License-Identifier: MIT
 *
 * supervisor_control: what somebody who talks to a running job may see of it and ask of it. All calls are those of the
 * loop's thread, between two events.
 */
#ifndef MUSTER_RUN_SUPERVISOR_CONTROL_H
#define MUSTER_RUN_SUPERVISOR_CONTROL_H

#include "run/job_result.h"

#include <stdint.h>
#include <sys/types.h>

struct index_set;
struct supervisor;

/* Borrowed, until the next event. */
struct job_state {
	const char *name;                /* of the group's state: "running" */
	const struct job_result *result; /* as far as it is known */
	const pid_t *pids;               /* by local rank; 0: it does not run */
	uint32_t running;
	int64_t elapsed_ns;
};

struct job_state supervisor_look(const struct supervisor *s);

/* What a rank that runs waits for just now, as far as libmuster tells. */
struct rank_wait supervisor_rank_wait(const struct supervisor *s, uint32_t local_rank);

/* Asks the ranks to stop, and kills them after `grace_ms` (negative: the spec's). Once more: with another grace from
 * now on. */
void supervisor_stop(struct supervisor *s, int64_t grace_ms);

/* Sends a signal to the processes of these local ranks (NULL: all), as far as they run; returns to how many. */
uint32_t supervisor_signal(struct supervisor *s, int signal, const struct index_set *ranks);

#endif
