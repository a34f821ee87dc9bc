/* SPDX-License-Identifier: MIT
 *
 * segment_layout: the job's shared segment, byte by byte: the contract between muster, which makes it, and libmuster in
 * the ranks. Included by both, and made of nothing but fixed-width integers, offsets from the segment's start, and
 * relations that the compiler checks. Whoever changes it raises SEGMENT_LAYOUT_VERSION.
 *
 *     0            struct segment_header
 *     ranks        struct segment_rank   [rank_count]
 *     traces       struct segment_trace  [rank_count]
 *     world        the group area of all ranks (below)
 *     heap         what muster_alloc, muster_split and channels between ranks take, up to the end
 *
 * A new segment is all zeros but for its header and each rank's `place`: zero is every part's valid first state. The
 * memory is sparse: what nobody touches costs nothing. Its size never changes (it is sealed), so that no access
 * within it can fail but for want of memory.
 *
 * Who writes a field stands beside it. "muster" is the supervising process; "rank" the process that holds this rank;
 * "any" whoever gets there first, by compare and exchange. muster believes nothing that a rank wrote.
 */
#ifndef MUSTER_SEGMENT_LAYOUT_H
#define MUSTER_SEGMENT_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
	SEGMENT_LAYOUT_VERSION = 4,
	SEGMENT_LINE = 64,   /* a cache line */
	SEGMENT_PAGE = 4096, /* areas begin on pages: what is not used is not there */
	SEGMENT_RANKS_MAX = 65536,
	SEGMENT_LABEL_BYTES = 40,
	SEGMENT_TRACE_EVENTS = 1024, /* a rank; a power of two */
	SEGMENT_HEAP_CLASSES = 118,  /* of sizes, see heap.c: up to 1 TiB */
	SEGMENT_BULK_LEAST = 16384,  /* four of the largest elements of collectives */
};

#define SEGMENT_MAGIC UINT64_C(0x0172657473756d00) /* "\0muster\1" */

/* --- the header --- */

struct segment_header {
	/* Written by muster before the first rank starts, then constant. */
	uint64_t magic;
	uint32_t layout_version;
	uint32_t header_bytes; /* sizeof (struct segment_header), as a check */
	char launcher_version[24];
	uint64_t bytes; /* of the whole segment */
	uint64_t ranks_offset;
	uint64_t traces_offset;
	uint64_t world_offset;
	uint64_t heap_offset;
	uint32_t rank_count;
	uint32_t domain_count; /* of segment_place.domain; at least 1 */
	int32_t supervisor;    /* whose child every rank is, as its own pid namespace counts; 0: not said */

	/* Changes whenever a rank ended or left, or a group broke: whoever waits looks again. A futex on which
	 * everybody who sleeps sleeps as well (futex_waitv). By muster and ranks: add one, then wake all. */
	_Alignas(SEGMENT_LINE) _Atomic uint32_t events;
	/* 0, or what `events` came to when muster began to stop the job: whoever has a later end_order ended because of
	 * that. By muster. */
	_Atomic uint32_t stopping;

	/* How many ranks have attached: a futex on which muster's watcher sleeps. By ranks: add one, then wake. */
	_Alignas(SEGMENT_LINE) _Atomic uint32_t attached;

	/* The heap: bytes taken from heap_offset on, and lists of what was given back, by class of size: the offset in
	 * lines in the low half, a count of changes in the high half against ABA. By any. */
	_Alignas(SEGMENT_LINE) _Atomic uint64_t heap_taken;
	_Atomic uint64_t heap_free[SEGMENT_HEAP_CLASSES];

	/* A rank that joins free blocks, and 1; 0: none does. By it, no more than a hint. */
	_Atomic uint32_t heap_joiner;

	_Atomic uint32_t groups; /* that muster_split made. By any */
};

/* --- a rank --- */

enum rank_presence {
	RANK_STARTED = 0, /* or not even that; it has not called muster_init */
	RANK_ATTACHED,
	RANK_LEFT,  /* muster_finalize, or exit code 0 */
	RANK_DYING, /* the kernel released its life word; how it ended is not known yet */
	RANK_ENDED, /* failed: exit_code or signal say how */
};

