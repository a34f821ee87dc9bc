/* SPDX-License-Identifier: MIT
 *
 * outbox: see outbox.h.
 */
#include "outbox.h"

#include <muster/error.h>

#include <stdlib.h>

enum { BLOCKS_A_RING = 4, PATIENCE_BYTES = 64 << 10 };

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

static uint32_t free_number(const struct writer *writer)
{
	uint32_t number = 0;
	while (writer->offers[number].request != NULL)
		number++;
	return number;
}

static void free_offer(struct writer *writer, uint32_t number)
{
	writer->offers[number].request = NULL;
	writer->offers_out--;
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
	uint32_t number = free_number(writer);
	const struct segment *segment = outbox->segment;
	request->in_segment = segment_holds(segment, request->from, request->bytes);
	request->address = request->in_segment ? (uint64_t)((const char *)request->from - segment->base)
	                                       : (uintptr_t)request->from;
	request->number = number;
	request->offer = offer_state(++writer->generation, 0, PHASE_OFFERED);
	request->state = REQUEST_OFFERED;
	writer->offers[number].request = request;
	writer->offers_out++;
	atomic_store(&writer->offers[number].place->state, request->offer);
	struct slot *slot =
		writer_slot(writer, request->world, request->tag, slot_what(FORM_OFFER, 0, request->world->rank));
	slot->offer = (struct slot_offer){.bytes = request->bytes,
	                                  .state = request->offer,
	                                  .address = request->address,
	                                  .number = number,
	                                  .in_segment = request->in_segment};
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

static bool progress_writer(struct outbox *outbox, struct writer *writer)
{
	bool moved = false;
	while (writer->queue != NULL && put(outbox, writer, writer->queue)) {
		writer->queue = writer->queue->next;
		moved = true;
	}
	for (uint32_t number = 0, left = writer->offers_out; left > 0; number++)
		if (writer->offers[number].request != NULL) {
			moved |= progress_offer(outbox, writer, number);
			left--;
		}
	writer->busy = writer->queue != NULL || writer->offers_out > 0;
	return moved;
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
	muster_request **last = &writer->queue;
	while (*last != NULL)
		last = &(*last)->next;
	request->next = NULL;
	*last = request;
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
	for (muster_request **at = &writer->queue; *at != NULL; at = &(*at)->next)
		if (*at == request) {
			*at = request->next;
			break;
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
		for (uint32_t i = 0; i < writer->offer_count && writer->offers_out > 0; i++) {
			muster_request *request = writer->offers[i].request;
			if (request != NULL && offer_phase(request->offer) == PHASE_FETCHED && request->patience > 0) {
				request->patience--;
				return true;
			}
		}
	return false;
}

static bool arm_offer(const struct sent_offer *sent)
{
	uint64_t offer = sent->request->offer, seen = offer;
	return atomic_compare_exchange_strong(&sent->place->state, &seen, seen | 1) || seen == (offer | 1);
}

bool outbox_arm(struct outbox *outbox)
{
	for (struct writer *writer = outbox->busy; writer != NULL; writer = writer->next_busy) {
		if (!writer_arm(writer))
			return false; /* only once for each change */
		for (uint32_t i = 0; i < writer->offer_count && writer->offers_out > 0; i++)
			if (writer->offers[i].request != NULL && !arm_offer(&writer->offers[i]))
				return false;
	}
	return true;
}
