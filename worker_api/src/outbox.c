/* SPDX-License-Identifier: MIT
 *
 * outbox: see outbox.h.
 */
#include "outbox.h"

#include <muster/error.h>

#include <stdlib.h>

enum {
	BLOCKS_A_RING = 4,
	PATIENCE_BYTES = 64 << 10,
	LOOKS = 64, /* at offers, each time: there may be thousands, of which few have changed */
};

/* --- channels --- */

struct writer *outbox_open(struct outbox *outbox, uint32_t rank)
{
	if (outbox->writers[rank] == NULL)
		outbox->writers[rank] = writer_create(outbox->segment, rank);
	return outbox->writers[rank];
}

void outbox_close(struct outbox *outbox)
{
	for (uint32_t rank = 0; outbox->writers != NULL && rank < outbox->segment->rank_count; rank++)
		writer_destroy(outbox->writers[rank]);
	free(outbox->writers);
	outbox->writers = NULL;
}

/* --- offers --- */

static struct sent_offer *offer_out(const struct writer *writer, uint32_t at)
{
	return &writer->offers[writer->offers[at].nth];
}

static uint32_t take_number(struct writer *writer, muster_request *request)
{
	uint32_t number = writer->offers[writer->offers_out++].nth;
	writer->offers[number].request = request;
	return number;
}

/* The last one that is in use takes its place in the order. */
static void free_offer(struct writer *writer, uint32_t number)
{
	struct sent_offer *offers = writer->offers;
	uint32_t at = offers[number].at, last_at = --writer->offers_out, last = offers[last_at].nth;
	offers[number].request = NULL;
	offers[at].nth = last;
	offers[last].at = at;
	offers[last_at].nth = number;
	offers[number].at = last_at;
}

static bool put_offer(struct outbox *outbox, struct writer *writer, muster_request *request)
{
	if (!writer_has_room(writer))
		return false;
	int rc = writer->offers_out < writer->offer_count ? 0 : writer_more_offers(outbox->segment, writer);
	if (rc < 0) { /* nobody tells when there is some, and what is behind this one would wait with it */
		request_end(request, rc);
		return true;
	}
	uint32_t number = take_number(writer, request);
	const struct segment *segment = outbox->segment;
	request->in_segment = segment_holds(segment, request->from, request->bytes);
	request->address = request->in_segment ? (uint64_t)((const char *)request->from - segment->base)
	                                       : (uintptr_t)request->from;
	request->number = number;
	request->offer = offer_state(++writer->generation, 0, PHASE_OFFERED);
	request->state = REQUEST_OFFERED;
	atomic_store(&writer->offers[number].place->state, request->offer);
	struct slot *slot =
		writer_slot(writer, request->world, request->tag, slot_what(FORM_OFFER, 0, request->world->rank));
	slot->offer = (struct slot_offer){.bytes = request->bytes,
	                                  .state = request->offer,
	                                  .address = request->address,
	                                  .number = number,
	                                  .in_segment = request->in_segment,
	                                  .waits = request->waits};
	writer_publish(outbox->segment, writer, slot);
	return true;
}

static bool stage(struct outbox *outbox, struct writer *writer, muster_request *request)
{
	bool moved = false;
	int rc = writer_make_bulk(outbox->segment, writer);
	if (rc < 0) {
		outbox_cancel(outbox, request, rc);
		return true;
	}
	while (request->moved < request->bytes && writer_has_room(writer)) {
		size_t bytes = writer->bulk_bytes / BLOCKS_A_RING;
		if (bytes > request->bytes - request->moved)
			bytes = request->bytes - request->moved;
		char *room = writer_take_bulk(writer, bytes);
		if (room == NULL)
			break;
		memcpy(room, (const char *)request->from + request->moved, bytes);
		struct slot *slot = writer_slot(writer, request->world, request->tag,
		                                slot_what(FORM_BLOCK, 0, request->world->rank));
		slot->block = (struct slot_block){.state = request->offer,
		                                  .at = (uint64_t)(room - writer->bulk),
		                                  .bytes = (uint32_t)bytes,
		                                  .number = request->number};
		writer_publish(outbox->segment, writer, slot);
		request->moved += bytes;
		moved = true;
	}
	return moved;
}

