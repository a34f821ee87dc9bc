/* SPDX-License-Identifier: MIT
 *
 * staged: a large message whose memory this rank cannot read, or which two copy faster than one: its sender was asked
 * for it in blocks, and a request takes them in as they come.
 */
#ifndef MUSTER_LIBRARY_STAGED_H
#define MUSTER_LIBRARY_STAGED_H

#include "aside.h"

/* The blocks of this offer are for the request. */
void staged_begin(struct reader *reader, muster_request *request, const struct slot_offer *offer);

/* The blocks that come from now on, and those that came, are for this request. */
void staged_take_over(struct reader *reader, muster_request *request, const struct aside *aside);

/* Whether the blocks that come are still this request's: a sender that took its message back uses its number again. */
static inline bool staged_has_place(const muster_request *request)
{
	return *reader_staged(request->reader, request->number) == request;
}

/* They are not to be any more. */
static inline void staged_leave(const muster_request *request)
{
	if (staged_has_place(request))
		*reader_staged(request->reader, request->number) = NULL;
}

/* The request that it was the last one of and for which it came to nothing, since the sender took it back; or NULL. */
muster_request *staged_take_block(struct segment *segment, struct reader *reader, const struct slot_block *block,
                                  const char *data);

/* The receiver does not wait any more: the blocks go on into memory of ours, before all that came later. To begin anew
 * each time would never end where somebody only looks. Returns the request that takes them now; NULL: none does, or
 * none come any more. */
muster_request *staged_park(struct segment *segment, const muster_request *request);

/* Its sender took it back. */
static inline bool staged_is_void(const muster_request *request)
{
	return offer_seen(reader_offer(request->reader, request->number)) != request->offer;
}

/* Its sender has ended: what there was has been read. */
static inline bool staged_is_cut_short(const struct segment *segment, const muster_request *request)
{
	return request->state == REQUEST_STAGED &&
	       atomic_load(&segment->ranks[request->reader->rank].presence) >= RANK_LEFT;
}

#endif
