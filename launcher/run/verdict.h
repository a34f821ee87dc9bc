/* SPDX-License-Identifier: MIT
 *
 * verdict: what the ends of the ranks mean for the job: whose fault, which exit code, whether to start again. Pure
 * functions, so that tables can test them.
 */
#ifndef MUSTER_RUN_VERDICT_H
#define MUSTER_RUN_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

struct failure_spec;
struct job_result;
struct rank_result;

/* Why the job is over; what came first stays. */
enum job_cause {
	CAUSE_NONE, /* every rank ended by itself */
	CAUSE_RANK_FAILED,
	CAUSE_START_FAILED, /* muster could not start a rank */
	CAUSE_STOPPED,      /* a signal to muster */
	CAUSE_TIME_LIMIT,
	CAUSE_GUARD_GONE,
};

/* Did this rank fail by itself: not 0, and not because muster had asked it to stop? */
bool rank_failed(const struct rank_result *rank);

/* 1-127 or 128 + signal; 126 and 127 for a command that could not be executed, 125 for another step. */
int rank_exit_code(const struct rank_result *rank);

/* Sets outcome and exit_code from what the result holds. */
void verdict_decide(struct job_result *result, enum job_cause cause);

/* The budget of restarts over the life of a job. */
struct restart_budget {
	uint32_t used;      /* since the last healthy incarnation */
	int64_t backoff_ms; /* of the next one */
};

/* One that is planned. */
struct restart {
	uint32_t number;    /* of all, from 1 */
	uint32_t of_budget; /* of those since the group last was healthy, from 1 */
	int64_t wait_ms;
};

void restart_budget_init(struct restart_budget *budget, const struct failure_spec *failure);

/* May the group be started once more after an incarnation that lived `lived_ms`? Then *wait_ms is set and the budget is
 * charged. */
bool restart_budget_take(struct restart_budget *budget, const struct failure_spec *failure, int64_t lived_ms,
                         int64_t *wait_ms);

#endif
