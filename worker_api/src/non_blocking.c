/* SPDX-License-Identifier: MIT
 *
 * non_blocking: the calls of muster/message.h that begin a message and return, and those that end it later.
 */
#include "error.h"
#include "messages.h"

#include <errno.h>
#include <stdlib.h>

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
	int rc = messages_enter(world, &messages);
	if (rc < 0)
		return rc;
	if (request == NULL)
		return messages_refuse(world, "muster_isend", "request is NULL, to rank", to);
	if (!messages_may_send(world, to, tag, data, bytes))
		return messages_refuse_send(world, "muster_isend", to, tag);
	muster_request send = request_sending(world, to, tag, data, bytes);
	rc = make_request(world, &send, &made);
	if (rc < 0)
		return rc;
	messages_post_send(messages, made);
	messages_move_on(messages);
	*request = made;
	return world_leave(world, 0);
}

int muster_irecv(muster_world *world, int from, int tag, void *data, size_t capacity, muster_request **request)
{
	struct messages *messages;
	muster_request *made;
	int rc = messages_enter(world, &messages);
	if (rc < 0)
		return rc;
	if (request == NULL)
		return messages_refuse(world, "muster_irecv", "request is NULL, from rank", from);
	if (!messages_may_receive(world, from, tag, data, capacity))
		return messages_refuse_receive(world, "muster_irecv", from, tag);
	muster_request receive = request_receiving(world, from, tag, data, capacity);
	rc = make_request(world, &receive, &made);
	if (rc < 0)
		return rc;
	messages_post_receive(messages, made);
	messages_progress(messages);
	*request = made;
	return world_leave(world, 0);
}

/* --- ending requests --- */

static int refuse_requests(muster_world *world, const char *call, muster_request *const *requests, size_t count)
{
	if (requests == NULL && count > 0)
		return messages_refuse(world, call, "requests is NULL, of", (int)count);
	for (size_t i = 0; i < count; i++)
		if (requests[i] != NULL && requests[i]->world != world)
			return messages_refuse(world, call, "it is of another world: request", (int)i);
	return 0;
}

static int take_result(muster_request **request, struct muster_message *message)
{
	int rc = messages_finish(*request, message);
	free(*request);
	*request = NULL;
	return rc;
}

int muster_wait(muster_world *world, muster_request **request, struct muster_message *message, int timeout_ms)
{
	struct messages *messages;
	int rc = messages_enter(world, &messages);
	if (rc < 0 || (rc = refuse_requests(world, "muster_wait", request, 1)) < 0)
		return rc;
	if (*request == NULL)
		return world_leave(world, 0);
	rc = messages_run(world, request, 1, ALL_ENDED, timeout_ms);
	if (request_ended(*request))
		return world_leave(world, take_result(request, message));
	return world_leave(world, rc == -ETIMEDOUT ? messages_tell_time_out(*request, timeout_ms) : rc);
}

int muster_test(muster_world *world, muster_request **request, struct muster_message *message)
{
	struct messages *messages;
	int rc = messages_enter(world, &messages);
	if (rc < 0 || (rc = refuse_requests(world, "muster_test", request, 1)) < 0)
		return rc;
	if (*request == NULL)
		return world_leave(world, 1);
	messages_progress(messages);
	outbox_look(&messages->outbox, *request);
	if (!request_ended(*request))
		return world_leave(world, 0);
	rc = take_result(request, message);
	return world_leave(world, rc < 0 ? rc : 1);
}

int muster_wait_all(muster_world *world, muster_request **requests, size_t count, int timeout_ms)
{
	struct messages *messages;
	const muster_request *late = NULL;
	int rc = messages_enter(world, &messages);
	if (rc < 0 || (rc = refuse_requests(world, "muster_wait_all", requests, count)) < 0)
		return rc;
	int outcome = messages_run(world, requests, count, ALL_ENDED, timeout_ms);
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
		rc = outcome == -ETIMEDOUT ? messages_tell_time_out(late, timeout_ms) : outcome;
	return world_leave(world, rc);
}
