/* SPDX-License-Identifier: MIT
 *
 * inbox: see inbox.h. Nothing that a sender wrote is believed before it was checked: what makes no sense is no message.
 */
#include "inbox.h"

#include "error.h"
#include "heap.h"
#include "offer.h"

#include <muster/error.h>

#include <errno.h>
#include <stdlib.h>

enum aside_form { ASIDE_DATA, ASIDE_OFFER, ASIDE_ARRIVING, ASIDE_SELF };

struct head {
	uint32_t world;
	int32_t tag;
	uint32_t source; /* member */
	size_t bytes;
};

/* A message that came before it was asked for. */
struct aside {
	struct aside *next;
	enum aside_form form;
	struct head head;
	struct slot_offer offer;
	muster_request arriving; /* what fills `data` with blocks */
	muster_request *self;    /* who sends it */
	unsigned char data[];
};

/* --- readers --- */

static struct reader *reader_of(struct inbox *inbox, uint32_t rank)
{
	struct reader *reader = inbox->readers[rank];
	if (reader != NULL)
		return reader;
	reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return NULL;
	reader->rank = rank;
	reader->aside_end = &reader->aside;
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

const char *reader_bulk(struct inbox *inbox, struct reader *reader, uint64_t at, uint64_t bytes)
{
	if (reader->bulk == NULL) {
		uint64_t offset = reader->channel->bulk_offset, size = reader->channel->bulk_bytes;
		if (size > BULK_BYTES || heap_block_bytes(inbox->segment, offset) < size)
			return NULL;
		reader->bulk = segment_at(inbox->segment, offset);
		reader->bulk_bytes = size;
	}
	if (at > reader->bulk_bytes || bytes > reader->bulk_bytes - at)
		return NULL;
	return reader->bulk + at;
}

void inbox_close(struct inbox *inbox)
{
	for (uint32_t i = 0; i < inbox->open_count; i++) {
		while (inbox->open[i]->aside != NULL) {
			struct aside *aside = inbox->open[i]->aside;
			inbox->open[i]->aside = aside->next;
			free(aside);
		}
		free(inbox->open[i]);
	}
	free(inbox->open);
	free(inbox->readers);
	inbox->open_count = 0;
}

/* --- matching --- */

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

static bool matches(const muster_request *request, const struct reader *reader, const struct head *head)
{
	return request->state == REQUEST_WAITING && request->world->id == head->world &&
	       (request->tag == MUSTER_ANY || request->tag == head->tag) &&
	       (request->peer == MUSTER_ANY || request->peer == (int32_t)head->source) &&
	       head->source < request->world->size && world_job_rank(request->world, head->source) == reader->rank;
}

static void note_message(muster_request *request, const struct head *head)
{
	request->message = (struct muster_message){.source = (int)head->source, .tag = head->tag, .bytes = head->bytes};
}

/* True when the request is for this message: it has ended then, too, when it only probes or has no room. */
static bool claims(muster_request *request, const struct reader *reader, const struct head *head, bool *receives)
{
	*receives = false;
	if (!matches(request, reader, head))
		return false;
	if (request->kind == REQUEST_PROBE) {
		note_message(request, head);
		request_end(request, 0);
	} else if (head->bytes > request->bytes) {
		request->message.bytes = head->bytes;
		request_end(request, -EMSGSIZE);
	} else {
		*receives = true;
	}
	return true;
}

static void deliver(muster_request *request, const struct head *head, const void *data)
{
	if (head->bytes > 0)
		memcpy(request->into, data, head->bytes);
	note_message(request, head);
	request_end(request, 0);
}

/* False when it is void: the request goes on waiting. */
static bool deliver_offer(struct inbox *inbox, struct reader *reader, muster_request *request, const struct head *head,
                          const struct slot_offer *offer)
{
	note_message(request, head);
	int rc = offer_fetch(inbox->segment, reader, offer, request->into);
	if (rc == OFFER_FETCHED) {
		request_end(request, 0);
		return true;
	}
	if (rc != OFFER_STAGED)
		return false;
	request->reader = reader;
	request->number = offer->number;
	request->offer = offer_turned(offer->state, PHASE_STAGED);
	request->address = offer->address;
	request->in_segment = offer->in_segment;
	request->moved = 0;
	request->state = REQUEST_STAGED;
	reader->staged[offer->number] = request;
	return true;
}

/* --- aside --- */

static struct aside *make_aside(enum aside_form form, const struct head *head, const void *data)
{
	struct aside *aside = malloc(sizeof *aside + (data != NULL ? head->bytes : 0));
	if (aside == NULL)
		return NULL;
	*aside = (struct aside){.form = form, .head = *head};
	if (data != NULL)
		memcpy(aside->data, data, head->bytes);
	return aside;
}

static void append_aside(struct reader *reader, struct aside *aside)
{
	*reader->aside_end = aside;
	reader->aside_end = &aside->next;
}

static void remove_aside(struct reader *reader, struct aside **at)
{
	struct aside *aside = *at;
	*at = aside->next;
	if (reader->aside_end == &aside->next)
		reader->aside_end = at;
	free(aside);
}

static bool is_offered(const struct reader *reader, const struct slot_offer *offer)
{
	return offer->number < CHANNEL_OFFERS && offer_seen(reader->channel, offer->number) == offer->state;
}

static void unlink_posted(struct inbox *inbox, const muster_request *request)
{
	muster_request **at = &inbox->posted;
	while (*at != NULL && *at != request)
		at = &(*at)->next;
	if (*at != NULL)
		*at = request->next;
}

/* The blocks that come from now on are for this request. */
static void take_over(struct inbox *inbox, struct reader *reader, muster_request *request, const struct aside *aside)
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
	request->state = REQUEST_STAGED;
	reader->staged[request->number] = request;
	unlink_posted(inbox, arriving);
}

