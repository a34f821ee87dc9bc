/* SPDX-License-Identifier: MIT
 *
 * segment: this rank's view of the job's shared segment: mapped, checked, and attached to. One for each rank, shared by
 * the worlds that the rank has; few fields change after segment_join.
 */
#ifndef MUSTER_SEGMENT_H
#define MUSTER_SEGMENT_H

#include "segment_layout.h"

#include <muster/base.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How to wait: MUSTER_WAIT, or what the placement says. */
enum wait_mode { WAIT_SPIN, WAIT_YIELD, WAIT_BLOCK };

struct messages;

struct segment {
	char *base;
	size_t bytes;
	struct segment_header *header;
	struct segment_rank *ranks;
	struct segment_rank *me;
	struct segment_trace *trace; /* mine */
	uint32_t rank;
	uint32_t rank_count;
	enum wait_mode wait_mode;
	bool reads_memory;            /* process_vm_readv works, as far as one can know without trying */
	uint64_t token;               /* others read it out of this process's memory, to know that it is this process */
	uint32_t worlds;              /* that use it */
	_Atomic uint64_t heap_joined; /* see changes() of heap.c: what it came to when this rank joined free blocks */
	muster_world *open_worlds;    /* that use it */
	uint32_t newest_world;        /* the id of the last that was made */
	struct messages *messages;    /* NULL: none were sent or received */
};

/* Maps what `fd` refers to, as `rank` is to see it. Negative code, with error_text set. */
int segment_open(int fd, uint32_t rank, struct segment **made);

/* Becomes that rank, for all to see. Negative code, with error_text set: nobody saw anything. */
int segment_join(struct segment *segment);

/* One that was not joined: nobody knows of it. */
void segment_close(struct segment *segment);

/* A segment for a program that muster did not start: a job of this one rank. */
int segment_make_alone(int *made);

/* Whoever waits for this rank is told that it left. */
void segment_tell_leaving(struct segment *segment);

/* Leaves: whoever waits for this rank is told. */
void segment_leave(struct segment *segment);

/* Everybody who waits looks again. */
void segment_announce(struct segment *segment);

/* What to do about it when it is full: the end of an error text. */
const char *segment_advice(const struct segment *segment);

/* -ENOMEM: the heap has no piece of so many bytes. */
int segment_tell_full(const struct segment *segment, size_t bytes);

static inline void *segment_at(const struct segment *segment, uint64_t offset)
{
	return segment->base + offset;
}

static inline bool segment_holds(const struct segment *segment, const void *memory, size_t bytes)
{
	uintptr_t from = (uintptr_t)memory - (uintptr_t)segment->base;
	return from < segment->bytes && bytes <= segment->bytes - from;
}

#endif
