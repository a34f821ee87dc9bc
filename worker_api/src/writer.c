/* SPDX-License-Identifier: MIT
 *
 * writer: see writer.h.
 */
#include "writer.h"

#include "error.h"
#include "heap.h"

#include <errno.h>
#include <stdlib.h>

enum { CLAIMED_BYTES = 2048 }; /* as much as a CPU fetches at once */

static int no_memory(const struct segment *segment)
{
	return error_set(-ENOMEM, "no memory for messages is left in the job's shared segment of %zu bytes: %s",
	                 segment->bytes, segment_advice(segment));
}

/* --- channels --- */

static void announce_channel(struct segment *segment, struct channel *channel, uint64_t offset)
{
	_Atomic uint64_t *list = &segment->ranks[channel->receiver].channels;
	uint64_t seen = atomic_load_explicit(list, memory_order_relaxed);
	do
		channel->next = seen;
	while (!atomic_compare_exchange_weak_explicit(list, &seen, offset, memory_order_release, memory_order_relaxed));
	bell_ring(segment, channel->receiver);
}

static struct channel *make_channel(struct segment *segment, uint32_t receiver)
{
	uint64_t offset = heap_take(segment, sizeof(struct channel));
	if (offset == 0)
		return NULL;
	struct channel *channel = segment_at(segment, offset);
	memset(channel, 0, sizeof *channel);
	channel->sender = segment->rank;
	channel->receiver = receiver;
	announce_channel(segment, channel, offset);
	return channel;
}

struct writer *writer_create(struct segment *segment, uint32_t rank)
{
	struct writer *writer = calloc(1, sizeof *writer);
	if (writer != NULL)
		writer->channel = make_channel(segment, rank);
	if (writer == NULL || writer->channel == NULL) {
		free(writer);
		no_memory(segment);
		return NULL;
	}
	writer->rank = rank;
	return writer;
}

void writer_destroy(struct writer *writer)
{
	if (writer != NULL)
		free(writer->offers);
	free(writer);
}

/* --- offers --- */

/* The first block is in the channel. */
static struct offer *make_offers(struct segment *segment, struct channel *channel, uint32_t block)
{
	size_t bytes = offer_block_count(block) * sizeof(struct offer);
	if (block == 0)
		return channel->offers;
	uint64_t offset = heap_take(segment, bytes);
	if (offset == 0)
		return NULL;
	memset(segment_at(segment, offset), 0, bytes);
	channel->offer_blocks[block] = offset;
	return segment_at(segment, offset);
}

int writer_more_offers(struct segment *segment, struct writer *writer)
{
	uint32_t block = offer_block(writer->offer_count), before = writer->offer_count;
	if (block >= OFFER_BLOCKS)
		return error_set(-ENOMEM, "%u large messages to one rank at once are the most", before);
	uint32_t more = offer_block_count(block);
	struct sent_offer *offers = realloc(writer->offers, (before + more) * sizeof *offers);
	if (offers == NULL)
		return error_set(-ENOMEM, "no memory for more large messages at once than %u", before);
	writer->offers = offers;
	struct offer *places = make_offers(segment, writer->channel, block);
	if (places == NULL)
		return no_memory(segment);
	for (uint32_t i = 0; i < more; i++)
		offers[before + i] = (struct sent_offer){.place = &places[i], .at = before + i, .nth = before + i};
	writer->offer_count = before + more;
	return 0;
}

/* --- the bulk memory --- */

/* So much that all ranks could send to all, within a quarter of the segment; less when that is not there. */
int writer_make_bulk(struct segment *segment, struct writer *writer)
{
	if (writer->bulk != NULL)
		return 0;
	uint64_t share = segment->bytes / 4 / segment->rank_count / segment->rank_count, offset = 0;
	uint64_t bytes = BULK_BYTES;
	while (bytes > share && bytes > BULK_BYTES_MIN)
		bytes /= 2;
	while ((offset = heap_take(segment, bytes)) == 0 && bytes > BULK_BYTES_MIN)
		bytes /= 2;
	if (offset == 0)
		return no_memory(segment);
	writer->channel->bulk_offset = offset;
	writer->channel->bulk_bytes = bytes;
	writer->bulk = segment_at(segment, offset);
	writer->bulk_bytes = bytes;
	writer->eager_bytes = segment->wait_mode == WAIT_SPIN && segment->reads_memory ? EAGER_SPIN_BYTES : EAGER_BYTES;
	if (writer->eager_bytes > bytes / 4)
		writer->eager_bytes = bytes / 4;
	return 0;
}

static bool bulk_fits(const struct writer *writer, uint64_t begin, uint64_t bytes)
{
	return begin + bytes - writer->bulk_free <= writer->bulk_bytes;
}

char *writer_take_bulk(struct writer *writer, uint64_t bytes)
{
	uint64_t size = writer->bulk_bytes, begin = writer->bulk_at, at = begin % size;
	/* Readers' CPUs fetch more than was asked for: room between messages, so that they do not take what is written
	 * next. As many as there are slots fit. */
	bytes = segment_round(bytes, size / CHANNEL_SLOTS);
	if (at + bytes > size)
		begin += size - at;
	if (!bulk_fits(writer, begin, bytes))
		writer_look(writer);
	if (!bulk_fits(writer, begin, bytes))
		return NULL;
	writer->bulk_at = begin + bytes;
	return writer->bulk + begin % size;
}

/* The next message is likely to be as long as this one. */
static void claim_bulk(const struct writer *writer, uint64_t bytes)
{
	uint64_t at = writer->bulk_at % writer->bulk_bytes;
	if (bytes > CLAIMED_BYTES)
		bytes = CLAIMED_BYTES;
	if (at + bytes > writer->bulk_bytes || !bulk_fits(writer, writer->bulk_at, bytes))
		return;
	for (uint64_t claimed = 0; claimed < bytes; claimed += SEGMENT_LINE)
		copying_claim(writer->bulk + at + claimed);
}

bool writer_put_eager(struct segment *segment, struct writer *writer, const muster_world *world, int tag,
                      const void *data, size_t bytes)
{
	char *room = writer_has_room(writer) ? writer_take_bulk(writer, bytes) : NULL;
	if (room == NULL)
		return false;
	memcpy(room, data, bytes);
	struct slot *slot = writer_slot(writer, world, tag, slot_what(FORM_EAGER, 0, world->rank));
	slot->eager = (struct slot_eager){.bytes = bytes, .at = (uint64_t)(room - writer->bulk)};
	writer_publish(segment, writer, slot);
	claim_bulk(writer, bytes);
	return true;
}

bool writer_arm(struct writer *writer)
{
	uint32_t seen = writer->consumed;
	if (atomic_compare_exchange_strong(&writer->channel->consumed, &seen, seen | 1) ||
	    seen == (writer->consumed | 1))
		return true;
	writer_look(writer);
	return false;
}
