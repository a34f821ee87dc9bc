/* SPDX-License-Identifier: MIT
 *
 * request: see request.h.
 */
#include "request.h"

#include <errno.h>
#include <string.h>

/* --- matching --- */

static bool matches(const muster_request *request, const struct message_head *head)
{
	return request->state == REQUEST_WAITING && request->world->id == head->world &&
	       (request->tag == MUSTER_ANY || request->tag == head->tag) &&
	       (request->peer == MUSTER_ANY || request->peer == (int32_t)head->source) &&
	       head->source < request->world->size && world_job_rank(request->world, head->source) == head->sender;
}

bool request_claims(muster_request *request, const struct message_head *head, bool *receives)
{
	*receives = false;
	if (!matches(request, head))
		return false;
	if (request->kind == REQUEST_PROBE) {
		request_note(request, head);
		request_end(request, 0);
	} else if (head->bytes > request->bytes) {
		request->message.bytes = head->bytes;
		request_end(request, -EMSGSIZE);
	} else {
		*receives = true;
	}
	return true;
}

void request_note(muster_request *request, const struct message_head *head)
{
	request->message = (struct muster_message){.source = (int)head->source, .tag = head->tag, .bytes = head->bytes};
}

void request_deliver(muster_request *request, const struct message_head *head, const void *data)
{
	if (head->bytes > 0)
		memcpy(request->into, data, head->bytes);
	request_note(request, head);
	request_end(request, 0);
}

/* --- peers that have ended --- */

static uint32_t presence_of(const muster_world *world, uint32_t member)
{
	return atomic_load_explicit(&world_rank(world, member)->presence, memory_order_acquire);
}

/* Whose end ends the wait for a message of any: the first that failed, or anybody when all others have left. Of one
 * that is gone, but not known how, it is heard again. */
static int32_t any_lost(const muster_world *world)
{
	int32_t failed = -1, left = -1;
	uint32_t left_count = 0, order = UINT32_MAX;
	for (uint32_t member = 0; member < world->size; member++) {
		uint32_t presence = presence_of(world, member), its = world_rank(world, member)->end_order - 1;
		if (presence == RANK_ENDED && its < order) {
			failed = (int32_t)member;
			order = its;
		}
		if (presence == RANK_LEFT) {
			left = (int32_t)member;
			left_count++;
		}
	}
	if (failed >= 0)
		return failed;
	return left_count > 0 && left_count + 1 == world->size ? left : -1;
}

bool request_mark_lost(muster_request *request)
{
	const muster_world *world = request->world;
	if (request->state == REQUEST_ENDED || request->lost >= 0)
		return request->state != REQUEST_ENDED;
	if (request->peer == MUSTER_ANY)
		request->lost = any_lost(world);
	else if (presence_of(world, (uint32_t)request->peer) >= RANK_LEFT)
		request->lost = request->peer;
	return request->lost >= 0;
}
