/* SPDX-License-Identifier: MIT
 *
 * messages: see messages.h.
 */
#include "messages.h"

#include "error.h"
#include "ticks.h"
#include "wait.h"

#include <muster/error.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* --- creating --- */

static struct messages *create(struct segment *segment)
{
	struct messages *messages = calloc(1, sizeof *messages);
	if (messages == NULL)
		return NULL;
	messages->inbox.segment = messages->outbox.segment = segment;
	messages->inbox.readers = calloc(segment->rank_count, sizeof *messages->inbox.readers);
	messages->inbox.open = calloc(segment->rank_count, sizeof *messages->inbox.open);
	messages->outbox.writers = calloc(segment->rank_count, sizeof *messages->outbox.writers);
	if (messages->inbox.readers != NULL && messages->inbox.open != NULL && messages->outbox.writers != NULL)
		return messages;
	messages_destroy(messages);
	return NULL;
}

void messages_destroy(struct messages *messages)
{
	if (messages == NULL)
		return;
	inbox_close(&messages->inbox);
	outbox_close(&messages->outbox);
	free(messages);
}

void messages_forget_world(struct segment *segment, const muster_world *world)
{
	if (segment->messages == NULL)
		return;
	outbox_forget(&segment->messages->outbox, world);
	inbox_forget(&segment->messages->inbox, world);
}

int messages_make(struct segment *segment)
{
	segment->messages = create(segment);
	return segment->messages != NULL ? 0 : error_set(-ENOMEM, "no memory for messages");
}

/* --- refusing --- */

int messages_refuse(muster_world *world, const char *call, const char *what, int value)
{
	return world_leave(world, error_set(-EINVAL, "%s: %s %d", call, what, value));
}

int messages_refuse_send(muster_world *world, const char *call, int to, int tag)
{
	if (to < 0 || (uint32_t)to >= world->size)
		return messages_refuse(world, call, "there is no such rank in this world:", to);
	if (tag < 0)
		return messages_refuse(world, call, "a tag is 0 or more, not", tag);
	return messages_refuse(world, call, "data is NULL, to rank", to);
}

int messages_refuse_receive(muster_world *world, const char *call, int from, int tag)
{
	if (from < MUSTER_ANY || (from >= 0 && (uint32_t)from >= world->size))
		return messages_refuse(world, call, "there is no such rank in this world:", from);
	if (tag < MUSTER_ANY)
		return messages_refuse(world, call, "a tag is 0 or more, or MUSTER_ANY, not", tag);
	return messages_refuse(world, call, "data is NULL, from rank", from);
}

/* --- requests --- */

static bool is_to_self(const muster_request *request)
{
	return request->peer >= 0 &&
	       world_job_rank(request->world, (uint32_t)request->peer) == request->world->segment->rank;
}

void messages_post_send(struct messages *messages, muster_request *request)
{
	uint32_t rank = world_job_rank(request->world, (uint32_t)request->peer);
	if (is_to_self(request)) {
		inbox_send_self(&messages->inbox, request);
		return;
	}
	if (messages_peer_ended(request->world, (uint32_t)request->peer)) {
		request->lost = request->peer;
		request_end(request, MUSTER_EGONE);
		return;
	}
	struct writer *writer = outbox_open(&messages->outbox, rank);
	if (writer == NULL) {
		request_end(request, -ENOMEM);
		return;
	}
	outbox_post(&messages->outbox, writer, request);
	outbox_progress(&messages->outbox);
}

void messages_post_receive(struct messages *messages, muster_request *request)
{
	inbox_post(&messages->inbox, request);
	messages->inbox.look = true;
}

void messages_cancel(struct messages *messages, muster_request *request, int rc)
{
	if (request_ended(request))
		return;
	if (request->kind != REQUEST_SEND)
		inbox_cancel(&messages->inbox, request, rc);
	else if (is_to_self(request))
		inbox_cancel_self(&messages->inbox, request, rc);
	else
		outbox_cancel(&messages->outbox, request, rc);
}

/* --- the end of a request --- */

int messages_tell_time_out(const muster_request *request, int timeout_ms)
{
	static const char *const calls[] = {
		[REQUEST_SEND] = "send to", [REQUEST_RECEIVE] = "receive from", [REQUEST_PROBE] = "probe of"};
	char peer[32] = "any rank", tag[32] = "any tag";
	if (request->peer >= 0)
		snprintf(peer, sizeof peer, "rank %d", (int)request->peer);
	if (request->tag >= 0)
		snprintf(tag, sizeof tag, "tag %d", (int)request->tag);
	return error_set(-ETIMEDOUT, "%s %s, %s: the time limit of %d ms passed", calls[request->kind], peer, tag,
	                 timeout_ms);
}

