/* SPDX-License-Identifier: MIT
 *
 * rank_fate: what became of ranks, seen from the end of the job: of one, and how many met with the same.
 */
#ifndef MUSTER_REPORT_RANK_FATE_H
#define MUSTER_REPORT_RANK_FATE_H

#include <stdint.h>

struct job_result;

enum rank_fate {
	FATE_WELL,           /* exit 0, not asked to */
	FATE_FAILED,         /* by itself: exit code, signal, could not be started */
	FATE_FAILED_IN_WAKE, /* by itself, but after the first failure */
	FATE_STOPPED,        /* by muster's stop signal */
	FATE_KILLED,         /* by muster's SIGKILL */
	FATE_LOST,           /* nobody saw it end */
	FATE_NEVER_STARTED,
};

enum rank_fate rank_fate(const struct job_result *result, uint32_t local_rank);

/* Both without the first failure, which is told apart. The next: the rank of that fate that ended next after `after`
 * (or any, when NO_RANK); NO_RANK: none. Ranks whose end has no order come last, by number. */
uint32_t rank_fate_count(const struct job_result *result, enum rank_fate fate);
uint32_t rank_fate_next(const struct job_result *result, enum rank_fate fate, uint32_t after);

/* Of ranks that ended well, those that did before the first failure; without one, all. */
uint32_t rank_fate_count_well_before(const struct job_result *result);

#endif
