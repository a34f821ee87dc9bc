/* SPDX-License-Identifier: MIT
 *
 * messages: see messages.h and muster/message.h.
 *
 * A small message that has room, or is there, takes the short way at the top of muster_send and muster_recv. All else
 * is a request: it is posted, and moved on by every call until it has ended.
 */
#include "messages.h"

#include "error.h"
#include "inbox.h"
#include "outbox.h"
#include "ticks.h"
#include "wait.h"

#include <muster/error.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUICK_LOOKS = 200 };

struct messages {
	struct inbox inbox;
	struct outbox outbox;
	uint32_t events; /* header.events when it was last looked who had ended */
};

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

/* Begins a call: 0, and the rank's messages. */
static int enter(muster_world *world, struct messages **messages)
{
	int rc = world_enter(world);
	if (rc < 0)
		return rc;
	if (world->segment->messages == NULL)
		world->segment->messages = create(world->segment);
	*messages = world->segment->messages;
	if (*messages == NULL)
		return world_leave(world, error_set(-ENOMEM, "no memory for messages"));
	return 0;
}

static int refuse(muster_world *world, const char *call, const char *what, int value)
{
	world->failure = (struct muster_failure){.code = -EINVAL, .rank = -1};
	return world_leave(world, error_set(-EINVAL, "%s: %s %d", call, what, value));
}

static int refuse_send(muster_world *world, const char *call, int to, int tag)
{
	if (to < 0 || (uint32_t)to >= world->size)
		return refuse(world, call, "there is no such rank in this world:", to);
	if (tag < 0)
		return refuse(world, call, "a tag is 0 or more, not", tag);
	return refuse(world, call, "data is NULL, to rank", to);
}

static int refuse_receive(muster_world *world, const char *call, int from, int tag)
{
	if (from < MUSTER_ANY || (from >= 0 && (uint32_t)from >= world->size))
		return refuse(world, call, "there is no such rank in this world:", from);
	if (tag < MUSTER_ANY)
		return refuse(world, call, "a tag is 0 or more, or MUSTER_ANY, not", tag);
	return refuse(world, call, "data is NULL, from rank", from);
}

static bool may_send(const muster_world *world, int to, int tag, const void *data, size_t bytes)
{
	return to >= 0 && (uint32_t)to < world->size && tag >= 0 && (data != NULL || bytes == 0);
}

static bool may_receive(const muster_world *world, int from, int tag, const void *data, size_t capacity)
{
	return (from == MUSTER_ANY || (from >= 0 && (uint32_t)from < world->size)) && tag >= MUSTER_ANY &&
	       (data != NULL || capacity == 0);
}

/* --- requests --- */

static bool is_to_self(const muster_request *request)
{
	return request->peer >= 0 &&
	       world_job_rank(request->world, (uint32_t)request->peer) == request->world->segment->rank;
}

static bool has_ended(const muster_world *world, uint32_t member)
{
	return atomic_load_explicit(&world_rank(world, member)->presence, memory_order_acquire) >= RANK_LEFT;
}

