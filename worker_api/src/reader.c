/* SPDX-License-Identifier: MIT
 *
 * reader: see reader.h.
 */
#include "reader.h"

#include "aside.h"
#include "heap.h"

#include <stdlib.h>

struct reader *reader_create(uint32_t rank)
{
	struct reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL || (reader->kept = calloc(CHANNEL_OFFERS, sizeof *reader->kept)) == NULL) {
		free(reader);
		return NULL;
	}
	reader->rank = rank;
	reader->aside_end = &reader->aside;
	return reader;
}

void reader_destroy(struct reader *reader)
{
	while (reader->aside != NULL)
		aside_remove(reader, &reader->aside);
	free(reader->kept);
	free(reader);
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
