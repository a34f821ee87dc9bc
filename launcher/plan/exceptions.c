/* SPDX-License-Identifier: MIT
 *
 * exceptions: see exceptions.h.
 */
#include "plan/exceptions.h"

#include "base/arena.h"
#include "spec/job_spec.h"

void exceptions_make(struct exception_index *index, struct arena *arena, const struct job_spec *spec,
                     uint32_t first_rank, uint32_t nprocs)
{
	*index = (struct exception_index){0};
	if (spec->ranks_count == 0)
		return;
	index->of_rank = arena_alloc_array(arena, nprocs, sizeof *index->of_rank);
	for (uint32_t entry = 0; entry < spec->ranks_count; entry++)
		for (index_set_each(&spec->ranks[entry].ranks, rank))
			if (rank >= first_rank && rank - first_rank < nprocs)
				index->of_rank[rank - first_rank] = &spec->ranks[entry];
}

const struct rank_exception *exception_of(const struct exception_index *index, uint32_t local_rank)
{
	return index->of_rank == NULL ? NULL : index->of_rank[local_rank];
}

void exceptions_beyond(struct index_set *beyond, const struct job_spec *spec, uint32_t world_size)
{
	for (uint32_t entry = 0; entry < spec->ranks_count; entry++) {
		const struct index_set *named = &spec->ranks[entry].ranks;
		uint32_t rank = world_size == 0 ? index_set_first(named) : index_set_next(named, world_size - 1);
		for (; rank != INDEX_SET_NONE; rank = index_set_next(named, rank))
			index_set_add(beyond, rank);
	}
}
