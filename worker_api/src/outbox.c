/* SPDX-License-Identifier: MIT
 *
 * outbox: see outbox.h.
 */
#include "outbox.h"

#include "error.h"
#include "heap.h"

#include <muster/error.h>

#include <errno.h>
#include <stdlib.h>

enum { BLOCKS_A_RING = 4, PATIENCE_BYTES = 64 << 10 };

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

/* So much that all ranks could send to all, within a quarter of the segment; less when that is not there. */
static bool make_bulk(struct segment *segment, struct writer *writer)
{
	uint64_t share = segment->bytes / 4 / segment->rank_count / segment->rank_count, offset = 0;
	uint64_t bytes = BULK_BYTES;
	while (bytes > share && bytes > BULK_BYTES_MIN)
		bytes /= 2;
	while ((offset = heap_take(segment, bytes)) == 0 && bytes > BULK_BYTES_MIN)
		bytes /= 2;
	if (offset == 0)
		return false;
	writer->channel->bulk_offset = offset;
	writer->channel->bulk_bytes = bytes;
	writer->bulk = segment_at(segment, offset);
	writer->bulk_bytes = bytes;
	return true;
}

static int no_memory(const struct outbox *outbox)
{
	return error_set(-ENOMEM,
	                 "no memory for messages is left in the job's shared segment of %zu bytes: raise shared_memory "
	                 "in the spec",
	                 outbox->segment->bytes);
}

struct writer *outbox_open(struct outbox *outbox, uint32_t rank)
{
	struct writer *writer = outbox->writers[rank];
	if (writer != NULL)
		return writer;
	writer = calloc(1, sizeof *writer);
	if (writer != NULL)
		writer->channel = make_channel(outbox->segment, rank);
	if (writer == NULL || writer->channel == NULL) {
		free(writer);
		no_memory(outbox);
		return NULL;
	}
	writer->rank = rank;
	outbox->writers[rank] = writer;
	return writer;
}

void outbox_close(struct outbox *outbox)
{
	for (uint32_t rank = 0; outbox->writers != NULL && rank < outbox->segment->rank_count; rank++)
		free(outbox->writers[rank]);
	free(outbox->writers);
	outbox->writers = NULL;
}

/* --- the bulk memory --- */

static bool bulk_fits(const struct writer *writer, uint64_t begin, uint64_t bytes)
{
	return begin + bytes - writer->bulk_free <= writer->bulk_bytes;
}

/* The next `bytes` in one piece, or NULL. */
static char *bulk_take(struct writer *writer, uint64_t bytes)
{
	uint64_t size = writer->bulk_bytes, begin = writer->bulk_at, at = begin % size;
	bytes = segment_round(bytes, SEGMENT_LINE);
	if (at + bytes > size)
		begin += size - at;
	if (!bulk_fits(writer, begin, bytes))
		writer_look(writer);
	if (!bulk_fits(writer, begin, bytes))
		return NULL;
	writer->bulk_at = begin + bytes;
	return writer->bulk + begin % size;
}

bool writer_put_eager(struct outbox *outbox, struct writer *writer, const muster_world *world, int tag,
                      const void *data, size_t bytes)
{
	char *room = writer_has_room(writer) ? bulk_take(writer, bytes) : NULL;
	if (room == NULL)
		return false;
	memcpy(room, data, bytes);
	struct slot *slot = writer_slot(writer, world, tag, slot_what(FORM_EAGER, 0, world->rank));
	slot->eager = (struct slot_eager){.bytes = bytes, .at = (uint64_t)(room - writer->bulk)};
	writer_publish(outbox, writer, slot);
	return true;
}

/* --- offers --- */

static bool put_offer(struct outbox *outbox, struct writer *writer, muster_request *request)
{
	uint32_t number = 0;
	while (number < CHANNEL_OFFERS && writer->offers[number] != NULL)
		number++;
	if (number == CHANNEL_OFFERS || !writer_has_room(writer))
		return false;
	const struct segment *segment = outbox->segment;
	request->in_segment = segment_holds(segment, request->from, request->bytes);
	request->address = request->in_segment ? (uint64_t)((const char *)request->from - segment->base)
	                                       : (uintptr_t)request->from;
	request->number = number;
	request->offer = offer_state(++writer->generation, 0, PHASE_OFFERED);
	request->state = REQUEST_OFFERED;
	writer->offers[number] = request;
	atomic_store(&writer->channel->offers[number].state, request->offer);
	struct slot *slot =
		writer_slot(writer, request->world, request->tag, slot_what(FORM_OFFER, 0, request->world->rank));
	slot->offer = (struct slot_offer){.bytes = request->bytes,
	                                  .state = request->offer,
	                                  .address = request->address,
	                                  .number = number,
	                                  .in_segment = request->in_segment};
	writer_publish(outbox, writer, slot);
	return true;
}

