/* SPDX-License-Identifier: MIT
 *
 * muster/memory.h: memory that all ranks of the job can reach, in the job's shared segment.
 *
 * Messages and collectives use such memory in place, without a copy in between. An offset means the same memory on
 * every rank, wherever the segment is mapped there.
 *
 * Lock-free, and safe against the death of a rank at any instant: what a dead rank held, or was just taking, giving
 * back or joining, is lost until the job ends, nothing else. How much there is says `shared_memory` in the spec
 * (muster-spec(5)); memory costs what is touched.
 */
#ifndef MUSTER_MEMORY_H
#define MUSTER_MEMORY_H

#include <muster/base.h>

MUSTER_BEGIN

/* Memory of this rank's own, aligned to 64 bytes (from 4 KiB on to pages), not zeroed; NULL when there is none left, or
 * `bytes` is 0. Any number of threads and ranks at once. */
MUSTER_API void *muster_alloc(muster_world *world, size_t bytes);

/* One piece of memory for all ranks of the world together, zeroed: all call it with the same size and get the same
 * place, or none does: a failure is one for all. A collective (muster/collective.h); freed by one rank. */
MUSTER_API int muster_alloc_shared(muster_world *world, size_t bytes, void **memory, int timeout_ms);

/* Gives back what muster_alloc or muster_alloc_shared gave, on this rank or another. NULL is fine. */
MUSTER_API void muster_free(muster_world *world, void *memory);

/* Where memory of the segment is, in a form that other ranks understand; 0 when it is not in the segment. */
MUSTER_API uint64_t muster_offset(const muster_world *world, const void *memory);

/* The other way; NULL when the offset lies outside of the segment. */
MUSTER_API void *muster_at(const muster_world *world, uint64_t offset);

MUSTER_END

#endif
