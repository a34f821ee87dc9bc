/* SPDX-License-Identifier: MIT
 *
 * rank_fate: see rank_fate.h.
 */
#include "report/rank_fate.h"

#include "run/job_result.h"

enum rank_fate rank_fate(const struct job_result *result, uint32_t local_rank)
{
	const struct rank_result *rank = &result->ranks[local_rank];
	if (rank->end == RANK_NOT_STARTED)
		return FATE_NEVER_STARTED;
	if (rank->end == RANK_LOST)
		return FATE_LOST;
	if (local_rank == result->first_failure)
		return FATE_FAILED;
	if (rank->killed)
		return FATE_KILLED;
	if (rank->stopped)
		return FATE_STOPPED;
	if (rank->end == RANK_EXITED && rank->exit_code == 0)
		return FATE_WELL;
	return rank->in_wake ? FATE_FAILED_IN_WAKE : FATE_FAILED;
}

/* The order of ends; of ranks without one, their own. */
static uint64_t order_of(const struct job_result *result, uint32_t rank)
{
	return (uint64_t)result->ranks[rank].death_order << 32 | rank;
}

uint32_t rank_fate_next(const struct job_result *result, enum rank_fate fate, uint32_t after)
{
	uint32_t best = NO_RANK;
	for (uint32_t rank = 0; rank < result->nprocs; rank++) {
		if (rank == result->first_failure || rank_fate(result, rank) != fate)
			continue;
		if (after != NO_RANK && order_of(result, rank) <= order_of(result, after))
			continue;
		if (best == NO_RANK || order_of(result, rank) < order_of(result, best))
			best = rank;
	}
	return best;
}

uint32_t rank_fate_count(const struct job_result *result, enum rank_fate fate)
{
	uint32_t count = 0;
	for (uint32_t rank = 0; rank < result->nprocs; rank++)
		count += rank != result->first_failure && rank_fate(result, rank) == fate;
	return count;
}

uint32_t rank_fate_count_well_before(const struct job_result *result)
{
	uint32_t count = 0;
	for (uint32_t rank = 0; rank < result->nprocs; rank++)
		if (rank_fate(result, rank) == FATE_WELL)
			count += result->first_failure == NO_RANK ||
			         result->ranks[rank].death_order < result->ranks[result->first_failure].death_order;
	return count;
}