static bool stage(struct outbox *outbox, struct writer *writer, muster_request *request)
{
	bool moved = false;
	if (writer->bulk == NULL && !make_bulk(outbox->segment, writer)) {
		outbox_cancel(outbox, request, no_memory(outbox));
		return true;
	}
	while (request->moved < request->bytes && writer_has_room(writer)) {
		size_t bytes = writer->bulk_bytes / BLOCKS_A_RING;
		if (bytes > request->bytes - request->moved)
			bytes = request->bytes - request->moved;
		char *room = bulk_take(writer, bytes);
		if (room == NULL)
			break;
		memcpy(room, (const char *)request->from + request->moved, bytes);
		struct slot *slot = writer_slot(writer, request->world, request->tag,
		                                slot_what(FORM_BLOCK, 0, request->world->rank));
		slot->block = (struct slot_block){.state = request->offer,
		                                  .at = (uint64_t)(room - writer->bulk),
		                                  .bytes = (uint32_t)bytes,
		                                  .number = request->number};
		writer_publish(outbox, writer, slot);
		request->moved += bytes;
		moved = true;
	}
	return moved;
}

static bool progress_offer(struct outbox *outbox, struct writer *writer, uint32_t number)
{
	muster_request *request = writer->offers[number];
	uint64_t seen = offer_seen(writer->channel, number);
	bool changed = seen != request->offer;
	if (offer_phase(seen) == PHASE_DONE) {
		writer->offers[number] = NULL;
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
		writer_put_inline(outbox, writer, request->world, request->tag, request->from, request->bytes);
		request_end(request, 0);
		return true;
	}
	if (request->bytes < EAGER_BYTES && writer->bulk == NULL)
		make_bulk(outbox->segment, writer);
	if (request->bytes >= writer_eager_bytes(writer))
		return put_offer(outbox, writer, request);
	if (!writer_put_eager(outbox, writer, request->world, request->tag, request->from, request->bytes))
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
	writer->busy = writer->queue != NULL;
	for (uint32_t number = 0; number < CHANNEL_OFFERS; number++) {
		if (writer->offers[number] != NULL)
			moved |= progress_offer(outbox, writer, number);
		writer->busy |= writer->offers[number] != NULL;
	}
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
		state = offer_seen(writer->channel, number);
		if (offer_phase(state) == PHASE_DONE)
			return false;
	} while (!offer_turn(outbox->segment, writer->rank, &writer->channel->offers[number], state,
	                     offer_turned(state, PHASE_WITHDRAWN)));
	if (offer_phase(state) == PHASE_STAGED)
		bell_ring(outbox->segment, writer->rank);
	return true;
}

void outbox_cancel(struct outbox *outbox, muster_request *request, int rc)
{
	struct writer *writer = outbox->writers[world_job_rank(request->world, (uint32_t)request->peer)];
	if (request->state == REQUEST_OFFERED) {
		writer->offers[request->number] = NULL;
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
		for (int i = 0; i < CHANNEL_OFFERS; i++)
			if (writer->offers[i] != NULL && writer->offers[i]->world == world)
				return writer->offers[i];
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
	for (int i = 0; i < CHANNEL_OFFERS; i++)
		any |= writer->offers[i] != NULL && request_mark_lost(writer->offers[i]);
	return any;
}

static void end_marked(struct outbox *outbox, struct writer *writer)
{
	for (muster_request *request = writer->queue, *next; request != NULL; request = next) {
		next = request->next;
		if (request->lost >= 0)
			outbox_cancel(outbox, request, MUSTER_EGONE);
	}
	for (int i = 0; i < CHANNEL_OFFERS; i++)
		if (writer->offers[i] != NULL && writer->offers[i]->lost >= 0)
			outbox_cancel(outbox, writer->offers[i], MUSTER_EGONE);
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
		for (int i = 0; i < CHANNEL_OFFERS; i++) {
			muster_request *request = writer->offers[i];
			if (request != NULL && offer_phase(request->offer) == PHASE_FETCHED && request->patience > 0) {
				request->patience--;
				return true;
			}
		}
	return false;
}

static bool arm_consumed(struct writer *writer)
{
	uint32_t seen = writer->consumed;
	if (atomic_compare_exchange_strong(&writer->channel->consumed, &seen, seen | 1) ||
	    seen == (writer->consumed | 1))
		return true;
	writer_look(writer);
	return false;
}

static bool arm_offer(struct writer *writer, const muster_request *request)
{
	uint64_t seen = request->offer;
	return atomic_compare_exchange_strong(&writer->channel->offers[request->number].state, &seen, seen | 1) ||
	       seen == (request->offer | 1);
}

bool outbox_arm(struct outbox *outbox)
{
	for (struct writer *writer = outbox->busy; writer != NULL; writer = writer->next_busy) {
		if (!arm_consumed(writer))
			return false; /* only once for each change */
		for (int i = 0; i < CHANNEL_OFFERS; i++)
			if (writer->offers[i] != NULL && !arm_offer(writer, writer->offers[i]))
				return false;
	}
	return true;
}