static int tell_failure(const muster_request *request)
{
	muster_world *world = request->world;
	world_note(world, request->rc, -1);
	if (request->lost >= 0 && request->rc == MUSTER_EGONE)
		return wait_tell_end(world, (uint32_t)request->lost, request->kind == REQUEST_SEND ? "send" : "receive",
		                     NULL);
	if (request->rc == -EMSGSIZE)
		error_say("receive: the message has %zu bytes, but there is room for %zu; it is still there",
		          request->message.bytes, request->bytes);
	return request->rc;
}

int messages_finish(const muster_request *request, struct muster_message *message)
{
	struct segment_sums *sums = &request->world->segment->me->sums;
	if (request->rc < 0)
		return tell_failure(request);
	sums->messages_sent += request->kind == REQUEST_SEND;
	sums->messages_received += request->kind == REQUEST_RECEIVE;
	if (message != NULL)
		*message = request->kind != REQUEST_SEND ? request->message
		                                         : (struct muster_message){.source = (int)request->world->rank,
		                                                                   .tag = request->tag,
		                                                                   .bytes = request->bytes};
	return 0;
}

/* --- moving on --- */

/* What came before an end counts: those whose peers have ended get one more look at what is there. */
bool messages_progress(struct messages *messages)
{
	uint32_t events = atomic_load(&messages->inbox.segment->header->events);
	bool moved = inbox_progress(&messages->inbox);
	moved |= outbox_progress(&messages->outbox);
	if (events == messages->events && !messages->inbox.look)
		return moved;
	messages->events = events;
	messages->inbox.look = false;
	inbox_end_lost(&messages->inbox);
	outbox_end_lost(&messages->outbox);
	return moved;
}

/* Nobody but this very thread could end it. */
static bool is_hopeless(const muster_request *request)
{
	return is_to_self(request) || (request->peer == MUSTER_ANY && request->world->size == 1);
}

static bool are_hopeless(muster_request *const *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (requests[i] != NULL && !request_ended(requests[i]) && !is_hopeless(requests[i]))
			return false;
	return true;
}

/* `bell`: as it was before it was looked whether anything had come. */
static void sleep_on_bell(struct messages *messages, struct wait *wait, uint32_t bell)
{
	if (inbox_arm(&messages->inbox) && outbox_arm(&messages->outbox))
		wait_sleep(wait, &messages->inbox.segment->me->doorbell, bell);
}

static size_t skip_ended(muster_request *const *requests, size_t count, size_t from)
{
	while (from < count && (requests[from] == NULL || request_ended(requests[from])))
		from++;
	return from;
}

static bool one_failed(muster_request *const *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (requests[i] != NULL && request_ended(requests[i]) && requests[i]->rc < 0)
			return true;
	return false;
}

int messages_run(muster_world *world, muster_request *const *requests, size_t count, enum run_until until,
                 int timeout_ms)
{
	struct messages *messages = world->segment->messages;
	struct wait wait = wait_for(world, NOBODY, timeout_ms);
	uint64_t began = ticks_now();
	size_t ended = skip_ended(requests, count, 0);
	int rc = 0;
	while (ended < count && rc >= 0) {
		const muster_request *first = requests[ended];
		wait.activity = first->kind == REQUEST_SEND ? ACTIVITY_SEND : ACTIVITY_RECEIVE;
		wait.peer = first->peer < 0 ? -1 : (int32_t)world_job_rank(first->world, (uint32_t)first->peer);
		uint32_t bell = atomic_load_explicit(&world->segment->me->doorbell, memory_order_acquire);
		bool moved = messages_progress(messages);
		moved |= outbox_look(&messages->outbox, requests[ended]);
		ended = skip_ended(requests, count, ended);
		if (ended == count || (until == ONE_FAILED && one_failed(requests, count)))
			break;
		if (moved) { /* more may come soon: spin anew */
			wait.start_ns = 0;
			wait.sleeps = false;
		}
		rc = wait_turn(&wait);
		if (rc == WAIT_SLEEP && timeout_ms < 0 && are_hopeless(requests, count))
			rc = error_set(-EDEADLK, "a message to oneself that nobody else could send or receive");
		else if (rc == WAIT_SLEEP && outbox_has_patience(&messages->outbox))
			wait.start_ns = 0;
		else if (rc == WAIT_SLEEP)
			sleep_on_bell(messages, &wait, bell);
	}
	wait_end(&wait);
	world->segment->me->sums.message_wait_ticks += ticks_now() - began;
	return rc < 0 ? rc : 0;
}
