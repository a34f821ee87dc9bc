/* SPDX-License-Identifier: MIT
 *
 * inbox: see inbox.h.
 */
#include "inbox.h"

#include "aside.h"
#include "error.h"
#include "heap.h"
#include "offer.h"
#include "staged.h"

#include <muster/error.h>

#include <errno.h>
#include <stdlib.h>

/* --- readers --- */

static struct reader *reader_of(struct inbox *inbox, uint32_t rank)
{
	struct reader *reader = inbox->readers[rank];
	if (reader != NULL || (reader = reader_create(rank)) == NULL)
		return reader;
	inbox->readers[rank] = reader;
	inbox->open[inbox->open_count++] = reader;
	return reader;
}

static bool is_channel_to_me(const struct inbox *inbox, uint64_t offset)
{
	const struct segment *segment = inbox->segment;
	if (heap_block_bytes(segment, offset) < sizeof(struct channel))
		return false;
	const struct channel *channel = segment_at(segment, offset);
	return channel->receiver == segment->rank && channel->sender < segment->rank_count;
}

/* Channels that were opened since the last look; each rank has one. */
static void discover(struct inbox *inbox)
{
	uint64_t newest = atomic_load_explicit(&inbox->segment->me->channels, memory_order_acquire);
	uint64_t at = newest;
	for (uint32_t steps = 0; at != inbox->newest_channel && steps < inbox->segment->rank_count; steps++) {
		if (!is_channel_to_me(inbox, at))
			break;
		struct channel *channel = segment_at(inbox->segment, at);
		struct reader *reader = reader_of(inbox, channel->sender);
		if (reader == NULL)
			return; /* looks again the next time */
		if (reader->channel == NULL)
			reader->channel = channel;
		at = channel->next;
	}
	inbox->newest_channel = newest;
}

void inbox_close(struct inbox *inbox)
{
	for (uint32_t i = 0; i < inbox->open_count; i++)
		reader_destroy(inbox->open[i]);
	free(inbox->open);
	free(inbox->readers);
	inbox->open_count = 0;
}

/* --- what is wanted --- */

static bool wants_from(const muster_request *request, const struct reader *reader)
{
	if (request->state == REQUEST_STAGED)
		return request->reader == reader;
	return request->state == REQUEST_WAITING &&
	       (request->peer == MUSTER_ANY || world_job_rank(request->world, (uint32_t)request->peer) == reader->rank);
}

static bool is_wanted(const struct inbox *inbox, const struct reader *reader)
{
	const muster_request *request = inbox->posted;
	while (request != NULL && !wants_from(request, reader))
		request = request->next;
	return request != NULL;
}

/* When it is void, the request goes on waiting. */
static void deliver_offer(struct inbox *inbox, struct reader *reader, muster_request *request,
                          const struct message_head *head, const struct slot_offer *offer)
{
	request_note(request, head);
	int rc = offer_fetch(inbox->segment, reader, offer, request);
	if (rc == OFFER_FETCHED)
		request_end(request, 0);
	else if (rc == OFFER_STAGED)
		staged_begin(reader, request, offer);
}

static void unlink_posted(struct inbox *inbox, const muster_request *request)
{
	muster_request *before = NULL, *posted = inbox->posted;
	while (posted != NULL && posted != request) {
		before = posted;
		posted = posted->next;
	}
	if (posted == NULL)
		return;
	*(before != NULL ? &before->next : &inbox->posted) = request->next;
	if (inbox->posted_last == request)
		inbox->posted_last = before;
}

/* --- what lies aside --- */

/* True when the message was taken or is void: it goes away. */
static bool take_aside(struct inbox *inbox, struct reader *reader, muster_request *request, struct aside *aside)
{
	bool receives;
	if (aside_is_void(reader, aside))
		return true;
	if (!request_claims(request, &aside->head, &receives) || !receives)
		return false;
	if (aside->form == ASIDE_OFFER) {
		deliver_offer(inbox, reader, request, &aside->head, &aside->offer);
		return true;
	}
	if (aside->form == ASIDE_ARRIVING && !request_ended(&aside->arriving)) {
		staged_take_over(reader, request, aside);
		return true;
	}
	request_deliver(request, &aside->head, aside->form == ASIDE_SELF ? aside->self->from : aside->data);
	if (aside->form == ASIDE_SELF)
		request_end(aside->self, 0);
	return true;
}

