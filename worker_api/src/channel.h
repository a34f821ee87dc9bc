/* SPDX-License-Identifier: MIT
 *
 * channel: what carries messages from one rank to another, in the segment. Made by the sender when it sends to that
 * rank for the first time; found by the receiver in segment_rank.channels; both keep it for good. One writer, one
 * reader.
 *
 * Everything that is sent takes a slot, in order. A slot is a cache line, the word in it says that it is full, and
 * small messages lie in it: they cost one line that goes from one core to the other. Slots come in four forms:
 *
 *     INLINE   the message itself
 *     EAGER    the message is in the channel's bulk memory, a ring
 *     OFFER    a large message is ready at the sender: the receiver fetches it when it is wanted, where it can,
 *     BLOCK    or asks for it to be staged: a part of it is in the bulk memory
 *
 * Whether an offered message was received is decided by one compare and exchange of the offer's state:
 *
 *     OFFERED → FETCHED     the receiver is copying it: worth to spin for
 *     FETCHED → DONE        it has all of it
 *     FETCHED → STAGED      it cannot read the sender's memory: send it in blocks
 *     OFFERED → STAGED      both have nothing else to do: two copy in turns, which is faster for very large ones
 *     STAGED  → OFFERED     the receiver does not want it now after all; what was sent of it is void
 *     STAGED  → DONE
 *     OFFERED, FETCHED, STAGED → WITHDRAWN  by the sender: its time limit passed
 *
 * Bit 0 of a word says that the other side may be asleep: whoever changes the word then rings its doorbell.
 */
#ifndef MUSTER_LIBRARY_CHANNEL_H
#define MUSTER_LIBRARY_CHANNEL_H

#include "futex.h"
#include "segment.h"

#include <limits.h>

enum {
	CHANNEL_SLOTS = 32, /* a power of two */
	OFFERS_FIRST = 8,
	OFFER_BLOCKS = 17, /* of offers: each has as many as there were before it */
	SLOT_BYTES = 48,
	EAGER_BYTES = 32 << 10,     /* messages from here on are offered */
	EAGER_SPIN_BYTES = 8 << 10, /* the same where the receiver has a CPU of its own: it copies once, at once */
	BULK_BYTES = 128 << 10,     /* at most; less where many ranks share the segment */
	BULK_BYTES_MIN = 8 << 10,
};

enum slot_form { FORM_INLINE, FORM_EAGER, FORM_OFFER, FORM_BLOCK };

struct slot_eager {
	uint64_t bytes;
	uint64_t at; /* in the bulk memory */
};

struct slot_offer {
	uint64_t bytes;
	uint64_t state;
	uint64_t address;    /* in the sender's memory, or an offset in the segment */
	uint32_t number;     /* of the offer */
	uint32_t in_segment; /* 1: address is an offset */
	uint32_t waits;      /* 1: its sender does nothing else until it is received */
};

struct slot_block {
	uint64_t state; /* of the offer when it was sent: one of an earlier attempt is void */
	uint64_t at;
	uint32_t bytes;
	uint32_t number;
};

struct slot {
	/* Twice the number of this message, from 1 on, modulo 2^32; bit 0: the receiver may be asleep. */
	_Alignas(SEGMENT_LINE) _Atomic uint32_t word;
	uint32_t what;  /* see slot_what */
	uint32_t world; /* muster_world.id */
	int32_t tag;
	union {
		unsigned char data[SLOT_BYTES];
		struct slot_eager eager;
		struct slot_offer offer;
		struct slot_block block;
	};
};
static_assert(sizeof(struct slot) == SEGMENT_LINE, "a slot is a cache line");

struct offer {
	_Alignas(SEGMENT_LINE) _Atomic uint64_t state;
};

struct channel {
	/* By the sender: before the channel is found, but for the bulk memory, made before the first slot that needs
	 * it. */
	uint64_t next; /* in the receiver's list: an offset, 0 ends it */
	uint32_t sender;
	uint32_t receiver; /* ranks of the job */
	uint64_t bulk_offset;
	uint64_t bulk_bytes;

