/* SPDX-License-Identifier: MIT
 *
 * offer: see offer.h. The sender may take its message back, and its memory be used for something else, at any instant:
 * what was copied counts only once the state has been turned.
 */
#include "offer.h"

#include "inbox.h"

#include <errno.h>
#include <sys/uio.h>

enum { CHUNK_BYTES = 8 << 20 }; /* between looks at whether it is still offered */

static bool still_offered(const struct reader *reader, const struct slot_offer *offer)
{
	return offer_seen(reader->channel, offer->number) == offer->state;
}

/* Its pid may be another process's by now, or mean another one here: the token is read by the same call. Bytes, or -1.
 */
static ssize_t read_chunk(const struct segment_rank *sender, uint64_t address, char *into, size_t bytes)
{
	uint64_t token = 0;
	struct iovec to[] = {{&token, sizeof token}, {into, bytes}};
	struct iovec from[] = {{(void *)(uintptr_t)sender->token, sizeof token}, {(void *)(uintptr_t)address, bytes}};
	ssize_t read = process_vm_readv(sender->pid, to, 2, from, 2, 0);
	if (read <= (ssize_t)sizeof token || token != sender->token_value)
		return -1;
	return read - (ssize_t)sizeof token;
}

static bool read_memory(const struct segment *segment, const struct reader *reader, const struct slot_offer *offer,
                        char *into)
{
	for (uint64_t done = 0; done < offer->bytes;) {
		uint64_t left = offer->bytes - done;
		ssize_t read = read_chunk(&segment->ranks[reader->rank], offer->address + done, into + done,
		                          left < CHUNK_BYTES ? left : CHUNK_BYTES);
		if (read < 0)
			return false;
		done += (uint64_t)read;
		if (done < offer->bytes && !still_offered(reader, offer))
			return false;
	}
	return true;
}

static bool copy_from_segment(const struct segment *segment, const struct slot_offer *offer, char *into)
{
	if (offer->address >= segment->bytes || offer->bytes > segment->bytes - offer->address)
		return false;
	memcpy(into, segment_at(segment, offer->address), offer->bytes);
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