/* What fills it with blocks is among those that are posted, and a walk of them may be standing on it: it only leaves
 * them, and goes on leading to those behind it until the walk is over. */
static void drop_aside(struct inbox *inbox, struct reader *reader, struct aside *aside)
{
	if (aside->form != ASIDE_ARRIVING) {
		aside_remove(reader, aside);
		return;
	}
	aside_unlink(reader, aside);
	unlink_posted(inbox, &aside->arriving);
	request_end(&aside->arriving, MUSTER_EGONE);
	aside->next = inbox->spent;
	inbox->spent = aside;
}

static void free_spent(struct inbox *inbox)
{
	while (inbox->spent != NULL) {
		struct aside *aside = inbox->spent;
		inbox->spent = aside->next;
		free(aside);
	}
}

static void look_aside_at(struct inbox *inbox, struct reader *reader, muster_request *request)
{
	struct aside *aside = aside_first(reader, request->tag);
	for (struct aside *next; aside != NULL && request->state == REQUEST_WAITING; aside = next) {
		next = aside_next(aside, request->tag);
		if (take_aside(inbox, reader, request, aside))
			drop_aside(inbox, reader, aside);
	}
}

/* Nobody may ever ask for their tags. Each time that there are twice as many: all are looked at, but not again and
 * again. */
static void purge_aside(struct inbox *inbox, struct reader *reader)
{
	enum { FEW = 64 };
	if (reader->aside_count < FEW || reader->aside_count < reader->aside_most)
		return;
	for (struct aside *aside = reader->aside, *next; aside != NULL; aside = next) {
		next = aside->next;
		if (aside_is_void(reader, aside))
			drop_aside(inbox, reader, aside);
	}
	reader->aside_most = 2 * reader->aside_count;
}

static void look_aside(struct inbox *inbox, muster_request *request)
{
	if (request->peer != MUSTER_ANY) {
		struct reader *reader = inbox->readers[world_job_rank(request->world, (uint32_t)request->peer)];
		if (reader != NULL)
			look_aside_at(inbox, reader, request);
		return;
	}
	for (uint32_t i = 0; i < inbox->open_count && request->state == REQUEST_WAITING; i++)
		look_aside_at(inbox, inbox->open[(inbox->turn + i) % inbox->open_count], request);
	inbox->turn++;
}

/* What came in blocks came to nothing: the request wants another message. */
static void unstage(struct inbox *inbox, muster_request *request)
{
	staged_leave(request);
	if (request->parked) {
		request_end(request, MUSTER_EGONE);
		return;
	}
	request->state = REQUEST_WAITING;
	inbox->look = true;
	look_aside(inbox, request);
}

/* --- reading a channel --- */

/* False when it had to be moved aside, and there was no memory for that. What is for a freed world goes away. */
static bool take_message(struct inbox *inbox, struct reader *reader, const struct slot *slot, const void *data,
                         const struct message_head *head)
{
	bool receives = false;
	bool is_offer = slot_form(slot->what) == FORM_OFFER;
	if (is_offer && !offer_stands(reader, &slot->offer))
		return true;
	for (muster_request *request = inbox->posted; request != NULL; request = request->next) {
		/* Its message was taken back, and this may be it again, or one from behind it. */
		if (request->state == REQUEST_STAGED && staged_is_void(request))
			unstage(inbox, request);
		if (!request_claims(request, head, &receives) || !receives)
			continue;
		if (is_offer)
			deliver_offer(inbox, reader, request, head, &slot->offer);
		else
			request_deliver(request, head, data);
		return true;
	}
	if (world_is_over(inbox->segment, head->world)) {
		if (is_offer)
			offer_drop(inbox->segment, reader, slot->offer.number, slot->offer.state);
		return true;
	}
	struct aside *aside = aside_create(is_offer ? ASIDE_OFFER : ASIDE_DATA, head, is_offer ? NULL : data);
	if (aside == NULL)
		return false;
	if (is_offer)
		aside->offer = slot->offer;
	purge_aside(inbox, reader);
	aside_append(reader, aside);
	return true;
}

