/* SPDX-License-Identifier: MIT
 *
 * reader: one channel as its receiver reads it: which slot comes next, and where the sender's bulk memory is. With it,
 * what was read of it before it was asked for (aside.h) and what is coming in blocks (staged.h).
 *
 * Nothing that a sender wrote is believed before it was checked: what makes no sense is no message.
 */
#ifndef MUSTER_LIBRARY_READER_H
#define MUSTER_LIBRARY_READER_H

#include "channel.h"
#include "request.h"

#include <string.h>

struct aside;

enum { READER_CHAINS = 64 }; /* of what lies aside, by tag */

struct reader_chain {
	struct aside *first, *last;
};

/* One block of them, once one was heard of. */
struct heard_offers {
	struct offer *places; /* NULL: none was */
	muster_request **staged;
	struct aside *kept; /* see aside_kept */
};

struct reader {
	uint32_t rank;           /* of the job */
	struct channel *channel; /* NULL: nothing was sent yet */
	uint32_t next;           /* twice the number of the slot that is read next */
	uint32_t posted;         /* channel.consumed */
	uint64_t bulk_unposted;  /* bytes of bulk memory that were read since */
	const char *bulk;        /* NULL: not looked at */
	uint64_t bulk_bytes;
	struct aside *aside; /* in order */
	struct aside *aside_last;
	struct reader_chain alike[READER_CHAINS];
	uint32_t aside_count;
	uint32_t aside_most; /* when there are so many, those that are void are looked for */
	struct heard_offers offers[OFFER_BLOCKS];
	bool cannot_read; /* the sender's memory */
};

/* NULL without memory. */
struct reader *reader_create(uint32_t rank);
void reader_destroy(struct reader *reader);

/* Where `bytes` of bulk memory are; NULL when the sender wrote nonsense. */
const char *reader_bulk(const struct segment *segment, struct reader *reader, uint64_t at, uint64_t bytes);

/* Before anything is done with an offer of this number. -EBADMSG when the sender wrote nonsense, -ENOMEM. */
int reader_hear_of(const struct segment *segment, struct reader *reader, uint32_t number);

static inline bool reader_heard_of(const struct reader *reader, uint32_t number)
{
	return offer_block(number) < OFFER_BLOCKS && reader->offers[offer_block(number)].places != NULL;
}

static inline struct offer *reader_offer(const struct reader *reader, uint32_t number)
{
	uint32_t block = offer_block(number);
	return &reader->offers[block].places[number - offer_block_begin(block)];
}

/* The request for which an offer comes in blocks, if any. */
static inline muster_request **reader_staged(const struct reader *reader, uint32_t number)
{
	uint32_t block = offer_block(number);
	return &reader->offers[block].staged[number - offer_block_begin(block)];
}

/* Marks the next slot, so that whoever fills it rings. False when it is full already. NULL is fine. */
bool reader_arm(struct reader *reader);

static inline bool reader_ready(const struct reader *reader)
{
	const struct slot *slot = channel_slot(reader->channel, reader->next);
	return (atomic_load_explicit(&slot->word, memory_order_acquire) & ~1U) == reader->next + 2;
}

/* The slot has been read; the sender hears of it now and then. */
static inline void reader_consume(struct segment *segment, struct reader *reader, uint64_t bulk_bytes)
{
	reader->next += 2;
	reader->bulk_unposted += bulk_bytes;
	bool little = reader->bulk_bytes == 0 || reader->bulk_unposted < reader->bulk_bytes / 4;
	if (reader->next - reader->posted < 2 * CHANNEL_SLOTS / 4 && little)
		return;
	reader->posted = reader->next;
	reader->bulk_unposted = 0;
	bell_post(segment, reader->rank, &reader->channel->consumed, reader->next);
}

/* Takes the message in the next slot, which is ready, if it is small and the one that is wanted. */
static inline bool reader_take_quick(struct segment *segment, struct reader *reader, const muster_world *world,
                                     int from, int tag, void *into, size_t room, struct muster_message *message)
{
	const struct slot *slot = channel_slot(reader->channel, reader->next);
	uint32_t what = slot->what;
	size_t bytes = slot_inline_bytes(what);
	uint64_t bulk_bytes = 0;
	const void *data = slot->data;
	int slot_tag = slot->tag;
	if (slot->world != world->id || (tag != slot_tag && tag != MUSTER_ANY) || slot_source(what) != (uint32_t)from)
		return false;
	if (slot_form(what) == FORM_EAGER) {
		bytes = bulk_bytes = slot->eager.bytes;
		data = reader_bulk(segment, reader, slot->eager.at, bytes);
	}
	if (slot_form(what) > FORM_EAGER || bytes > room || data == NULL || (bulk_bytes == 0 && bytes > SLOT_BYTES))
		return false;
	if (bytes > 0)
		memcpy(into, data, bytes);
	if (message != NULL)
		*message = (struct muster_message){.source = from, .tag = slot_tag, .bytes = bytes};
	reader_consume(segment, reader, bulk_bytes);
	return true;
}

#endif