enum rank_activity { ACTIVITY_NONE = 0, ACTIVITY_BARRIER, ACTIVITY_COLLECTIVE, ACTIVITY_SEND, ACTIVITY_RECEIVE };

struct segment_rank {
	/* Written by muster before the rank starts. */
	struct segment_place {
		uint32_t crowded; /* 1: it shares a hardware thread with another rank of the job: do not spin */
		uint32_t domain;  /* the same for ranks of one cache, NUMA node, or set of shared CPUs */
	} place;

	/* STARTED → ATTACHED → LEFT by the rank; → DYING → ENDED, or → LEFT, by muster. */
	_Atomic uint32_t presence;
	_Atomic int32_t exit_code; /* valid once ENDED: -1 when a signal ended it */
	_Atomic int32_t signal;    /* valid once ENDED: 0 when it exited */
	_Atomic int32_t core_dumped;
	_Atomic uint32_t end_order; /* 1 for the first rank that ended or left; 0 while it has not */
	_Atomic int32_t pid;        /* by the rank: who attached, as its own pid namespace counts */

	/* By the rank: address of a random word, and that word. Whoever reads another rank's memory proves with it that
	 * it reads the right one. */
	_Atomic uint64_t token;
	_Atomic uint64_t token_value;

	/* The rank's robust mutex, whose first word the kernel marks with FUTEX_OWNER_DIED when its owner is gone,
	 * before the owner's memory is torn down. libmuster makes sure that the first word is what it takes it for. */
	_Alignas(SEGMENT_LINE) union {
		_Atomic uint32_t word;
		unsigned char room[SEGMENT_LINE];
	} life;

	/* What it waits for, for reports: written when a wait turns long. By the rank. */
	_Alignas(SEGMENT_LINE) struct segment_activity {
		_Atomic uint32_t kind;           /* enum rank_activity */
		int32_t peer;                    /* of a message: its rank in the job, -1: any */
		uint64_t since_ns;               /* CLOCK_MONOTONIC */
		char label[SEGMENT_LABEL_BYTES]; /* ends with a zero, or is full */
	} activity;

	/* Sums, by the rank; read by muster at the end. Ticks are of ticks_now(). */
	_Alignas(SEGMENT_LINE) struct segment_sums {
		uint64_t barriers;
		uint64_t barrier_wait_ticks;
		uint64_t barrier_last; /* how often it was the last to arrive */
		uint64_t collectives;
		uint64_t collective_ticks;
		uint64_t messages_sent;
		uint64_t messages_received;
		uint64_t message_wait_ticks;
	} sums;

	/* Two readings of both clocks make ticks into time. By the rank, at muster_init; muster takes the second. */
	_Alignas(SEGMENT_LINE) uint64_t attach_ticks;
	uint64_t attach_ns;

	/* The channels that other ranks opened to this one: offset of the newest struct channel, in bytes. By any. */
	_Alignas(SEGMENT_LINE) _Atomic uint64_t channels;
	/* A futex: changes when a message came for one who waits for messages of anybody. By senders. */
	_Atomic uint32_t doorbell;
};

/* --- what happened when, a ring a rank; the newest overwrite the oldest --- */

enum trace_kind { TRACE_MARK = 1, TRACE_BARRIER, TRACE_COLLECTIVE };

enum collective_kind {
	COLLECTIVE_BROADCAST = 1,
	COLLECTIVE_REDUCE,
	COLLECTIVE_ALLREDUCE,
	COLLECTIVE_REDUCE_SCATTER,
	COLLECTIVE_GATHER,
	COLLECTIVE_ALLGATHER,
	COLLECTIVE_SCATTER,
	COLLECTIVE_ALLTOALL,
	COLLECTIVE_SPLIT,
	COLLECTIVE_ALLOC_SHARED,
};

struct segment_event {
	uint64_t ticks;    /* when it began */
	uint32_t duration; /* ticks / 16, at most UINT32_MAX */
	uint16_t kind;     /* enum trace_kind */
	uint16_t detail;   /* of a collective: which (enum collective_kind) */
	uint64_t bytes;    /* of a collective */
	char label[SEGMENT_LABEL_BYTES];
};
static_assert(sizeof(struct segment_event) == SEGMENT_LINE, "an event is a cache line");

