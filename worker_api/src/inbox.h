/* SPDX-License-Identifier: MIT
 *
 * inbox: what a rank receives: a reader for each rank that has sent to it (reader.h), and the requests that wait for
 * messages. The worlds of a rank share it.
 *
 * A channel is only read as long as a request wants a message from it: else its sender gets to wait, in time.
 */
#ifndef MUSTER_LIBRARY_INBOX_H
#define MUSTER_LIBRARY_INBOX_H

#include "reader.h"

struct inbox {
	struct segment *segment;
	struct reader **readers; /* by rank of the job; NULL: not heard of */
	struct reader **open;    /* the same, dense */
	uint32_t open_count;
	uint32_t turn;           /* whose message is looked for first */
	uint64_t newest_channel; /* what was known of segment_rank.channels */
	muster_request *posted;  /* in order */
	muster_request *posted_last;
	struct aside *spent; /* no message any more, and freed when no walk of `posted` is on */
	bool look;           /* some request has not been asked yet whether its sender has ended */
};

void inbox_close(struct inbox *inbox);

/* Looks among the messages that were moved aside; then the request waits behind those that were posted before. */
void inbox_post(struct inbox *inbox, muster_request *request);

/* The request does not want a message any more, and ends with `rc`. */
void inbox_cancel(struct inbox *inbox, muster_request *request, int rc);

/* A message to oneself: received, moved aside, or (a large one) waiting until it is asked for. */
void inbox_send_self(struct inbox *inbox, muster_request *request);
void inbox_cancel_self(struct inbox *inbox, muster_request *request, int rc);

/* Drops messages and frees requests of a world. */
void inbox_forget(struct inbox *inbox, const muster_world *world);

/* Ends, with MUSTER_EGONE, those requests whose sender is lost. */
void inbox_end_lost(struct inbox *inbox);

/* Moves on what is posted. True when something did. */
bool inbox_progress(struct inbox *inbox);

/* Marks everything that is waited for, so that whoever changes it rings. False when something has come already. */
bool inbox_arm(struct inbox *inbox);

/* The reader whose next message may be taken without further ado: nothing else waits. Or NULL. */
static inline struct reader *inbox_quick_reader(const struct inbox *inbox, uint32_t rank)
{
	struct reader *reader = inbox->readers[rank];
	if (reader == NULL || reader->channel == NULL || reader->aside != NULL || inbox->posted != NULL)
		return NULL;
	return reader;
}

#endif
