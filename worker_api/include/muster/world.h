/* SPDX-License-Identifier: MIT
 *
 * muster/world.h: who I am, and with whom.
 *
 * muster_init once at the start, muster_finalize at the end; what is between may use the world. A rank's worlds, the
 * first and those split from it, belong to one thread at a time: others may use them after that thread has handed them
 * over (two at once on one world: MUSTER_EBUSY where it is noticed). The thread that called muster_init must live as
 * long as the rank: its end is taken for the rank's.
 *
 * A child made by fork() has no world: every call returns MUSTER_EFORKED. A program that the rank starts with exec is
 * no rank either, but the process that muster started may be a wrapper (a shell, Python) around the one that calls
 * muster_init, as long as it leaves the descriptor MUSTER_FD open.
 */
#ifndef MUSTER_WORLD_H
#define MUSTER_WORLD_H

#include <muster/base.h>

MUSTER_BEGIN

/* Joins the job that this process was started for. Outside of muster the world is this one rank, and all calls work.
 * Ranks do not wait for one another here. Where Yama guards memory (kernel.yama.ptrace_scope 1), the ranks of the job
 * are let to read this process's, by prctl(PR_SET_PTRACER); see libmuster(7).
 *
 * -ENOENT is never returned for a missing environment, MUSTER_EENVIRONMENT for a damaged one; MUSTER_ELAYOUT when this
 * library does not fit the muster that runs the job; -EALREADY when this process, or another one as the same rank,
 * called it before; -ENOMEM. muster_error_text() says what and what to do. */
MUSTER_API int muster_init(muster_world **world);

/* For tests and tools: becomes `rank` of the segment behind `segment_fd`, whatever the environment says. Several ranks
 * may live in one process, each in a thread of its own, which calls this. The descriptor stays the caller's. */
MUSTER_API int muster_attach(int segment_fd, int rank, muster_world **world);

/* Leaves, as exit(0) does, too. Others who wait for this rank get MUSTER_ELEFT, so that a rank should leave only when
 * all its peers have what they need of it; nothing is waited for. Worlds made by muster_split are freed with
 * muster_world_free before. NULL is fine. Afterwards `world` and all that muster_alloc gave are gone. */
MUSTER_API int muster_finalize(muster_world *world);

/* 0-based; never fail, but with -EINVAL where there is no world: NULL. */
MUSTER_API int muster_rank(const muster_world *world);
MUSTER_API int muster_size(const muster_world *world);

/* Of the job, whatever world is asked; from the environment that muster gave. */
MUSTER_API int muster_local_rank(const muster_world *world);
MUSTER_API int muster_local_size(const muster_world *world);
MUSTER_API int muster_node_rank(const muster_world *world);
MUSTER_API int muster_node_count(const muster_world *world);
MUSTER_API int muster_restart_count(const muster_world *world);  /* 0: the first attempt */
MUSTER_API const char *muster_job_id(const muster_world *world); /* "" outside of muster */
MUSTER_API const char *muster_job_name(const muster_world *world);
MUSTER_API const char *muster_cpus(const muster_world *world); /* as in "0-3,8"; "" when not bound */

/* Splits a world into smaller ones: ranks that give the same colour (>= 0) come together, ordered by key, then by rank.
 * A rank that gives a negative colour gets NULL. All ranks of `world` call it, and either all get what they asked for
 * or none does: a failure is every rank's, so that nobody waits in a part for ranks that have none. On failure as
 * collectives, see muster/collective.h; -ENOMEM when the job's segment is full (`shared_memory` in the spec). */
MUSTER_API int muster_split(muster_world *world, int colour, int key, muster_world **part, int timeout_ms);

/* Frees a world that muster_split made; its ranks need not do so at the same time. What others send to a rank that has
 * freed it goes nowhere, and is to them as if it had been received. NULL is fine. */
MUSTER_API void muster_world_free(muster_world *part);

/* The rank in the job of a rank of this world; -EINVAL when there is none, MUSTER_EFINALIZED of a freed world. */
MUSTER_API int muster_job_rank(const muster_world *world, int rank);

MUSTER_END

#endif
