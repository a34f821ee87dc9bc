/* SPDX-License-Identifier: MIT
 *
 * offer: see offer.h. The sender may take its message back, and its memory be used for something else, at any instant:
 * what was copied counts only once the state has been turned.
 */
#include "offer.h"

#include "copying.h"

enum { CHUNK_BYTES = 8 << 20 }; /* between looks at whether it is still offered */

/* In chunks, so that it ends soon when the offer is withdrawn. */
static bool read_memory(const struct segment *segment, const struct reader *reader, const struct slot_offer *offer,
                        char *into)
{
	uint64_t fetched = offer_turned(offer->state, PHASE_FETCHED);
	for (uint64_t done = 0, bytes; done < offer->bytes; done += bytes) {
		bytes = offer->bytes - done < CHUNK_BYTES ? offer->bytes - done : CHUNK_BYTES;
		if (offer_seen(reader_offer(reader, offer->number)) != fetched)
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

/* What is not in the caches comes faster when one core reads it from memory and the other writes it: 1.7 times at
 * 64 MiB. Both must have a core, and be in their calls until all is through. */
static bool both_copy(const struct segment *segment, const struct slot_offer *offer, const muster_request *request)
{
	return !offer->in_segment && offer->bytes >= COPY_LARGE_BYTES && offer->waits && request->waits &&
	       segment->wait_mode == WAIT_SPIN;
}

enum offer_outcome offer_fetch(struct segment *segment, struct reader *reader, const struct slot_offer *offer,
                               const muster_request *request)
{
	struct offer *place = reader_offer(reader, offer->number);
	uint64_t fetched = offer_turned(offer->state, PHASE_FETCHED), staged = offer_turned(offer->state, PHASE_STAGED);
	bool done = false;
	if (both_copy(segment, offer, request))
		return offer_turn(segment, reader->rank, place, offer->state, staged) ? OFFER_STAGED : OFFER_VOID;
	if (!offer_turn(segment, reader->rank, place, offer->state, fetched))
		return OFFER_VOID;
	if (offer->in_segment)
		done = copy_from_segment(segment, offer, request->into);
	else if (segment->reads_memory && !reader->cannot_read)
		done = read_memory(segment, reader, offer, request->into);
	if (!offer_turn(segment, reader->rank, place, fetched, done ? offer_turned(fetched, PHASE_DONE) : staged))
		return OFFER_VOID;
	if (done)
		return OFFER_FETCHED;
	if (atomic_load(&segment->ranks[reader->rank].presence) >= RANK_LEFT)
		return OFFER_VOID;
	/* Forbidden (Yama, seccomp), or another pid namespace: it will not be different the next time. */
	reader->cannot_read = true;
	return OFFER_STAGED;
}

void offer_drop(struct segment *segment, const struct reader *reader, uint32_t number, uint64_t state)
{
	offer_turn(segment, reader->rank, reader_offer(reader, number), state, offer_turned(state, PHASE_DONE));
}

bool offer_stands(const struct reader *reader, const struct slot_offer *offer)
{
	return reader_heard_of(reader, offer->number) &&
	       offer_seen(reader_offer(reader, offer->number)) == offer->state;
}