	/* Twice the number of slots that are free again, modulo 2^32; bit 0: the sender may be asleep. By the receiver.
	 */
	_Alignas(SEGMENT_LINE) _Atomic uint32_t consumed;

	struct offer offers[OFFERS_FIRST];
	struct slot slots[CHANNEL_SLOTS];

	/* Offsets of more offers, from the second block on. By the sender, before the first slot that needs one. */
	uint64_t offer_blocks[OFFER_BLOCKS];
};

/* --- words --- */

/* Form, bytes of an inline message, and which member of the world sent it. */
static inline uint32_t slot_what(enum slot_form form, uint32_t bytes, uint32_t source)
{
	return (uint32_t)form | bytes << 4 | source << 12;
}

static inline enum slot_form slot_form(uint32_t what)
{
	return (enum slot_form)(what & 15);
}

static inline uint32_t slot_inline_bytes(uint32_t what)
{
	return what >> 4 & 255;
}

static inline uint32_t slot_source(uint32_t what)
{
	return what >> 12;
}

static_assert(SEGMENT_RANKS_MAX <= 1 << 20, "a rank fits its place in slot.what");

/* Counters of slots go in steps of two, so that they compare with the words. */
static inline struct slot *channel_slot(struct channel *channel, uint32_t twice)
{
	return &channel->slots[twice / 2 % CHANNEL_SLOTS];
}

enum offer_phase { PHASE_NONE, PHASE_OFFERED, PHASE_FETCHED, PHASE_STAGED, PHASE_DONE, PHASE_WITHDRAWN };

/* `generation` tells uses of one place apart, `attempt` (8 bits) how often it was staged. */
static inline uint64_t offer_state(uint64_t generation, uint64_t attempt, enum offer_phase phase)
{
	return generation << 16 | (attempt & 255) << 8 | (uint64_t)phase << 1;
}

static inline enum offer_phase offer_phase(uint64_t state)
{
	return (enum offer_phase)(state >> 1 & 7);
}

static inline uint64_t offer_turned(uint64_t state, enum offer_phase phase)
{
	return (state & ~UINT64_C(15)) | (uint64_t)phase << 1;
}

static inline uint64_t offer_again(uint64_t state)
{
	return offer_state(state >> 16, (state >> 8) + 1, PHASE_OFFERED);
}

static inline uint64_t offer_seen(const struct offer *offer)
{
	return atomic_load_explicit(&offer->state, memory_order_acquire) & ~UINT64_C(1);
}

/* In which block an offer is, by its number. */
static inline uint32_t offer_block(uint32_t number)
{
	return number < OFFERS_FIRST ? 0 : 32 - (uint32_t)__builtin_clz(number / OFFERS_FIRST);
}

static inline uint32_t offer_block_begin(uint32_t block)
{
	return block == 0 ? 0 : (uint32_t)OFFERS_FIRST << (block - 1);
}

static inline uint32_t offer_block_count(uint32_t block)
{
	return block == 0 ? OFFERS_FIRST : offer_block_begin(block);
}

/* --- bells --- */

/* Wakes a rank that sleeps on messages of any kind. */
static inline void bell_ring(struct segment *segment, uint32_t rank)
{
	atomic_fetch_add(&segment->ranks[rank].doorbell, 1);
	futex_wake(&segment->ranks[rank].doorbell, INT_MAX);
}

/* Changes a word whose bit 0 is 0 afterwards. */
static inline void bell_post(struct segment *segment, uint32_t rank, _Atomic uint32_t *word, uint32_t value)
{
	if ((atomic_exchange(word, value) & 1) != 0)
		bell_ring(segment, rank);
}

/* False when it is not `from` any more. */
static inline bool offer_turn(struct segment *segment, uint32_t rank, struct offer *offer, uint64_t from, uint64_t to)
{
	uint64_t seen = from;
	do
		if ((seen & ~UINT64_C(1)) != from)
			return false;
	while (!atomic_compare_exchange_weak(&offer->state, &seen, to));
	if ((seen & 1) != 0)
		bell_ring(segment, rank);
	return true;
}

#endif
