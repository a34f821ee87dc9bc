/* SPDX-License-Identifier: MIT
 *
 * messages: what a rank has to do with muster/message.h: its inbox and its outbox, and what moves both on. One for each
 * rank, made by the first call, shared by its worlds.
 *
 * Whatever does not go at once is a request: it is posted, and moved on by every call until it has ended. The calls
 * that wait for theirs are in send_receive.c, those that leave that for later in non_blocking.c.
 */
#ifndef MUSTER_MESSAGES_H
#define MUSTER_MESSAGES_H

#include "inbox.h"
#include "outbox.h"

struct messages {
	struct inbox inbox;
	struct outbox outbox;
	uint32_t events; /* header.events when it was last looked who had ended */
};

/* segment->messages. -ENOMEM, with error_text. */
int messages_make(struct segment *segment);

/* Takes back, drops and frees all that belongs to a world which is about to go. */
void messages_forget_world(struct segment *segment, const muster_world *world);

/* After the last world has gone. NULL is fine. */
void messages_destroy(struct messages *messages);

/* Begins a call: 0, and the rank's messages. */
static inline int messages_enter(muster_world *world, struct messages **messages)
{
	int rc = world_enter(world);
	if (rc < 0)
		return rc;
	if (world->segment->messages == NULL && (rc = messages_make(world->segment)) < 0)
		return world_leave(world, rc);
	*messages = world->segment->messages;
	return 0;
}

/* --- arguments --- */

static inline bool messages_may_send(const muster_world *world, int to, int tag, const void *data, size_t bytes)
{
	return to >= 0 && (uint32_t)to < world->size && tag >= 0 && (data != NULL || bytes == 0);
}

static inline bool messages_may_receive(const muster_world *world, int from, int tag, const void *data, size_t capacity)
{
	return (from == MUSTER_ANY || (from >= 0 && (uint32_t)from < world->size)) && tag >= MUSTER_ANY &&
	       (data != NULL || capacity == 0);
}

/* End a call with -EINVAL and words: of arguments that may not be. */
int messages_refuse_send(muster_world *world, const char *call, int to, int tag);
int messages_refuse_receive(muster_world *world, const char *call, int from, int tag);
int messages_refuse(muster_world *world, const char *call, const char *what, int value);

/* --- requests --- */

static inline bool messages_peer_ended(const muster_world *world, uint32_t member)
{
	return atomic_load_explicit(&world_rank(world, member)->presence, memory_order_acquire) >= RANK_LEFT;
}

void messages_post_send(struct messages *messages, muster_request *request);
void messages_post_receive(struct messages *messages, muster_request *request);

/* Unless it has ended: it ends with `rc`, or as it had before. */
void messages_cancel(struct messages *messages, muster_request *request, int rc);

/* Moves on what can be. What came before an end counts: those whose peers have ended get one more look at what is
 * there. */
bool messages_progress(struct messages *messages);

/* What was begun before moves on in every call, also in one that has nothing to wait for. */
static inline void messages_move_on(struct messages *messages)
{
	if (messages->inbox.posted != NULL || messages->outbox.busy != NULL)
		messages_progress(messages);
}

enum run_until { ALL_ENDED, ONE_FAILED };

/* Until all of them have ended, or, where one is of no use without the others, one has failed. */
int messages_run(muster_world *world, muster_request *const *requests, size_t count, enum run_until until,
                 int timeout_ms);

/* What the call of a request that has ended returns. */
int messages_finish(const muster_request *request, struct muster_message *message);

int messages_tell_time_out(const muster_request *request, int timeout_ms);

#endif
