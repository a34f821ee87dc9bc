/* SPDX-License-Identifier: MIT
 *
 * exceptions: which entries of the spec's `ranks` list hold for a rank. Made once, so that 65,536 ranks do not each
 * search all entries. The later entry wins, so it comes first here.
 *
 *     for (const struct exception_link *link = exceptions_of(&index, rank); link != NULL; link = link->earlier)
 *             use(&spec->ranks[link->entry]);
 */
#ifndef MUSTER_PLAN_EXCEPTIONS_H
#define MUSTER_PLAN_EXCEPTIONS_H

#include "base/index_set.h"

#include <stdint.h>

struct arena;
struct job_spec;

struct exception_link {
	uint32_t entry; /* index into spec->ranks */
	const struct exception_link *earlier;
};

struct exception_index {
	const struct exception_link **latest; /* by local rank; NULL: the spec has no exceptions at all */
};

/* `first_rank` is the global number of local rank 0: entries name global ranks. */
void exceptions_make(struct exception_index *index, struct arena *arena, const struct job_spec *spec,
                     uint32_t first_rank, uint32_t nprocs);

const struct exception_link *exceptions_of(const struct exception_index *index, uint32_t local_rank);

/* Ranks that an entry names although the job has none of that number. The caller finishes the set. */
void exceptions_beyond(struct index_set *beyond, const struct job_spec *spec, uint32_t world_size);

#endif
