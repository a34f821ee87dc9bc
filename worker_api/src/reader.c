/* SPDX-License-Identifier: MIT
 *
 * reader: see reader.h.
 */
#include "reader.h"

#include "aside.h"
#include "heap.h"

#include <errno.h>
#include <stdlib.h>

struct reader *reader_create(uint32_t rank)
{
	struct reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return NULL;
	reader->rank = rank;
	return reader;
}

void reader_destroy(struct reader *reader)
{
	while (reader->aside != NULL)
		aside_remove(reader, reader->aside);
	for (uint32_t block = 0; block < OFFER_BLOCKS; block++) {
		free(reader->offers[block].staged);
		free(reader->offers[block].kept);
	}
	free(reader);
}

static struct offer *find_places(const struct segment *segment, struct channel *channel, uint32_t block)
{
	uint64_t offset = channel->offer_blocks[block];
	if (block == 0)
		return channel->offers;
	if (heap_block_bytes(segment, offset) < offer_block_count(block) * sizeof(struct offer))
		return NULL;
	return segment_at(segment, offset);
}

int reader_hear_of(const struct segment *segment, struct reader *reader, uint32_t number)
{
	uint32_t block = offer_block(number);
	if (block >= OFFER_BLOCKS)
		return -EBADMSG;
	struct heard_offers *heard = &reader->offers[block];
	if (heard->places != NULL)
		return 0;
	struct offer *places = find_places(segment, reader->channel, block);
	if (places == NULL)
		return -EBADMSG;
	uint32_t count = offer_block_count(block);
	if (heard->staged == NULL)
		heard->staged = calloc(count, sizeof *heard->staged);
	if (heard->kept == NULL)
		heard->kept = calloc(count, sizeof *heard->kept);
	if (heard->staged == NULL || heard->kept == NULL)
		return -ENOMEM;
	heard->places = places;
	return 0;
}

const char *reader_bulk(const struct segment *segment, struct reader *reader, uint64_t at, uint64_t bytes)
{
	if (reader->bulk == NULL) {
		uint64_t offset = reader->channel->bulk_offset, size = reader->channel->bulk_bytes;
		if (size > BULK_BYTES || heap_block_bytes(segment, offset) < size)
			return NULL;
		reader->bulk = segment_at(segment, offset);
		reader->bulk_bytes = size;
	}
	if (at > reader->bulk_bytes || bytes > reader->bulk_bytes - at)
		return NULL;
	return reader->bulk + at;
}

bool reader_arm(struct reader *reader)
{
	if (reader == NULL || reader->channel == NULL)
		return true; /* whoever opens one rings */
	struct slot *slot = channel_slot(reader->channel, reader->next);
	uint32_t seen = atomic_load(&slot->word);
	if ((seen & ~1U) == reader->next + 2)
		return false;
	return (seen & 1) != 0 || atomic_compare_exchange_strong(&slot->word, &seen, seen | 1);
}
