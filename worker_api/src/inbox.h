/* SPDX-License-Identifier: MIT
 *
 * inbox: what a rank receives: a reader for each rank that has sent to it, the requests that wait for messages, and
 * messages that came before anybody asked for them, moved aside. The worlds of a rank share it.
 *
 * A channel is only read as long as a request wants a message from it: else its sender gets to wait, in time.
 */
#ifndef MUSTER_LIBRARY_INBOX_H
#define MUSTER_LIBRARY_INBOX_H

#include "channel.h"
#include "request.h"

#include <string.h>

struct aside;

struct reader {
	uint32_t rank;           /* of the job */
	struct channel *channel; /* NULL: nothing was sent yet */
	uint32_t next;           /* twice the number of the slot that is read next */
	uint32_t posted;         /* channel.consumed */
	uint64_t bulk_unposted;  /* bytes of bulk memory that were read since */
	const char *bulk;        /* NULL: not looked at */
	uint64_t bulk_bytes;
	struct aside *aside; /* in order */
	struct aside **aside_end;
	muster_request *staged[CHANNEL_OFFERS];
	bool cannot_read; /* the sender's memory */
};

struct inbox {
	struct segment *segment;
	struct reader **readers; /* by rank of the job; NULL: not heard of */
	struct reader **open;    /* the same, dense */
	uint32_t open_count;
	uint32_t turn;           /* whose message is looked for first */
	uint64_t newest_channel; /* what was known of segment_rank.channels */
	muster_request *posted;  /* in order */
	bool look;               /* some request has not been asked yet whether its sender has ended */
};

void inbox_close(struct inbox *inbox);

/* Looks among the messages that were moved aside; then the request waits behind those that were posted before. */
void inbox_post(struct inbox *inbox, muster_request *request);

/* The request does not want a message any more, and ends with `rc`. */
void inbox_cancel(struct inbox *inbox, muster_request *request, int rc);

/* A message to oneself: received, moved aside, or (a large one) waiting until it is asked for. */
void inbox_send_self(struct inbox *inbox, muster_request *request);
void inbox_cancel_self(struct inbox *inbox, muster_request *request, int rc);

/* Drops messages and frees requests of a world. */
void inbox_forget(struct inbox *inbox, const muster_world *world);

/* Ends, with MUSTER_EGONE, those requests whose sender is lost. */
void inbox_end_lost(struct inbox *inbox);

/* Moves on what is posted. True when something did. */
bool inbox_progress(struct inbox *inbox);

/* Marks everything that is waited for, so that whoever changes it rings. False when something has come already. */
bool inbox_arm(struct inbox *inbox);

/* --- slots --- */

static inline bool reader_ready(const struct reader *reader)
{
	const struct slot *slot = channel_slot(reader->channel, reader->next);
	return (atomic_load_explicit(&slot->word, memory_order_acquire) & ~1U) == reader->next + 2;
}

/* The slot has been read; the sender hears of it now and then. */
static inline void reader_consume(struct inbox *inbox, struct reader *reader, uint64_t bulk_bytes)
{
	reader->next += 2;
	reader->bulk_unposted += bulk_bytes;
	if (reader->next - reader->posted < 2 * CHANNEL_SLOTS / 4 && reader->bulk_unposted < reader->bulk_bytes / 4)
		return;
	reader->posted = reader->next;
	reader->bulk_unposted = 0;
	bell_post(inbox->segment, reader->rank, &reader->channel->consumed, reader->next);
}

/* Where `bytes` of bulk memory are; NULL when the sender wrote nonsense. */
const char *reader_bulk(struct inbox *inbox, struct reader *reader, uint64_t at, uint64_t bytes);

/* The reader whose next message may be taken without further ado: nothing else waits. Or NULL. */
static inline struct reader *inbox_quick_reader(const struct inbox *inbox, uint32_t rank)
{
	struct reader *reader = inbox->readers[rank];
	if (reader == NULL || reader->channel == NULL || reader->aside != NULL || inbox->posted != NULL)
		return NULL;
	return reader;
}

/* Takes the message in the reader's next slot, which is ready, if it is small and the one that is wanted. */
static inline bool reader_take_quick(struct inbox *inbox, struct reader *reader, const muster_world *world, int from,
                                     int tag, void *into, size_t room, struct muster_message *message)
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
		data = reader_bulk(inbox, reader, slot->eager.at, bytes);
	}
	if (slot_form(what) > FORM_EAGER || bytes > room || data == NULL || (bulk_bytes == 0 && bytes > SLOT_BYTES))
		return false;
	if (bytes > 0)
		memcpy(into, data, bytes);
	if (message != NULL)
		*message = (struct muster_message){.source = from, .tag = slot_tag, .bytes = bytes};
	reader_consume(inbox, reader, bulk_bytes);
	return true;
}

#endif
