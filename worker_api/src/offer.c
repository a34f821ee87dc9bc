/* SPDX-License-Identifier: MIT
 *
 * offer: see offer.h. The sender may take its message back, and its memory be used for something else, at any instant:
 * what was copied counts only once the state has been turned.
 */
#include "offer.h"

#include "copying.h"
#include "inbox.h"

enum { CHUNK_BYTES = 8 << 20 }; /* between looks at whether it is still offered */

static bool still_offered(const struct reader *reader, const struct slot_offer *offer)
{
	return offer_seen(reader->channel, offer->number) == offer->state;
}

/* In chunks, so that it ends soon when the offer is withdrawn. */
static bool read_memory(const struct segment *segment, const struct reader *reader, const struct slot_offer *offer,
                        char *into)
{
	for (uint64_t done = 0, bytes; done < offer->bytes; done += bytes) {
		bytes = offer->bytes - done < CHUNK_BYTES ? offer->bytes - done : CHUNK_BYTES;
		if (done > 0 && !still_offered(reader, offer))
			return false;
		if (copy_from_rank(&segment->ranks[reader->rank], into + done, offer->address + done, bytes) < 0)
			return false;
	}
	return true;
}

static bool copy_from_segment(const struct segment *segment, const struct slot_offer *offer, char *into)
{
	if (offer->address >= segment->bytes || offer->bytes > segment->bytes - offer->address)
		return false;
	copy_of(into, segment_at(segment, offer->address), offer->bytes, offer->bytes);
	return true;
}

enum offer_outcome offer_fetch(struct segment *segment, struct reader *reader, const struct slot_offer *offer,
                               void *into)
{
	struct offer *place = &reader->channel->offers[offer->number];
	bool reads = segment->reads_memory && !reader->cannot_read, fetched = false;
	if (!still_offered(reader, offer))
		return OFFER_VOID;
	if (offer->in_segment)
		fetched = copy_from_segment(segment, offer, into);
	else if (reads)
		fetched = read_memory(segment, reader, offer, into);
	enum offer_phase phase = fetched ? PHASE_DONE : PHASE_STAGED;
	if (!offer_turn(segment, reader->rank, place, offer->state, offer_turned(offer->state, phase)))
		return OFFER_VOID;
	if (fetched)
		return OFFER_FETCHED;
	/* Forbidden (Yama, seccomp), or another pid namespace: it will not be different the next time. */
	reader->cannot_read = true;
	if (atomic_load(&segment->ranks[reader->rank].presence) >= RANK_LEFT)
		return OFFER_VOID;
	return OFFER_STAGED;
}
