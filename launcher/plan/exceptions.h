/* SPDX-License-Identifier: MIT
 *
 * exceptions: which entry of the spec's `ranks` list holds for a rank. No rank is in two of them (spec_check.c). Found
 * once, so that 65,536 ranks do not each search all entries.
 */
#ifndef MUSTER_PLAN_EXCEPTIONS_H
#define MUSTER_PLAN_EXCEPTIONS_H

#include "base/index_set.h"

#include <stdint.h>

struct arena;
struct job_spec;
struct rank_exception;

struct exception_index {
	const struct rank_exception **of_rank; /* by local rank; NULL: the spec has no exceptions at all */
};

/* `first_rank` is the global number of local rank 0: entries name global ranks. */
void exceptions_make(struct exception_index *index, struct arena *arena, const struct job_spec *spec,
                     uint32_t first_rank, uint32_t nprocs);

/* NULL: none names the rank. */
const struct rank_exception *exception_of(const struct exception_index *index, uint32_t local_rank);

/* Ranks that an entry names although the job has none of that number. The caller finishes the set. */
void exceptions_beyond(struct index_set *beyond, const struct job_spec *spec, uint32_t world_size);

#endif
