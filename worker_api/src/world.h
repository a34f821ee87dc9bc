/* SPDX-License-Identifier: MIT
 *
 * world: a set of ranks as one of them sees it; the handle behind muster_world. Private to the thread that uses it, but
 * for what it points to in the segment.
 */
#ifndef MUSTER_LIBRARY_WORLD_H
#define MUSTER_LIBRARY_WORLD_H

#include "segment.h"

#include <muster/base.h>
#include <muster/error.h>

#include <stdbool.h>
#include <stdint.h>

enum world_state { WORLD_OPEN = 1, WORLD_BUSY, WORLD_FINALIZED };

/* Which of a world's ranks a wait needs, beside a rank. */
enum { ALL_MEMBERS = -1, NOBODY = -2 };

struct muster_world {
	/* enum world_state, on a page that a fork()ed child finds empty (MADV_WIPEONFORK): 0 there. */
	_Atomic uint32_t *state;
	struct segment *segment;
	uint32_t rank;
	uint32_t size;
	uint32_t *job_ranks; /* of the members; NULL: the same */
	uint32_t id;         /* group_header.serial: the same on every member, never used twice in a job */
	bool crowded;        /* some member shares its hardware thread with another */

	/* the group's area */
	struct group_layout layout;
	struct group_header *group;
	struct group_domain *domains;
	struct group_domain *gate_domains;
	char *members;
	struct group_member *me;
	uint32_t my_domain;
	uint32_t domain_size; /* members of it */

	/* the barrier */
	uint32_t generation;
	uint32_t passed;  /* the last generation that was passed, and 1 */
	uint32_t arrival; /* how many had come before me the last time: what it is likely to be again */
	uint32_t gate_generation;
	uint32_t gate_arrival;

	/* No member had ended, and the group was not broken, when header.events was this. */
	uint32_t quiet_events;

	struct steps *steps;           /* of collectives; made by the first */
	muster_world *next_open;       /* of the segment's list */
	struct muster_failure failure; /* of the last call that failed */
	bool failure_noted;            /* by the call that is going on */
	struct muster_failure earlier; /* what that call found there */
};

static inline struct group_member *world_member(const muster_world *world, uint32_t member)
{
	return (struct group_member *)(world->members + member * world->layout.member_stride);
}

static inline uint32_t world_job_rank(const muster_world *world, uint32_t member)
{
	return world->job_ranks == NULL ? member : world->job_ranks[member];
}

static inline struct segment_rank *world_rank(const muster_world *world, uint32_t member)
{
	return &world->segment->ranks[world_job_rank(world, member)];
}

/* Why the world cannot be used now: forked, busy, finalized, NULL. */
int world_refuse(const muster_world *world);

/* Begins and ends every call of the library on a world. */
static inline int world_enter(muster_world *world)
{
	if (world == NULL || atomic_load_explicit(world->state, memory_order_relaxed) != WORLD_OPEN)
		return world_refuse(world);
	atomic_store_explicit(world->state, WORLD_BUSY, memory_order_relaxed);
	world->failure_noted = false;
	return 0;
}

/* What muster_failure_of says of the call that is going on, which fails. */
static inline void world_note_failure(muster_world *world, const struct muster_failure *failure)
{
	if (!world->failure_noted)
		world->earlier = world->failure;
	world->failure = *failure;
	world->failure_noted = true;
}

/* The same, of a code and a member of the world, or -1: nobody's. */
static inline void world_note(muster_world *world, int code, int member)
{
	world_note_failure(world, &(struct muster_failure){.code = code, .rank = member});
}

static inline int world_leave(muster_world *world, int rc)
{
	if (rc < 0 && !world->failure_noted)
		world_note(world, rc, -1);
	else if (rc >= 0 && world->failure_noted) /* it was giving up when it succeeded */
		world->failure = world->earlier;
	atomic_store_explicit(world->state, WORLD_OPEN, memory_order_relaxed);
	return rc;
}

/* A world of `size` members over a group area at `offset` of the segment; takes job_ranks (may be NULL). */
int world_create(struct segment *segment, uint32_t rank, uint32_t size, uint32_t *job_ranks, uint64_t offset,
                 const struct group_layout *layout, muster_world **made);
void world_destroy(muster_world *world);

/* Whether the world of this id is one that this rank has freed: what is sent to it there is nobody's any more. */
bool world_is_over(const struct segment *segment, uint32_t id);

#endif
