/* SPDX-License-Identifier: MIT
 *
 * muster/barrier.h: all ranks of a world wait until all have come.
 *
 * Everybody or nobody: the n-th barrier of a world has one outcome for every rank that calls it, now or later.
 *
 *     0               all have come
 *     -ETIMEDOUT      somebody's time limit passed; muster_failure_of(world)->missing lists who had not come
 *     MUSTER_EGONE    a rank failed before all had come; ->rank, ->signal, ->exit_code say who and how
 *     MUSTER_ELEFT    a rank left (finalize, exit 0) before all had come
 *
 * After a time-out the world goes on: a rank that comes late to a barrier that was given up gets -ETIMEDOUT at once,
 * and the next barrier is a new one for all. After the end of a rank every barrier fails.
 *
 * How long each rank waited, and who came last how often, is in the job's report.
 *
 * Source: a central counter with generation (J. Mellor-Crummey and M. Scott, Algorithms for Scalable Synchronization on
 * Shared-Memory Multiprocessors, 1991), combined along shared caches when muster hands over more than one.
 */
#ifndef MUSTER_BARRIER_H
#define MUSTER_BARRIER_H

#include <muster/base.h>

MUSTER_BEGIN

/* `label` (NULL: none) names the barrier in reports and error texts; its first 39 bytes count. */
MUSTER_API int muster_barrier(muster_world *world, int timeout_ms, const char *label);

MUSTER_END

#endif
