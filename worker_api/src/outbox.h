/* SPDX-License-Identifier: MIT
 *
 * outbox: what a rank sends: a writer for each rank that it has sent to, and the requests that are not through yet. The
 * worlds of a rank share it.
 */
#ifndef MUSTER_LIBRARY_OUTBOX_H
#define MUSTER_LIBRARY_OUTBOX_H

#include "channel.h"
#include "request.h"

#include <string.h>

struct writer {
	struct channel *channel;
	uint32_t rank;     /* of the job */
	uint32_t next;     /* twice the number of the next slot */
	uint32_t consumed; /* channel.consumed as last seen */

	/* The bulk memory: a ring, of which [bulk_free, bulk_at) is in use; both only grow. */
	char *bulk;
	uint64_t bulk_bytes;
	uint64_t bulk_at;
	uint64_t bulk_free;
	uint64_t bulk_ends[CHANNEL_SLOTS]; /* bulk_at after each slot */

	muster_request *queue; /* what waits for room, in order */
	muster_request *offers[CHANNEL_OFFERS];
	uint64_t generation; /* of offers */

	struct writer *next_busy;
	bool busy; /* is on the outbox's list: something is queued or offered */
};

struct outbox {
	struct segment *segment;
	struct writer **writers; /* by rank of the job; NULL: nothing was sent there */
	struct writer *busy;
};

/* Makes the channel at the first call. NULL: no memory, error_text is set. */
struct writer *outbox_open(struct outbox *outbox, uint32_t rank);
void outbox_close(struct outbox *outbox);

/* Puts the request behind those that wait for the same rank, and does what can be done. */
void outbox_post(struct outbox *outbox, struct writer *writer, muster_request *request);

/* Takes back what was not received; the request has ended then with `rc`, or as it had before. */
void outbox_cancel(struct outbox *outbox, muster_request *request, int rc);

/* Takes back and frees all requests of a world. */
void outbox_forget(struct outbox *outbox, const muster_world *world);

/* Ends, with MUSTER_EGONE, those requests whose receiver is lost. */
void outbox_end_lost(struct outbox *outbox);

/* Moves on what is queued, offered, or being staged. True when something did. */
bool outbox_progress(struct outbox *outbox);

/* True as long as the receiver is likely to be done with fetching soon: sleeping would take longer. */
bool outbox_has_patience(struct outbox *outbox);

/* Marks everything that is waited for, so that whoever changes it rings. False when something has changed already. */
bool outbox_arm(struct outbox *outbox);

/* --- small messages, at once --- */

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

static inline void writer_publish(struct outbox *outbox, struct writer *writer, struct slot *slot)
{
	writer->bulk_ends[writer->next / 2 % CHANNEL_SLOTS] = writer->bulk_at;
	writer->next += 2;
	bell_post(outbox->segment, writer->rank, &slot->word, writer->next);
}

static inline void writer_put_inline(struct outbox *outbox, struct writer *writer, const muster_world *world, int tag,
                                     const void *data, size_t bytes)
{
	struct slot *slot = writer_slot(writer, world, tag, slot_what(FORM_INLINE, (uint32_t)bytes, world->rank));
	if (bytes > 0)
		memcpy(slot->data, data, bytes);
	writer_publish(outbox, writer, slot);
}

/* False when there is no room now. */
bool writer_put_eager(struct outbox *outbox, struct writer *writer, const muster_world *world, int tag,
                      const void *data, size_t bytes);

/* Messages shorter than this go through the bulk memory: so short that one always fits when the receiver is not behind.
 */
static inline size_t writer_eager_bytes(const struct writer *writer)
{
	return writer->bulk_bytes / 4 < EAGER_BYTES ? writer->bulk_bytes / 4 : EAGER_BYTES;
}

#endif