static void post_send(struct messages *messages, muster_request *request)
{
	uint32_t rank = world_job_rank(request->world, (uint32_t)request->peer);
	if (is_to_self(request)) {
		inbox_send_self(&messages->inbox, request);
		return;
	}
	if (has_ended(request->world, (uint32_t)request->peer)) {
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

static void post_receive(struct messages *messages, muster_request *request)
{
	inbox_post(&messages->inbox, request);
	messages->inbox.look = true;
}

static void cancel(struct messages *messages, muster_request *request, int rc)
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

static muster_request sending(muster_world *world, int to, int tag, const void *data, size_t bytes)
{
	return (muster_request){
		.world = world, .kind = REQUEST_SEND, .lost = -1, .peer = to, .tag = tag, .from = data, .bytes = bytes};
}

static muster_request receiving(muster_world *world, int from, int tag, void *data, size_t capacity)
{
	return (muster_request){.world = world,
	                        .kind = REQUEST_RECEIVE,
	                        .lost = -1,
	                        .peer = from,
	                        .tag = tag,
	                        .into = data,
	                        .bytes = capacity};
}

/* --- the end of a request --- */

static int tell_time_out(const muster_request *request, int timeout_ms)
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
	world->failure = (struct muster_failure){.code = request->rc, .rank = -1};
	if (request->lost >= 0 && request->rc == MUSTER_EGONE)
		return wait_tell_end(world, (uint32_t)request->lost, request->kind == REQUEST_SEND ? "send" : "receive",
		                     NULL);
	if (request->rc == -EMSGSIZE)
		error_set(-EMSGSIZE, "receive: the message has %zu bytes, but there is room for %zu; it is still there",
		          request->message.bytes, request->bytes);
	return request->rc;
}

/* What the call returns. */
static int finish(const muster_request *request, struct muster_message *message)
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
static bool progress(struct messages *messages)
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

enum run_until { ALL_ENDED, ONE_FAILED };

/* Until all of them have ended, or, where one is of no use without the others, one has failed. */
static int run(muster_world *world, muster_request *const *requests, size_t count, enum run_until until, int timeout_ms)
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
		bool moved = progress(messages);
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

/* A request of a call that waits: it ends with the call. */
static int run_one(muster_world *world, muster_request *request, struct muster_message *message, int timeout_ms)
{
	int rc = run(world, &request, 1, ALL_ENDED, timeout_ms);
	if (rc < 0)
		cancel(world->segment->messages, request, rc);
	rc = finish(request, message);
	return rc == -ETIMEDOUT ? tell_time_out(request, timeout_ms) : rc;
}

/* --- the calls --- */

int muster_send(muster_world *world, int to, int tag, const void *data, size_t bytes, int timeout_ms)
{
	struct messages *messages;
	int rc = enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!may_send(world, to, tag, data, bytes))
		return refuse_send(world, "muster_send", to, tag);
	struct outbox *outbox = &messages->outbox;
	struct writer *writer = outbox->writers[world_job_rank(world, (uint32_t)to)];
	if (writer != NULL && writer->queue == NULL && !has_ended(world, (uint32_t)to)) {
		bool sent = bytes <= SLOT_BYTES && writer_has_room(writer);
		if (sent)
			writer_put_inline(outbox, writer, world, tag, data, bytes);
		else if (bytes > SLOT_BYTES && bytes < writer_eager_bytes(writer))
			sent = writer_put_eager(outbox, writer, world, tag, data, bytes);
		world->segment->me->sums.messages_sent += sent;
		if (sent)
			return world_leave(world, 0);
	}
	muster_request request = sending(world, to, tag, data, bytes);
	post_send(messages, &request);
	return world_leave(world, run_one(world, &request, NULL, timeout_ms));
}

/* A message that is there, or comes within the first few hundred nanoseconds. */
static bool receive_quickly(struct messages *messages, muster_world *world, int from, int tag, void *data,
                            size_t capacity, struct muster_message *message)
{
	struct reader *reader = inbox_quick_reader(&messages->inbox, world_job_rank(world, (uint32_t)from));
	if (reader == NULL)
		return false;
	int looks = world->segment->wait_mode == WAIT_SPIN ? QUICK_LOOKS : 1;
	while (!reader_ready(reader))
		if (--looks == 0)
			return false;
	if (!reader_take_quick(&messages->inbox, reader, world, from, tag, data, capacity, message))
		return false;
	world->segment->me->sums.messages_received++;
	return true;
}

int muster_recv(muster_world *world, int from, int tag, void *data, size_t capacity, struct muster_message *message,
                int timeout_ms)
{
	struct messages *messages;
	int rc = enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!may_receive(world, from, tag, data, capacity))
		return refuse_receive(world, "muster_recv", from, tag);
	if (from >= 0 && receive_quickly(messages, world, from, tag, data, capacity, message))
		return world_leave(world, 0);
	muster_request request = receiving(world, from, tag, data, capacity);
	post_receive(messages, &request);
	return world_leave(world, run_one(world, &request, message, timeout_ms));
}

int muster_probe(muster_world *world, int from, int tag, struct muster_message *message, int timeout_ms)
{
	struct messages *messages;
	int rc = enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!may_receive(world, from, tag, NULL, 0))
		return refuse_receive(world, "muster_probe", from, tag);
	muster_request request = receiving(world, from, tag, NULL, 0);
	request.kind = REQUEST_PROBE;
	post_receive(messages, &request);
	return world_leave(world, run_one(world, &request, message, timeout_ms));
}

int muster_sendrecv(muster_world *world, int to, int send_tag, const void *data, size_t bytes, int from, int recv_tag,
                    void *into, size_t capacity, struct muster_message *message, int timeout_ms)
{
	struct messages *messages;
	int rc = enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!may_send(world, to, send_tag, data, bytes))
		return refuse_send(world, "muster_sendrecv", to, send_tag);
	if (!may_receive(world, from, recv_tag, into, capacity))
		return refuse_receive(world, "muster_sendrecv", from, recv_tag);
	muster_request send = sending(world, to, send_tag, data, bytes);
	muster_request receive = receiving(world, from, recv_tag, into, capacity);
	muster_request *const both[] = {&send, &receive};
	post_receive(messages, &receive);
	post_send(messages, &send);
	rc = run(world, both, 2, ONE_FAILED, timeout_ms);
	const muster_request *late = !request_ended(&send) ? &send : &receive;
	bool receive_failed = request_ended(&receive) && receive.rc < 0;
	cancel(messages, &send, rc);
	cancel(messages, &receive, rc);
	rc = receive_failed ? 0 : finish(&send, NULL);
	if (rc == 0)
		rc = finish(&receive, message);
	return world_leave(world, rc == -ETIMEDOUT ? tell_time_out(late, timeout_ms) : rc);
}

