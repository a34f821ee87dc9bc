/* SPDX-License-Identifier: MIT
 *
 * staged: see staged.h.
 */
#include "staged.h"

void staged_begin(struct reader *reader, muster_request *request, const struct slot_offer *offer)
{
	request->reader = reader;
	request->number = offer->number;
	request->offer = offer_turned(offer->state, PHASE_STAGED);
	request->address = offer->address;
	request->in_segment = offer->in_segment;
	request->moved = 0;
	request->cut_short = false;
	request->state = REQUEST_STAGED;
	*reader_staged(reader, offer->number) = request;
}

void staged_take_over(struct reader *reader, muster_request *request, const struct aside *aside)
{
	const muster_request *arriving = &aside->arriving;
	memcpy(request->into, aside->data, arriving->moved);
	request->message = arriving->message;
	request->reader = reader;
	request->number = arriving->number;
	request->offer = arriving->offer;
	request->address = arriving->address;
	request->in_segment = arriving->in_segment;
	request->moved = arriving->moved;
	request->cut_short = arriving->cut_short;
	request->state = REQUEST_STAGED;
	*reader_staged(reader, request->number) = request;
}

muster_request *staged_take_block(struct segment *segment, struct reader *reader, const struct slot_block *block,
                                  const char *data)
{
	muster_request *request = reader_heard_of(reader, block->number) ? *reader_staged(reader, block->number) : NULL;
	if (request == NULL || request->offer != block->state || data == NULL ||
	    block->bytes > request->message.bytes - request->moved)
		return NULL;
	memcpy((char *)request->into + request->moved, data, block->bytes);
	request->moved += block->bytes;
	if (request->moved < request->message.bytes)
		return NULL;
	if (!offer_turn(segment, reader->rank, reader_offer(reader, request->number), request->offer,
	                offer_turned(request->offer, PHASE_DONE)))
		return request;
	*reader_staged(reader, request->number) = NULL;
	request_end(request, 0);
	return NULL;
}

/* --- when nobody waits for it any more --- */

/* The message is an offer again: what has come of it is void. */
static void give_back(struct segment *segment, const muster_request *request, const struct message_head *head)
{
	struct reader *reader = request->reader;
	uint64_t again = offer_again(request->offer);
	if (!offer_turn(segment, reader->rank, reader_offer(reader, request->number), request->offer, again))
		return;
	struct aside *aside = aside_kept(reader, request->number);
	aside->form = ASIDE_OFFER;
	aside->head = *head;
	aside->offer = (struct slot_offer){.bytes = request->message.bytes,
	                                   .state = again,
	                                   .address = request->address,
	                                   .number = request->number,
	                                   .in_segment = request->in_segment};
	aside_prepend(reader, aside);
}

muster_request *staged_park(struct segment *segment, const muster_request *request)
{
	struct message_head head = {.world = request->world->id,
	                            .tag = request->message.tag,
	                            .source = (uint32_t)request->message.source,
	                            .sender = request->reader->rank,
	                            .bytes = request->message.bytes};
	if (!staged_has_place(request))
		return NULL;
	struct aside *aside = aside_create_empty(ASIDE_ARRIVING, &head);
	staged_leave(request);
	if (aside == NULL) {
		give_back(segment, request, &head);
		return NULL;
	}
	aside->arriving = *request;
	aside->arriving.parked = true;
	aside->arriving.into = aside->data;
	memcpy(aside->data, request->into, request->moved);
	*reader_staged(request->reader, request->number) = &aside->arriving;
	aside_prepend(request->reader, aside);
	return &aside->arriving;
}