struct segment_trace {                                   /* written by the rank only */
	_Alignas(SEGMENT_LINE) _Atomic uint64_t written; /* events ever; event i is at i modulo SEGMENT_TRACE_EVENTS */
	_Alignas(SEGMENT_LINE) struct segment_event events[SEGMENT_TRACE_EVENTS];
};

/* --- a group: the world, or what muster_split made --- */

/* The barrier, in one word so that everything about it is decided at once:
 *
 *     63..33  generation: how many barriers were decided, one way or the other
 *         32  somebody sleeps on the upper half
 *     31..30  0; once it was given up because a rank failed (1) or left (2), for ever: what that generation came to
 *     29..17  how many of the last generations in a row were given up (0: the last one was passed)
 *     16..0   how many have arrived at this one
 */
struct group_barrier {
	_Alignas(SEGMENT_LINE) _Atomic uint64_t state; /* by any */
	/* Who gave up the newest generation that was given up: (generation + 1) << 32 | member. By that member, after.
	 */
	_Atomic uint64_t breaker;
	/* Of the gate: what the last to arrive has to say to all (steps.h). */
	unsigned char words[48];
};
static_assert(sizeof(struct group_barrier) == SEGMENT_LINE, "what the last to arrive says comes with the word");

/* With several domains their members arrive here, and the last of them at the barrier or gate, for all of them. */
struct group_domain {
	_Alignas(SEGMENT_LINE) _Atomic uint64_t arrived; /* generation << 32 | count; by members of the domain */
};

struct group_header {
	struct group_barrier barrier; /* the user's */
	/* One that collectives of crowds meet at, and at which every split is decided; counts as `barrier` does. Given
	 * up at most once, for the group is broken then. */
	struct group_barrier gate;
	/* 0, or why the group is of no use to collectives any more: 1 << 63 | -code << 32 | member. By the first. */
	_Alignas(SEGMENT_LINE) _Atomic uint64_t broken;
	uint32_t serial; /* which group of the job this is: 0 the world. By who made it, before others know it */
	_Atomic uint32_t freed_by; /* how many members have freed it; the last gives the memory back */
	/* Areas of groups that were to be made of this one, in splits that failed: nobody looks at them any more when
	 * this one was freed by all. Offsets, each in the header of the one before; 0: the last. */
	_Atomic uint64_t orphans;
	uint64_t next_orphan; /* by who made the area, once its split had failed */
};

/* How a member gave a barrier up; read by the others once group_barrier.breaker names it. */
struct break_record {
	_Atomic uint32_t generation; /* and 1; 0 while it is written */
	_Atomic int32_t code;
	_Atomic int32_t member;         /* whose end it was, or -1 */
	_Atomic uint32_t missing_count; /* of which the first are listed */
	_Atomic uint32_t missing[60];   /* members */
};

/* What a member says in a step of a collective: a line that it writes, all others may read. */
struct step_line {
	/*      63..48  step >> 31
	 *      47..32  which collective, so that a mismatch is found
	 *       31..1  step
	 *           0  somebody sleeps on the lower half */
	_Alignas(SEGMENT_LINE) _Atomic uint64_t word;
	uint32_t form; /* what the payload is (enum step_form) */
	uint32_t kind; /* enum collective_kind, for the words of a mismatch */
	unsigned char payload[48];
};
static_assert(sizeof(struct step_line) == SEGMENT_LINE, "a step is a cache line");

struct group_member {
	/* All steps up to this one, modulo 2^31, are done with: step << 1 | somebody sleeps. By the member. */
	_Alignas(SEGMENT_LINE) _Atomic uint32_t done;
	/* Generation + 1 of the barrier that it last arrived at. By the member. */
	_Alignas(SEGMENT_LINE) _Atomic uint32_t arrived;
	/* Generation + 1 of the barrier that it last passed, as it arrived at this one. By the member. */
	_Atomic uint32_t passed;
	_Alignas(SEGMENT_LINE) struct break_record record;
	/* then, at group_layout.lines: struct step_line [depth]; at group_layout.bulk: bulk_bytes bytes */
};