static int make_request(muster_world *world, const muster_request *request, muster_request **made)
{
	*made = malloc(sizeof **made);
	if (*made == NULL)
		return world_leave(world, error_set(-ENOMEM, "no memory for a request"));
	**made = *request;
	return 0;
}

int muster_isend(muster_world *world, int to, int tag, const void *data, size_t bytes, muster_request **request)
{
	struct messages *messages;
	muster_request *made;
	int rc = enter(world, &messages);
	if (rc < 0)
		return rc;
	if (request == NULL || !may_send(world, to, tag, data, bytes))
		return refuse_send(world, "muster_isend", to, tag);
	muster_request send = sending(world, to, tag, data, bytes);
	rc = make_request(world, &send, &made);
	if (rc < 0)
		return rc;
	post_send(messages, made);
	*request = made;
	return world_leave(world, 0);
}

int muster_irecv(muster_world *world, int from, int tag, void *data, size_t capacity, muster_request **request)
{
	struct messages *messages;
	muster_request *made;
	int rc = enter(world, &messages);
	if (rc < 0)
		return rc;
	if (request == NULL || !may_receive(world, from, tag, data, capacity))
		return refuse_receive(world, "muster_irecv", from, tag);
	muster_request receive = receiving(world, from, tag, data, capacity);
	rc = make_request(world, &receive, &made);
	if (rc < 0)
		return rc;
	post_receive(messages, made);
	progress(messages);
	*request = made;
	return world_leave(world, 0);
}

/* --- ending requests --- */

static int refuse_requests(muster_world *world, const char *call, muster_request *const *requests, size_t count)
{
	if (requests == NULL && count > 0)
		return refuse(world, call, "requests is NULL, of", (int)count);
	for (size_t i = 0; i < count; i++)
		if (requests[i] != NULL && requests[i]->world != world)
			return refuse(world, call, "it is of another world: request", (int)i);
	return 0;
}

static int take_result(muster_request **request, struct muster_message *message)
{
	int rc = finish(*request, message);
	free(*request);
	*request = NULL;
	return rc;
}

int muster_wait(muster_world *world, muster_request **request, struct muster_message *message, int timeout_ms)
{
	struct messages *messages;
	int rc = enter(world, &messages);
	if (rc < 0 || (rc = refuse_requests(world, "muster_wait", request, 1)) < 0)
		return rc;
	if (*request == NULL)
		return world_leave(world, 0);
	rc = run(world, request, 1, ALL_ENDED, timeout_ms);
	if (request_ended(*request))
		return world_leave(world, take_result(request, message));
	return world_leave(world, rc == -ETIMEDOUT ? tell_time_out(*request, timeout_ms) : rc);
}

int muster_test(muster_world *world, muster_request **request, struct muster_message *message)
{
	struct messages *messages;
	int rc = enter(world, &messages);
	if (rc < 0 || (rc = refuse_requests(world, "muster_test", request, 1)) < 0)
		return rc;
	if (*request == NULL)
		return world_leave(world, 1);
	progress(messages);
	if (!request_ended(*request))
		return world_leave(world, 0);
	rc = take_result(request, message);
	return world_leave(world, rc < 0 ? rc : 1);
}

int muster_wait_all(muster_world *world, muster_request **requests, size_t count, int timeout_ms)
{
	struct messages *messages;
	const muster_request *late = NULL;
	int rc = enter(world, &messages);
	if (rc < 0 || (rc = refuse_requests(world, "muster_wait_all", requests, count)) < 0)
		return rc;
	int outcome = run(world, requests, count, ALL_ENDED, timeout_ms);
	for (size_t i = 0; i < count; i++) {
		if (requests[i] == NULL)
			continue;
		if (!request_ended(requests[i])) {
			late = late == NULL ? requests[i] : late;
			continue;
		}
		/* The words of the first failure stay. */
		if (rc < 0 && requests[i]->rc < 0) {
			free(requests[i]);
			requests[i] = NULL;
			continue;
		}
		int its = take_result(&requests[i], NULL);
		rc = rc < 0 ? rc : its;
	}
	if (rc == 0 && late != NULL)
		rc = outcome == -ETIMEDOUT ? tell_time_out(late, timeout_ms) : outcome;
	return world_leave(world, rc);
}
