/* SPDX-License-Identifier: MIT
 *
 * writer: one channel as its sender fills it: which slot comes next, how much room there is, and the bulk memory for
 * what does not fit a slot.
 */
#ifndef MUSTER_LIBRARY_WRITER_H
#define MUSTER_LIBRARY_WRITER_H

#include "channel.h"
#include "copying.h"
#include "request.h"

#include <string.h>

struct sent_offer {
	muster_request *request; /* NULL: its number is free */
	struct offer *place;
	uint32_t at;  /* where this number stands in the order of all: */
	uint32_t nth; /* the number that stands here; those in use come first */
};

struct writer {
	struct channel *channel;
	uint32_t rank;     /* of the job */
	uint32_t next;     /* twice the number of the next slot */
	uint32_t consumed; /* channel.consumed as last seen */

	/* The bulk memory: a ring, of which [bulk_free, bulk_at) is in use; both only grow. */
	char *bulk;
	uint64_t bulk_bytes;
	uint64_t eager_bytes; /* shorter messages go through it: one always fits when the receiver is not behind */
	uint64_t bulk_at;
	uint64_t bulk_free;
	uint64_t bulk_ends[CHANNEL_SLOTS]; /* bulk_at after each slot */

	/* Of the outbox: what goes this way. */
	muster_request *queue; /* what waits for room, in order */
	muster_request *queue_last;
	struct sent_offer *offers;
	uint32_t offer_count; /* numbers that there are */
	uint32_t offers_out;  /* of which so many are in use */
	uint32_t turn;        /* which of these is looked at next */
	bool stages;          /* some may come in blocks, which only wait for room */
	uint64_t generation;  /* of offers */
	struct writer *next_busy;
	bool busy; /* is on the outbox's list: something is queued or offered */
};

/* Makes the channel, and tells the receiver of it. NULL: no memory, error_text is set. */
struct writer *writer_create(struct segment *segment, uint32_t rank);

/* NULL is fine. The channel stays. */
void writer_destroy(struct writer *writer);

/* As many numbers for offers again as there are. -ENOMEM, with error_text. */
int writer_more_offers(struct segment *segment, struct writer *writer);

/* Bulk memory, unless there is some. -ENOMEM, with error_text. */
int writer_make_bulk(struct segment *segment, struct writer *writer);

/* The next `bytes` of it in one piece; NULL: not now. */
char *writer_take_bulk(struct writer *writer, uint64_t bytes);

/* Marks what the receiver has read, so that it rings when it reads on. False when it has meanwhile; true once for each
 * change. */
bool writer_arm(struct writer *writer);

static inline bool writer_sees_room(struct writer *writer)
{
	return writer->next - writer->consumed < 2 * CHANNEL_SLOTS;
}

/* What the receiver wrote there is not believed when it cannot be. */
static inline void writer_look(struct writer *writer)
{
	uint32_t seen = atomic_load_explicit(&writer->channel->consumed, memory_order_acquire) & ~1U;
	if (writer->next - seen > 2 * CHANNEL_SLOTS || seen == writer->consumed)
		return;
	writer->consumed = seen;
	writer->bulk_free = writer->bulk_ends[(seen / 2 - 1) % CHANNEL_SLOTS];
}

static inline bool writer_has_room(struct writer *writer)
{
	if (!writer_sees_room(writer))
		writer_look(writer);
	return writer_sees_room(writer);
}

/* The next slot, to be filled and then handed over by writer_publish; there must be room. */
static inline struct slot *writer_slot(struct writer *writer, const muster_world *world, int tag, uint32_t what)
{
	struct slot *slot = channel_slot(writer->channel, writer->next);
	slot->what = what;
	slot->world = world->id;
	slot->tag = tag;
	return slot;
}

static inline void writer_publish(struct segment *segment, struct writer *writer, struct slot *slot)
{
	writer->bulk_ends[writer->next / 2 % CHANNEL_SLOTS] = writer->bulk_at;
	writer->next += 2;
	bell_post(segment, writer->rank, &slot->word, writer->next);
	if (writer_sees_room(writer))
		copying_claim(channel_slot(writer->channel, writer->next));
}

static inline void writer_put_inline(struct segment *segment, struct writer *writer, const muster_world *world, int tag,
                                     const void *data, size_t bytes)
{
	struct slot *slot = writer_slot(writer, world, tag, slot_what(FORM_INLINE, (uint32_t)bytes, world->rank));
	if (bytes > 0)
		memcpy(slot->data, data, bytes);
	writer_publish(segment, writer, slot);
}

/* False when there is no room now. */
bool writer_put_eager(struct segment *segment, struct writer *writer, const muster_world *world, int tag,
                      const void *data, size_t bytes);

#endif