static bool progress_offer(struct outbox *outbox, struct writer *writer, uint32_t number)
{
	muster_request *request = writer->offers[number].request;
	uint64_t seen = offer_seen(writer->offers[number].place);
	bool changed = seen != request->offer;
	if (offer_phase(seen) == PHASE_DONE) {
		free_offer(writer, number);
		request_end(request, 0);
		return true;
	}
	if (changed) {
		request->moved = 0;
		request->patience = (uint32_t)(request->bytes / PATIENCE_BYTES) + 1;
	}
	request->offer = seen;
	writer->stages |= offer_phase(seen) == PHASE_STAGED;
	return (offer_phase(seen) == PHASE_STAGED && stage(outbox, writer, request)) || changed;
}

/* --- the queue --- */

/* False when it must wait. */
static bool put(struct outbox *outbox, struct writer *writer, muster_request *request)
{
	if (request->bytes <= SLOT_BYTES) {
		if (!writer_has_room(writer))
			return false;
		writer_put_inline(outbox->segment, writer, request->world, request->tag, request->from, request->bytes);
		request_end(request, 0);
		return true;
	}
	if (request->bytes < EAGER_BYTES) /* without, it is offered */
		writer_make_bulk(outbox->segment, writer);
	if (request->bytes >= writer->eager_bytes)
		return put_offer(outbox, writer, request);
	if (!writer_put_eager(outbox->segment, writer, request->world, request->tag, request->from, request->bytes))
		return false;
	request_end(request, 0);
	return true;
}

/* What is missed in this turn is found by one of the next, or by outbox_arm. */
static bool progress_offers(struct outbox *outbox, struct writer *writer)
{
	bool moved = false, all = writer->stages || writer->offers_out <= LOOKS;
	if (all) {
		writer->stages = false;
		writer->turn = 0;
	}
	for (uint32_t left = all ? writer->offers_out : LOOKS; left > 0 && writer->offers_out > 0; left--) {
		uint32_t out = writer->offers_out;
		if (writer->turn >= out)
			writer->turn = 0;
		moved |= progress_offer(outbox, writer, writer->offers[writer->turn].nth);
		writer->turn += writer->offers_out == out; /* else another has taken its place */
	}
	return moved;
}

static bool progress_writer(struct outbox *outbox, struct writer *writer)
{
	bool moved = false;
	while (writer->queue != NULL && put(outbox, writer, writer->queue)) {
		writer->queue = writer->queue->next;
		moved = true;
	}
	moved |= progress_offers(outbox, writer);
	writer->busy = writer->queue != NULL || writer->offers_out > 0;
	return moved;
}

bool outbox_look(struct outbox *outbox, muster_request *request)
{
	if (request->kind != REQUEST_SEND || request->state != REQUEST_OFFERED)
		return false;
	struct writer *writer = outbox->writers[world_job_rank(request->world, (uint32_t)request->peer)];
	return progress_offer(outbox, writer, request->number);
}

bool outbox_progress(struct outbox *outbox)
{
	bool moved = false;
	for (struct writer **at = &outbox->busy; *at != NULL;) {
		struct writer *writer = *at;
		moved |= progress_writer(outbox, writer);
		if (writer->busy)
			at = &writer->next_busy;
		else
			*at = writer->next_busy;
	}
	return moved;
}

void outbox_post(struct outbox *outbox, struct writer *writer, muster_request *request)
{
	request->next = NULL;
	*(writer->queue != NULL ? &writer->queue_last->next : &writer->queue) = request;
	writer->queue_last = request;
	if (!writer->busy) {
		writer->busy = true;
		writer->next_busy = outbox->busy;
		outbox->busy = writer;
	}
}

/* False when the receiver has it already. */
static bool withdraw(struct outbox *outbox, struct writer *writer, uint32_t number)
{
	uint64_t state;
	do {
		state = offer_seen(writer->offers[number].place);
		if (offer_phase(state) == PHASE_DONE)
			return false;
	} while (!offer_turn(outbox->segment, writer->rank, writer->offers[number].place, state,
	                     offer_turned(state, PHASE_WITHDRAWN)));
	if (offer_phase(state) == PHASE_STAGED)
		bell_ring(outbox->segment, writer->rank);
	return true;
}