static bool is_void(const struct reader *reader, const struct aside *aside)
{
	if (aside->form == ASIDE_OFFER)
		return !is_offered(reader, &aside->offer);
	return aside->form == ASIDE_ARRIVING && request_ended(&aside->arriving) && aside->arriving.rc < 0;
}

/* True when the message was taken or is void: it goes away. */
static bool take_aside(struct inbox *inbox, struct reader *reader, muster_request *request, struct aside *aside)
{
	bool receives;
	if (is_void(reader, aside))
		return true;
	if (!claims(request, reader, &aside->head, &receives) || !receives)
		return false;
	if (aside->form == ASIDE_OFFER) {
		deliver_offer(inbox, reader, request, &aside->head, &aside->offer);
		return true;
	}
	if (aside->form == ASIDE_ARRIVING && !request_ended(&aside->arriving)) {
		take_over(inbox, reader, request, aside);
		return true;
	}
	deliver(request, &aside->head, aside->form == ASIDE_SELF ? aside->self->from : aside->data);
	if (aside->form == ASIDE_SELF)
		request_end(aside->self, 0);
	return true;
}

static void look_aside_at(struct inbox *inbox, struct reader *reader, muster_request *request)
{
	for (struct aside **at = &reader->aside; *at != NULL && request->state == REQUEST_WAITING;)
		if (take_aside(inbox, reader, request, *at))
			remove_aside(reader, at);
		else
			at = &(*at)->next;
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

/* --- staged messages --- */

/* It came to nothing: the request wants another one. */
static void unstage(struct inbox *inbox, muster_request *request)
{
	request->reader->staged[request->number] = NULL;
	if (request->parked) {
		request_end(request, MUSTER_EGONE);
		return;
	}
	request->state = REQUEST_WAITING;
	inbox->look = true;
	look_aside(inbox, request);
}

static void take_block(struct inbox *inbox, struct reader *reader, const struct slot_block *block, const char *data)
{
	muster_request *request = block->number < CHANNEL_OFFERS ? reader->staged[block->number] : NULL;
	if (request == NULL || request->offer != block->state || data == NULL ||
	    block->bytes > request->message.bytes - request->moved)
		return;
	memcpy((char *)request->into + request->moved, data, block->bytes);
	request->moved += block->bytes;
	if (request->moved < request->message.bytes)
		return;
	if (!offer_turn(inbox->segment, reader->rank, &reader->channel->offers[request->number], request->offer,
	                offer_turned(request->offer, PHASE_DONE))) {
		unstage(inbox, request);
		return;
	}
	reader->staged[request->number] = NULL;
	request_end(request, 0);
}

static void prepend_aside(struct reader *reader, struct aside *aside)
{
	aside->next = reader->aside;
	reader->aside = aside;
	if (aside->next == NULL)
		reader->aside_end = &aside->next;
}

/* The message is an offer again: what has come of it is void. */
static void give_back(struct inbox *inbox, muster_request *request, struct aside *aside)
{
	struct reader *reader = request->reader;
	aside->offer = (struct slot_offer){.bytes = request->message.bytes,
	                                   .state = offer_again(request->offer),
	                                   .address = request->address,
	                                   .number = request->number,
	                                   .in_segment = request->in_segment};
	if (!offer_turn(inbox->segment, reader->rank, &reader->channel->offers[request->number], request->offer,
	                aside->offer.state))
		free(aside);
	else
		prepend_aside(reader, aside);
}

/* The receiver's time limit passed: the blocks go on into memory of ours, before all that came later. To begin anew
 * each time would never end where somebody only looks. */
static void park(struct inbox *inbox, muster_request *request)
{
	struct head head = {.world = request->world->id,
	                    .tag = request->message.tag,
	                    .source = (uint32_t)request->message.source,
	                    .bytes = request->message.bytes};
	struct aside *aside = malloc(sizeof *aside + head.bytes);
	request->reader->staged[request->number] = NULL;
	if (aside == NULL) {
		aside = make_aside(ASIDE_OFFER, &head, NULL);
		if (aside != NULL)
			give_back(inbox, request, aside);
		return;
	}
	*aside = (struct aside){.form = ASIDE_ARRIVING, .head = head, .arriving = *request};
	aside->arriving.parked = true;
	aside->arriving.into = aside->data;
	memcpy(aside->data, request->into, request->moved);
	request->reader->staged[request->number] = &aside->arriving;
	prepend_aside(request->reader, aside);
	aside->arriving.next = inbox->posted;
	inbox->posted = &aside->arriving;
}

/* --- reading a channel --- */

/* False when it had to be moved aside, and there was no memory for that. */
static bool take_message(struct inbox *inbox, struct reader *reader, const struct slot *slot, const void *data,
                         const struct head *head)
{
	bool receives = false;
	bool is_offer = slot_form(slot->what) == FORM_OFFER;
	if (is_offer && !is_offered(reader, &slot->offer))
		return true;
	for (muster_request *request = inbox->posted; request != NULL; request = request->next) {
		if (!claims(request, reader, head, &receives) || !receives)
			continue;
		if (is_offer)
			deliver_offer(inbox, reader, request, head, &slot->offer);
		else
			deliver(request, head, data);
		return true;
	}
	struct aside *aside = make_aside(is_offer ? ASIDE_OFFER : ASIDE_DATA, head, is_offer ? NULL : data);
	if (aside == NULL)
		return false;
	if (is_offer)
		aside->offer = slot->offer;
	append_aside(reader, aside);
	return true;
}

/* A copy of the slot, so that it does not change any more. */
static bool take_slot(struct inbox *inbox, struct reader *reader)
{
	const struct slot *next = channel_slot(reader->channel, reader->next);
	struct slot slot = {.what = next->what, .world = next->world, .tag = next->tag};
	const void *data = slot.data;
	uint64_t bulk_bytes = 0;
	bool taken = true;
	memcpy(slot.data, next->data, sizeof slot.data);
	struct head head = {.world = slot.world, .tag = slot.tag, .source = slot_source(slot.what)};
	switch (slot_form(slot.what)) {
	case FORM_INLINE:
		head.bytes = slot_inline_bytes(slot.what);
		data = head.bytes <= SLOT_BYTES ? data : NULL;
		break;
	case FORM_EAGER:
		head.bytes = bulk_bytes = slot.eager.bytes;
		data = reader_bulk(inbox, reader, slot.eager.at, slot.eager.bytes);
		break;
	case FORM_OFFER:
		head.bytes = slot.offer.bytes;
		break;
	case FORM_BLOCK:
		bulk_bytes = slot.block.bytes;
		take_block(inbox, reader, &slot.block, reader_bulk(inbox, reader, slot.block.at, slot.block.bytes));
		data = NULL;
		break;
	}
	if (data != NULL)
		taken = take_message(inbox, reader, &slot, data, &head);
	if (taken)
		reader_consume(inbox, reader, bulk_bytes);
	return taken;
}

static void end_first_wanting(struct inbox *inbox, const struct reader *reader, int rc)
{
	muster_request *request = inbox->posted;
	while (!wants_from(request, reader))
		request = request->next;
	inbox_cancel(inbox, request, rc);
}

static bool drain(struct inbox *inbox, struct reader *reader)
{
	bool moved = false;
	while (reader->channel != NULL && reader_ready(reader) && is_wanted(inbox, reader)) {
		moved = true;
		if (!take_slot(inbox, reader)) {
			end_first_wanting(inbox, reader,
			                  error_set(-ENOMEM, "no memory for a message that nobody waits for"));
			break;
		}
	}
	return moved;
}

/* --- requests --- */

static void sweep(struct inbox *inbox)
{
	for (muster_request **at = &inbox->posted; *at != NULL;)
		if (request_ended(*at))
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

static void check_staged(struct inbox *inbox, muster_request *request)
{
	if (request->state == REQUEST_STAGED && offer_seen(request->reader->channel, request->number) != request->offer)
		unstage(inbox, request);
}

bool inbox_progress(struct inbox *inbox)
{
	bool moved = false;
	if (inbox->posted == NULL)
		return false;
	discover(inbox);
	for (muster_request *request = inbox->posted; request != NULL; request = request->next) {
		check_staged(inbox, request);
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
	muster_request **last = &inbox->posted;
	look_aside(inbox, request);
	if (request_ended(request))
		return;
	while (*last != NULL)
		last = &(*last)->next;
	request->next = NULL;
	*last = request;
}

void inbox_cancel(struct inbox *inbox, muster_request *request, int rc)
{
	if (request->state == REQUEST_STAGED && !request->parked)
		park(inbox, request);
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
		if (request->state == REQUEST_STAGED)
			request->reader->staged[request->number] = NULL;
		request_end(request, MUSTER_EFINALIZED);
		unlink_posted(inbox, request);
		if (!parked)
			free(request);
	}
	for (uint32_t i = 0; i < inbox->open_count; i++)
		for (struct aside **at = &inbox->open[i]->aside; *at != NULL;)
			if ((*at)->head.world == world->id) {
				if ((*at)->form == ASIDE_SELF)
					free((*at)->self);
				remove_aside(inbox->open[i], at);
			} else {
				at = &(*at)->next;
			}
}

/* Blocks of a message whose sender has ended: what there was has been read. */
static bool is_cut_short(const struct inbox *inbox, const muster_request *request)
{
	return request->state == REQUEST_STAGED &&
	       atomic_load(&inbox->segment->ranks[request->reader->rank].presence) >= RANK_LEFT;
}

void inbox_end_lost(struct inbox *inbox)
{
	bool any = false;
	for (muster_request *request = inbox->posted; request != NULL; request = request->next)
		any |= request_mark_lost(request) || is_cut_short(inbox, request);
	if (!any)
		return;
	for (muster_request *request = inbox->posted; request != NULL; request = request->next)
		request->cut_short = is_cut_short(inbox, request);
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
	struct head head = {.world = request->world->id,
	                    .tag = request->tag,
	                    .source = request->world->rank,
	                    .bytes = request->bytes};
	bool receives = false, buffered = request->bytes < EAGER_BYTES;
	for (muster_request *other = inbox->posted; reader != NULL && other != NULL; other = other->next)
		if (claims(other, reader, &head, &receives) && receives) {
			deliver(other, &head, request->from);
			request_end(request, 0);
			break;
		}
	sweep(inbox);
	if (receives)
		return;
	struct aside *aside =
		reader != NULL ? make_aside(buffered ? ASIDE_DATA : ASIDE_SELF, &head, buffered ? request->from : NULL)
			       : NULL;
	if (aside == NULL) {
		request_end(request, error_set(-ENOMEM, "no memory for a message to oneself"));
		return;
	}
	aside->self = request;
	append_aside(reader, aside);
	if (buffered)
		request_end(request, 0);
}

void inbox_cancel_self(struct inbox *inbox, muster_request *request, int rc)
{
	struct reader *reader = inbox->readers[inbox->segment->rank];
	for (struct aside **at = &reader->aside; *at != NULL; at = &(*at)->next)
		if ((*at)->form == ASIDE_SELF && (*at)->self == request) {
			remove_aside(reader, at);
			break;
		}
	request_end(request, rc);
}

/* --- before sleeping --- */

static bool arm_reader(struct reader *reader)
{
	if (reader == NULL || reader->channel == NULL)
		return true; /* whoever opens one rings */
	struct slot *slot = channel_slot(reader->channel, reader->next);
	uint32_t seen = atomic_load(&slot->word);
	if ((seen & ~1U) == reader->next + 2)
		return false;
	return (seen & 1) != 0 || atomic_compare_exchange_strong(&slot->word, &seen, seen | 1);
}

bool inbox_arm(struct inbox *inbox)
{
	for (const muster_request *request = inbox->posted; request != NULL; request = request->next) {
		if (request->state == REQUEST_STAGED && !arm_reader(request->reader))
			return false;
		if (request->state != REQUEST_WAITING)
			continue;
		if (request->peer != MUSTER_ANY) {
			if (!arm_reader(inbox->readers[world_job_rank(request->world, (uint32_t)request->peer)]))
				return false;
			continue;
		}
		for (uint32_t i = 0; i < inbox->open_count; i++)
			if (!arm_reader(inbox->open[i]))
				return false;
	}
	return true;
}
