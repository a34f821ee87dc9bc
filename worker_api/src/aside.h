/* SPDX-License-Identifier: MIT
 *
 * aside: a message that came before anybody asked for it, moved out of its channel's way. Each reader has a list of
 * them, in the order in which they came, and chains of those whose tags are alike, in the same order: who asks for a
 * tag looks at one chain only, for thousands may lie here.
 */
#ifndef MUSTER_LIBRARY_ASIDE_H
#define MUSTER_LIBRARY_ASIDE_H

#include "reader.h"

enum aside_form {
	ASIDE_DATA,
	ASIDE_OFFER,    /* still where its sender has it */
	ASIDE_ARRIVING, /* comes in blocks: somebody asked for it, and does not want it any more */
	ASIDE_SELF,     /* to oneself: still where this rank has it */
};

struct aside {
	struct aside *next, *before;
	struct aside *next_alike, *before_alike; /* in its chain */
	enum aside_form form;
	struct message_head head;
	struct slot_offer offer;
	muster_request arriving; /* what fills `data` with blocks */
	muster_request *self;    /* who sends it */
	bool is_listed;
	bool is_kept; /* its reader's own: not freed */
	unsigned char data[];
};

/* With a copy of `data` (NULL: without). NULL without memory. */
struct aside *aside_create(enum aside_form form, const struct message_head *head, const void *data);

/* With room for the message's bytes, not filled yet. */
struct aside *aside_create_empty(enum aside_form form, const struct message_head *head);

/* For an offer that is one again, in no list and not filled: its reader keeps one for each number, for whoever gives an
 * offer back may have no memory. */
struct aside *aside_kept(struct reader *reader, uint32_t number);

void aside_append(struct reader *reader, struct aside *aside);
void aside_prepend(struct reader *reader, struct aside *aside);

/* What may have this tag, in order, and more beside it: MUSTER_ANY, all that there is. */
static inline struct aside *aside_first(const struct reader *reader, int32_t tag)
{
	return tag == MUSTER_ANY ? reader->aside : reader->alike[(uint32_t)tag % READER_CHAINS].first;
}

static inline struct aside *aside_next(const struct aside *aside, int32_t tag)
{
	return tag == MUSTER_ANY ? aside->next : aside->next_alike;
}

/* It is the caller's now. */
void aside_unlink(struct reader *reader, struct aside *aside);

/* The same, and frees it. */
void aside_remove(struct reader *reader, struct aside *aside);

/* Its sender took it back, or it came to nothing. */
bool aside_is_void(const struct reader *reader, const struct aside *aside);

/* Drops what is for a world that goes. */
void aside_forget(struct segment *segment, struct reader *reader, const muster_world *world);

#endif
