/* SPDX-License-Identifier: MIT
 *
 * outbox: what a rank sends: a writer for each rank that it has sent to (writer.h), and the requests that are not
 * through yet: queued until there is room, or offered until the receiver has them. The worlds of a rank share it.
 */
#ifndef MUSTER_LIBRARY_OUTBOX_H
#define MUSTER_LIBRARY_OUTBOX_H

#include "writer.h"

struct outbox {
	struct segment *segment;
	struct writer **writers; /* by rank of the job; NULL: nothing was sent there */
	struct writer *busy;
};

/* Makes the channel at the first call. NULL: no memory, error_text is set. */
struct writer *outbox_open(struct outbox *outbox, uint32_t rank);
void outbox_close(struct outbox *outbox);

/* Puts the request behind those that wait for the same rank, and does what can be done. */
void outbox_post(struct outbox *outbox, struct writer *writer, muster_request *request);

/* Takes back what was not received; the request has ended then with `rc`, or as it had before. */
void outbox_cancel(struct outbox *outbox, muster_request *request, int rc);

/* Takes back and frees all requests of a world. */
void outbox_forget(struct outbox *outbox, const muster_world *world);

/* Ends, with MUSTER_EGONE, those requests whose receiver is lost. */
void outbox_end_lost(struct outbox *outbox);

/* Moves on what is queued, offered, or being staged: of very many offers some, in turns. True when something did. */
bool outbox_progress(struct outbox *outbox);

/* The same of one request. */
bool outbox_look(struct outbox *outbox, muster_request *request);

/* True as long as the receiver is likely to be done with fetching soon: sleeping would take longer. */
bool outbox_has_patience(struct outbox *outbox);

/* Marks everything that is waited for, so that whoever changes it rings. False when something has changed already. */
bool outbox_arm(struct outbox *outbox);

#endif
