/* SPDX-License-Identifier: MIT
 *
 * send_receive: the calls of muster/message.h that return when the message is through. A small one that has room, or is
 * there, takes the short way at the top of muster_send and muster_recv.
 */
#include "messages.h"
#include "wait.h"

#include <errno.h>

enum { QUICK_LOOKS = 200 };

/* Whether a time limit leaves time for all of it at 1 GB/s, so that it hardly ends in the middle. */
static bool has_time(size_t bytes, int timeout_ms)
{
	return timeout_ms < 0 || bytes >> 20 < (size_t)timeout_ms;
}

/* A request of a call that waits: it ends with the call. */
static int run_one(muster_world *world, muster_request *request, struct muster_message *message, int timeout_ms)
{
	int rc = messages_run(world, &request, 1, ALL_ENDED, timeout_ms);
	if (rc < 0)
		messages_cancel(world->segment->messages, request, rc);
	rc = messages_finish(request, message);
	return rc == -ETIMEDOUT ? messages_tell_time_out(request, timeout_ms) : rc;
}

int muster_send(muster_world *world, int to, int tag, const void *data, size_t bytes, int timeout_ms)
{
	struct messages *messages;
	int rc = messages_enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!messages_may_send(world, to, tag, data, bytes))
		return messages_refuse_send(world, "muster_send", to, tag);
	struct outbox *outbox = &messages->outbox;
	struct writer *writer = outbox->writers[world_job_rank(world, (uint32_t)to)];
	if (writer != NULL && writer->queue == NULL && !messages_peer_ended(world, (uint32_t)to)) {
		bool sent = bytes <= SLOT_BYTES && writer_has_room(writer);
		if (sent)
			writer_put_inline(outbox->segment, writer, world, tag, data, bytes);
		else if (bytes > SLOT_BYTES && bytes < writer->eager_bytes)
			sent = writer_put_eager(outbox->segment, writer, world, tag, data, bytes);
		world->segment->me->sums.messages_sent += sent;
		if (sent) {
			messages_move_on(messages);
			return world_leave(world, 0);
		}
	}
	muster_request request = request_sending(world, to, tag, data, bytes);
	request.waits = has_time(bytes, timeout_ms);
	messages_post_send(messages, &request);
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
	if (!reader_take_quick(world->segment, reader, world, from, tag, data, capacity, message))
		return false;
	world->segment->me->sums.messages_received++;
	return true;
}

int muster_recv(muster_world *world, int from, int tag, void *data, size_t capacity, struct muster_message *message,
                int timeout_ms)
{
	struct messages *messages;
	int rc = messages_enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!messages_may_receive(world, from, tag, data, capacity))
		return messages_refuse_receive(world, "muster_recv", from, tag);
	if (from >= 0 && receive_quickly(messages, world, from, tag, data, capacity, message)) {
		messages_move_on(messages);
		return world_leave(world, 0);
	}
	muster_request request = request_receiving(world, from, tag, data, capacity);
	request.waits = has_time(capacity, timeout_ms);
	messages_post_receive(messages, &request);
	return world_leave(world, run_one(world, &request, message, timeout_ms));
}

int muster_probe(muster_world *world, int from, int tag, struct muster_message *message, int timeout_ms)
{
	struct messages *messages;
	int rc = messages_enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!messages_may_receive(world, from, tag, NULL, 0))
		return messages_refuse_receive(world, "muster_probe", from, tag);
	muster_request request = request_receiving(world, from, tag, NULL, 0);
	request.kind = REQUEST_PROBE;
	messages_post_receive(messages, &request);
	return world_leave(world, run_one(world, &request, message, timeout_ms));
}

/* Though the call failed. */
static struct muster_message received(const muster_request *receive)
{
	return receive->rc == 0 ? receive->message : (struct muster_message){.source = -1};
}

int muster_sendrecv(muster_world *world, int to, int send_tag, const void *data, size_t bytes, int from, int recv_tag,
                    void *into, size_t capacity, struct muster_message *message, int timeout_ms)
{
	struct messages *messages;
	if (message != NULL)
		message->source = -1;
	int rc = messages_enter(world, &messages);
	if (rc < 0)
		return rc;
	if (!messages_may_send(world, to, send_tag, data, bytes))
		return messages_refuse_send(world, "muster_sendrecv", to, send_tag);
	if (!messages_may_receive(world, from, recv_tag, into, capacity))
		return messages_refuse_receive(world, "muster_sendrecv", from, recv_tag);
	muster_request send = request_sending(world, to, send_tag, data, bytes);
	muster_request receive = request_receiving(world, from, recv_tag, into, capacity);
	muster_request *const both[] = {&send, &receive};
	messages_post_receive(messages, &receive);
	messages_post_send(messages, &send);
	rc = messages_run(world, both, 2, ONE_FAILED, timeout_ms);
	const muster_request *late = !request_ended(&send) ? &send : &receive;
	bool receive_failed = request_ended(&receive) && receive.rc < 0;
	messages_cancel(messages, &send, rc);
	messages_cancel(messages, &receive, rc);
	rc = receive_failed ? 0 : messages_finish(&send, NULL);
	if (rc == 0)
		rc = messages_finish(&receive, message);
	else
		world->segment->me->sums.messages_received += receive.rc == 0;
	if (rc < 0 && message != NULL)
		*message = received(&receive);
	return world_leave(world, rc == -ETIMEDOUT ? messages_tell_time_out(late, timeout_ms) : rc);
}