/* Where things are in the area of a group; computed alike by everybody. */
struct group_layout {
	uint32_t members;
	uint32_t domains;
	uint32_t depth;          /* step lines a member; a power of two */
	uint32_t bulk_bytes;     /* a member; a power of two, at least SEGMENT_BULK_LEAST */
	uint64_t domains_offset; /* struct group_domain [domains] of the barrier, then as many of the gate */
	uint64_t members_offset; /* all from the start of the area */
	uint64_t member_stride;
	uint64_t lines; /* from the start of a member */
	uint64_t bulk;
	uint64_t bytes;
};

static inline uint64_t segment_round(uint64_t bytes, uint64_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

/* `room`: about how many bytes the area may have. */
static inline struct group_layout group_layout_of(uint32_t members, uint32_t domains, uint64_t room)
{
	struct group_layout layout = {.members = members, .domains = domains};
	layout.depth = members <= 256 ? 64 : members <= 4096 ? 16 : 4;
	layout.bulk_bytes = 1 << 20;
	while (layout.bulk_bytes > SEGMENT_BULK_LEAST && (uint64_t)layout.bulk_bytes * members > room)
		layout.bulk_bytes /= 2;
	layout.domains_offset = segment_round(sizeof(struct group_header), SEGMENT_LINE);
	layout.members_offset =
		segment_round(layout.domains_offset + 2 * domains * sizeof(struct group_domain), SEGMENT_PAGE);
	layout.lines = segment_round(sizeof(struct group_member), SEGMENT_LINE);
	layout.bulk = segment_round(layout.lines + layout.depth * sizeof(struct step_line), SEGMENT_PAGE);
	layout.member_stride = layout.bulk + layout.bulk_bytes;
	layout.bytes = layout.members_offset + members * layout.member_stride;
	return layout;
}

/* The world's group may take a quarter of the segment; muster and ranks compute it from the header alone. */
static inline struct group_layout segment_world_layout(uint32_t ranks, uint32_t domains, uint64_t segment_bytes)
{
	return group_layout_of(ranks, domains, segment_bytes / 4);
}

/* Fills the constant part of a new segment's header, which lies at `header`; the same for muster and for a program that
 * runs alone. */
static inline void segment_header_fill(struct segment_header *header, uint32_t ranks, uint32_t domains, uint64_t bytes)
{
	header->magic = SEGMENT_MAGIC;
	header->layout_version = SEGMENT_LAYOUT_VERSION;
	header->header_bytes = sizeof *header;
	header->bytes = bytes;
	header->rank_count = ranks;
	header->domain_count = domains;
	header->ranks_offset = SEGMENT_PAGE;
	header->traces_offset = segment_round(header->ranks_offset + ranks * sizeof(struct segment_rank), SEGMENT_PAGE);
	header->world_offset =
		segment_round(header->traces_offset + ranks * sizeof(struct segment_trace), SEGMENT_PAGE);
	header->heap_offset =
		segment_round(header->world_offset + segment_world_layout(ranks, domains, bytes).bytes, SEGMENT_PAGE);
}

/* The least that a segment of so many ranks must have, with a heap of a page a rank and a megabyte. */
static inline uint64_t segment_bytes_needed(uint32_t ranks, uint32_t domains)
{
	struct segment_header header;
	segment_header_fill(&header, ranks, domains, 0);
	return header.heap_offset + (uint64_t)ranks * SEGMENT_PAGE + (1 << 20);
}

static_assert(sizeof(_Atomic uint64_t) == 8 && sizeof(_Atomic uint32_t) == 4, "atomics are as wide as what they hold");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "sleepers wait on the upper half of a 64-bit word");
static_assert(sizeof(struct segment_header) <= SEGMENT_PAGE, "the header is one page");
static_assert(sizeof(struct segment_rank) % SEGMENT_LINE == 0, "ranks do not share cache lines");
static_assert(sizeof(struct group_member) % SEGMENT_LINE == 0, "members do not share cache lines");

#endif
