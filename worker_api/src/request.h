/* SPDX-License-Identifier: MIT
 *
 * request: a message that is being sent or received; what stands behind muster_request. Those of calls that wait live
 * on the caller's stack. A request is on one list until it has ended: of what is to be received (inbox.h), or of what
 * is to be sent to a rank (outbox.h).
 */
#ifndef MUSTER_LIBRARY_REQUEST_H
#define MUSTER_LIBRARY_REQUEST_H

#include "world.h"

#include <muster/message.h>

struct reader;

enum request_kind { REQUEST_SEND, REQUEST_RECEIVE, REQUEST_PROBE };

enum request_state {
	REQUEST_WAITING, /* for a message, or for room */
	REQUEST_OFFERED, /* sent as an offer */
	REQUEST_STAGED,  /* the offer that was matched comes in blocks */
	REQUEST_ENDED,   /* rc says how */
};

struct muster_request {
	muster_request *next;
	muster_world *world;
	enum request_kind kind;
	enum request_state state;
	int rc;
	int32_t lost; /* the member whose end makes it vain (then rc may be MUSTER_EGONE); -1: none */
	int32_t peer; /* member of the world, or MUSTER_ANY */
	int32_t tag;
	union {
		const void *from;
		void *into;
	};
	size_t bytes;                  /* to send, or room */
	struct muster_message message; /* what was received */

	/* of a large message */
	struct reader *reader; /* whom the receiver has it from */
	uint32_t number;       /* the offer */
	uint64_t offer;        /* its state */
	uint64_t address;
	uint32_t in_segment;
	size_t moved;      /* staged bytes */
	uint32_t patience; /* how many times more it is worth to spin for it */
	bool waits;        /* its call does nothing else, and has time for all of it */
	bool cut_short;    /* the sender of these blocks has ended */
	bool parked;       /* of nobody: the message goes aside (staged.h) */
};

static inline muster_request request_sending(muster_world *world, int to, int tag, const void *data, size_t bytes)
{
	return (muster_request){
		.world = world, .kind = REQUEST_SEND, .lost = -1, .peer = to, .tag = tag, .from = data, .bytes = bytes};
}

static inline muster_request request_receiving(muster_world *world, int from, int tag, void *data, size_t capacity)
{
	return (muster_request){.world = world,
	                        .kind = REQUEST_RECEIVE,
	                        .lost = -1,
	                        .peer = from,
	                        .tag = tag,
	                        .into = data,
	                        .bytes = capacity};
}

/* What a message says of itself. */
struct message_head {
	uint32_t world; /* muster_world.id */
	int32_t tag;
	uint32_t source; /* member */
	uint32_t sender; /* rank of the job, which is known and not only said */
	size_t bytes;
};

static inline void request_end(muster_request *request, int rc)
{
	request->rc = rc;
	request->state = REQUEST_ENDED;
}

/* True when a request to receive is for this message: it has ended then, unless it receives. It does not when it only
 * probes or has no room. */
bool request_claims(muster_request *request, const struct message_head *head, bool *receives);

/* Keeps what is known of the message, for the caller. */
void request_note(muster_request *request, const struct message_head *head);

/* Copies the message to where it is wanted: that ends the request. */
void request_deliver(muster_request *request, const struct message_head *head, const void *data);

/* Sets `lost` when nobody can send or receive it any more. */
bool request_mark_lost(muster_request *request);

static inline bool request_ended(const muster_request *request)
{
	return request->state == REQUEST_ENDED;
}

#endif
