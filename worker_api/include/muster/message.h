/* SPDX-License-Identifier: MIT
 *
 * muster/message.h: messages from one rank to another.
 *
 *     if (rank == 0)
 *             rc = muster_send(world, 1, TAG, cells, sizeof cells, MUSTER_FOREVER);
 *     else
 *             rc = muster_recv(world, 0, TAG, cells, sizeof cells, NULL, MUSTER_FOREVER);
 *
 * Messages of one rank to another arrive in the order in which they were sent, those of different tags too, though they
 * may be received in another one by asking for a tag. A message of a world is received in that world only.
 *
 * muster_send returns when `data` may be used again. Small messages are taken at once as long as the receiver is not
 * too far behind; large ones (from 8 KiB on) may wait for their receiver, so that two ranks which first send to each
 * other and then receive may wait for ever: use muster_isend, or muster_sendrecv.
 *
 * When a rank is gone, all that it had sent is received first. Then whoever waits for it, or sends to it, gets
 * MUSTER_EGONE or MUSTER_ELEFT. Whoever waits for MUSTER_ANY gets MUSTER_EGONE when any rank of the world failed, but
 * MUSTER_ELEFT only when all others have left: until then one of them may still send.
 *
 * Errors of all calls, besides: -ETIMEDOUT (nothing was sent or received), -EMSGSIZE (the message is larger than the
 * memory for it; it is still there), -EDEADLK (a wait without a limit for a message to oneself, which nobody else can
 * send or receive), -ENOMEM (the job's segment is full: `shared_memory` in the spec), -EINVAL, MUSTER_EFORKED,
 * MUSTER_EBUSY, MUSTER_EFINALIZED. After a failure the memory that a message was to be received in may hold some of it.
 */
#ifndef MUSTER_MESSAGE_H
#define MUSTER_MESSAGE_H

#include <muster/base.h>

MUSTER_BEGIN

/* What was received. */
struct muster_message {
	int source; /* rank in the world */
	int tag;
	size_t bytes;
};

/* A message on its way; made by muster_isend and muster_irecv, ended by muster_wait or muster_test. */
typedef struct muster_request muster_request;

/* `tag` >= 0. A send that timed out in the middle of a large message takes it back: the receiver sees nothing of it. */
MUSTER_API int muster_send(muster_world *world, int to, int tag, const void *data, size_t bytes, int timeout_ms);

/* `from` a rank or MUSTER_ANY, `tag` a tag or MUSTER_ANY. `message` may be NULL. */
MUSTER_API int muster_recv(muster_world *world, int from, int tag, void *data, size_t capacity,
                           struct muster_message *message, int timeout_ms);

/* Both at once, without a deadlock between two who do the same. When it fails, either half may have been done:
 * `message` is of what was received, and its source -1 when nothing was. */
MUSTER_API int muster_sendrecv(muster_world *world, int to, int send_tag, const void *data, size_t bytes, int from,
                               int recv_tag, void *into, size_t capacity, struct muster_message *message,
                               int timeout_ms);

/* Waits for a message without receiving it. */
MUSTER_API int muster_probe(muster_world *world, int from, int tag, struct muster_message *message, int timeout_ms);

/* Begin, and return at once; the memory belongs to the library until muster_wait or muster_test ended the request.
 * Things move on whenever this rank is inside any call of message.h on this world. */
MUSTER_API int muster_isend(muster_world *world, int to, int tag, const void *data, size_t bytes,
                            muster_request **request);
MUSTER_API int muster_irecv(muster_world *world, int from, int tag, void *data, size_t capacity,
                            muster_request **request);

/* Ends the request, frees it and sets it to NULL; after -ETIMEDOUT or -EDEADLK it goes on. `message` may be NULL. */
MUSTER_API int muster_wait(muster_world *world, muster_request **request, struct muster_message *message,
                           int timeout_ms);

/* 1 and *request NULL when it ended; 0 when it goes on. */
MUSTER_API int muster_test(muster_world *world, muster_request **request, struct muster_message *message);

/* All of them, in any order; NULLs are skipped. Returns the first failure, after all have ended; those that have not
 * when it returns -ETIMEDOUT or -EDEADLK go on. */
MUSTER_API int muster_wait_all(muster_world *world, muster_request **requests, size_t count, int timeout_ms);

MUSTER_END

#endif