static void take_block(struct inbox *inbox, struct reader *reader, const struct slot_block *block)
{
	const char *data = reader_bulk(inbox->segment, reader, block->at, block->bytes);
	muster_request *vain = staged_take_block(inbox->segment, reader, block, data);
	if (vain != NULL)
		unstage(inbox, vain);
}

/* A copy of the slot, so that it does not change any more. */
static bool take_slot(struct inbox *inbox, struct reader *reader)
{
	const struct slot *next = channel_slot(reader->channel, reader->next);
	struct slot slot = {.what = next->what, .world = next->world, .tag = next->tag};
	const void *data = slot.data;
	uint64_t bulk_bytes = 0;
	bool taken = true;
	int heard = 0;
	memcpy(slot.data, next->data, sizeof slot.data);
	struct message_head head = {
		.world = slot.world, .tag = slot.tag, .source = slot_source(slot.what), .sender = reader->rank};
	switch (slot_form(slot.what)) {
	case FORM_INLINE:
		head.bytes = slot_inline_bytes(slot.what);
		data = head.bytes <= SLOT_BYTES ? data : NULL;
		break;
	case FORM_EAGER:
		head.bytes = bulk_bytes = slot.eager.bytes;
		data = reader_bulk(inbox->segment, reader, slot.eager.at, slot.eager.bytes);
		break;
	case FORM_OFFER:
		head.bytes = slot.offer.bytes;
		heard = reader_hear_of(inbox->segment, reader, slot.offer.number);
		if (heard == -ENOMEM)
			return false;
		data = heard == 0 ? data : NULL;
		break;
	case FORM_BLOCK:
		bulk_bytes = slot.block.bytes;
		take_block(inbox, reader, &slot.block);
		data = NULL;
		break;
	}
	if (data != NULL)
		taken = take_message(inbox, reader, &slot, data, &head);
	if (taken)
		reader_consume(inbox->segment, reader, bulk_bytes);
	return taken;
}

/* Somebody who waits for what is in the channel is told why it is not read. False when nobody does: what was found has
 * ended, and what comes aside is of nobody. */
static bool tell_no_memory(struct inbox *inbox, const struct reader *reader)
{
	muster_request *request = inbox->posted;
	while (request != NULL && (request->parked || !wants_from(request, reader)))
		request = request->next;
	if (request == NULL)
		return false;
	inbox_cancel(inbox, request, error_set(-ENOMEM, "no memory to take a message in"));
	return true;
}

static bool drain(struct inbox *inbox, struct reader *reader)
{
	bool moved = false;
	while (reader->channel != NULL && reader_ready(reader) && is_wanted(inbox, reader)) {
		if (!take_slot(inbox, reader))
			return tell_no_memory(inbox, reader) || moved;
		moved = true;
	}
	return moved;
}

/* --- requests --- */

/* After a walk of them. */
static void sweep(struct inbox *inbox)
{
	inbox->posted_last = NULL;
	for (muster_request **at = &inbox->posted; *at != NULL;)
		if (request_ended(*at)) {
			*at = (*at)->next;
		} else {
			inbox->posted_last = *at;
			at = &(*at)->next;
		}
	free_spent(inbox);
}

bool inbox_progress(struct inbox *inbox)
{
	bool moved = false;
	if (inbox->posted == NULL)
		return false;
	discover(inbox);
	for (muster_request *request = inbox->posted; request != NULL; request = request->next) {
		if (request->state == REQUEST_STAGED && staged_is_void(request))
			unstage(inbox, request);
		if (request->state == REQUEST_STAGED) {
			moved |= drain(inbox, request->reader);
		} else if (request->state == REQUEST_WAITING && request->peer == MUSTER_ANY) {
			for (uint32_t i = 0; i < inbox->open_count; i++)
				moved |= drain(inbox, inbox->open[(inbox->turn + i) % inbox->open_count]);
			inbox->turn += moved;
		} else if (request->state == REQUEST_WAITING) {
			struct reader *reader = inbox->readers[world_job_rank(request->world, (uint32_t)request->peer)];
			moved |= reader != NULL && drain(inbox, reader);
		}
	}
	sweep(inbox);
	return moved;
}

void inbox_post(struct inbox *inbox, muster_request *request)
{
	look_aside(inbox, request);
	free_spent(inbox);
	if (request_ended(request))
		return;
	request->next = NULL;
	*(inbox->posted != NULL ? &inbox->posted_last->next : &inbox->posted) = request;
	inbox->posted_last = request;
}