void outbox_cancel(struct outbox *outbox, muster_request *request, int rc)
{
	struct writer *writer = outbox->writers[world_job_rank(request->world, (uint32_t)request->peer)];
	if (request->state == REQUEST_OFFERED) {
		free_offer(writer, request->number);
		request_end(request, withdraw(outbox, writer, request->number) ? rc : 0);
		return;
	}
	muster_request *before = NULL, *queued = writer->queue;
	while (queued != NULL && queued != request) {
		before = queued;
		queued = queued->next;
	}
	if (queued != NULL) {
		*(before != NULL ? &before->next : &writer->queue) = request->next;
		if (writer->queue_last == request)
			writer->queue_last = before;
	}
	request_end(request, rc);
}

/* Any request of the world; NULL when there is none. */
static muster_request *find_request(const struct outbox *outbox, const muster_world *world)
{
	for (struct writer *writer = outbox->busy; writer != NULL; writer = writer->next_busy) {
		for (muster_request *request = writer->queue; request != NULL; request = request->next)
			if (request->world == world)
				return request;
		for (uint32_t i = 0; i < writer->offer_count; i++)
			if (writer->offers[i].request != NULL && writer->offers[i].request->world == world)
				return writer->offers[i].request;
	}
	return NULL;
}

void outbox_forget(struct outbox *outbox, const muster_world *world)
{
	muster_request *request;
	while ((request = find_request(outbox, world)) != NULL) {
		outbox_cancel(outbox, request, MUSTER_EFINALIZED);
		free(request);
	}
}

static bool mark_lost(struct writer *writer)
{
	bool any = false;
	for (muster_request *request = writer->queue; request != NULL; request = request->next)
		any |= request_mark_lost(request);
	for (uint32_t i = 0; i < writer->offer_count; i++)
		any |= writer->offers[i].request != NULL && request_mark_lost(writer->offers[i].request);
	return any;
}

static void end_marked(struct outbox *outbox, struct writer *writer)
{
	for (muster_request *request = writer->queue, *next; request != NULL; request = next) {
		next = request->next;
		if (request->lost >= 0)
			outbox_cancel(outbox, request, MUSTER_EGONE);
	}
	for (uint32_t i = 0; i < writer->offer_count; i++)
		if (writer->offers[i].request != NULL && writer->offers[i].request->lost >= 0)
			outbox_cancel(outbox, writer->offers[i].request, MUSTER_EGONE);
}

void outbox_end_lost(struct outbox *outbox)
{
	for (struct writer *writer = outbox->busy; writer != NULL; writer = writer->next_busy)
		if (mark_lost(writer))
			end_marked(outbox, writer);
}

/* --- before sleeping --- */

bool outbox_has_patience(struct outbox *outbox)
{
	for (struct writer *writer = outbox->busy; writer != NULL; writer = writer->next_busy)
		for (uint32_t i = 0; i < writer->offers_out; i++) {
			muster_request *request = offer_out(writer, i)->request;
			if (offer_phase(request->offer) == PHASE_FETCHED && request->patience > 0) {
				request->patience--;
				return true;
			}
		}
	return false;
}

static bool arm_offer(const struct sent_offer *sent)
{
	uint64_t offer = sent->request->offer, seen = atomic_load_explicit(&sent->place->state, memory_order_acquire);
	if (seen == (offer | 1)) /* since the last time */
		return true;
	seen = offer;
	return atomic_compare_exchange_strong(&sent->place->state, &seen, seen | 1) || seen == (offer | 1);
}

bool outbox_arm(struct outbox *outbox)
{
	for (struct writer *writer = outbox->busy; writer != NULL; writer = writer->next_busy) {
		if (!writer_arm(writer))
			return false; /* only once for each change */
		for (uint32_t i = 0; i < writer->offers_out; i++)
			if (!arm_offer(offer_out(writer, i))) {
				writer->turn = i;
				return false;
			}
	}
	return true;
}