void inbox_cancel(struct inbox *inbox, muster_request *request, int rc)
{
	muster_request *parked = NULL;
	if (request->state == REQUEST_STAGED && !request->parked)
		parked = staged_park(inbox->segment, request);
	if (parked != NULL) {
		parked->next = inbox->posted;
		inbox->posted = parked;
		if (inbox->posted_last == NULL)
			inbox->posted_last = parked;
	}
	request_end(request, rc);
	unlink_posted(inbox, request);
}

void inbox_forget(struct inbox *inbox, const muster_world *world)
{
	for (muster_request *request = inbox->posted, *next; request != NULL; request = next) {
		next = request->next;
		if (request->world != world)
			continue;
		bool parked = request->parked;
		if (request->state == REQUEST_STAGED) {
			staged_leave(request);
			offer_drop(inbox->segment, request->reader, request->number, request->offer);
		}
		request_end(request, MUSTER_EFINALIZED);
		unlink_posted(inbox, request);
		if (!parked)
			free(request);
	}
	for (uint32_t i = 0; i < inbox->open_count; i++)
		aside_forget(inbox->segment, inbox->open[i], world);
}

void inbox_end_lost(struct inbox *inbox)
{
	bool any = false;
	for (muster_request *request = inbox->posted; request != NULL; request = request->next)
		any |= request_mark_lost(request) || staged_is_cut_short(inbox->segment, request);
	if (!any)
		return;
	for (muster_request *request = inbox->posted; request != NULL; request = request->next)
		request->cut_short = staged_is_cut_short(inbox->segment, request);
	inbox_progress(inbox);
	for (muster_request *request = inbox->posted; request != NULL; request = request->next) {
		if (request->state == REQUEST_STAGED && request->cut_short)
			unstage(inbox, request);
		if (request->state == REQUEST_WAITING && request->lost >= 0)
			request_end(request, MUSTER_EGONE);
	}
	sweep(inbox);
}

/* --- to oneself --- */

void inbox_send_self(struct inbox *inbox, muster_request *request)
{
	struct reader *reader = reader_of(inbox, inbox->segment->rank);
	struct message_head head = {.world = request->world->id,
	                            .tag = request->tag,
	                            .source = request->world->rank,
	                            .sender = inbox->segment->rank,
	                            .bytes = request->bytes};
	bool receives = false, buffered = request->bytes < EAGER_BYTES;
	for (muster_request *other = inbox->posted; reader != NULL && other != NULL; other = other->next)
		if (request_claims(other, &head, &receives) && receives) {
			request_deliver(other, &head, request->from);
			request_end(request, 0);
			break;
		}
	sweep(inbox);
	if (receives)
		return;
	struct aside *aside = NULL;
	if (reader != NULL)
		aside = aside_create(buffered ? ASIDE_DATA : ASIDE_SELF, &head, buffered ? request->from : NULL);
	if (aside == NULL) {
		request_end(request, error_set(-ENOMEM, "no memory for a message to oneself"));
		return;
	}
	aside->self = request;
	aside_append(reader, aside);
	if (buffered)
		request_end(request, 0);
}

void inbox_cancel_self(struct inbox *inbox, muster_request *request, int rc)
{
	struct reader *reader = inbox->readers[inbox->segment->rank];
	struct aside *aside = aside_first(reader, request->tag);
	while (aside != NULL && (aside->form != ASIDE_SELF || aside->self != request))
		aside = aside_next(aside, request->tag);
	if (aside != NULL)
		aside_remove(reader, aside);
	request_end(request, rc);
}

/* --- before sleeping --- */

bool inbox_arm(struct inbox *inbox)
{
	for (const muster_request *request = inbox->posted; request != NULL; request = request->next) {
		if (request->state == REQUEST_STAGED && !reader_arm(request->reader))
			return false;
		if (request->state != REQUEST_WAITING)
			continue;
		if (request->peer != MUSTER_ANY) {
			if (!reader_arm(inbox->readers[world_job_rank(request->world, (uint32_t)request->peer)]))
				return false;
			continue;
		}
		for (uint32_t i = 0; i < inbox->open_count; i++)
			if (!reader_arm(inbox->open[i]))
				return false;
	}
	return true;
}
