/* SPDX-License-Identifier: MIT
 *
 * aside: see aside.h.
 */
#include "aside.h"

#include "offer.h"
#include "staged.h"

#include <stdlib.h>

static struct aside *create(enum aside_form form, const struct message_head *head, size_t room)
{
	struct aside *aside = malloc(sizeof *aside + room);
	if (aside != NULL)
		*aside = (struct aside){.form = form, .head = *head};
	return aside;
}

struct aside *aside_create(enum aside_form form, const struct message_head *head, const void *data)
{
	struct aside *aside = create(form, head, data != NULL ? head->bytes : 0);
	if (aside != NULL && data != NULL)
		memcpy(aside->data, data, head->bytes);
	return aside;
}

struct aside *aside_create_empty(enum aside_form form, const struct message_head *head)
{
	return create(form, head, head->bytes);
}

struct aside *aside_kept(struct reader *reader, uint32_t number)
{
	uint32_t block = offer_block(number);
	struct aside *kept = &reader->offers[block].kept[number - offer_block_begin(block)];
	if (kept->is_listed) /* of an offer that was withdrawn: its number is used again */
		aside_unlink(reader, kept);
	*kept = (struct aside){.is_kept = true};
	return kept;
}

static struct reader_chain *chain_of(struct reader *reader, const struct aside *aside)
{
	return &reader->alike[(uint32_t)aside->head.tag % READER_CHAINS];
}

void aside_append(struct reader *reader, struct aside *aside)
{
	struct reader_chain *chain = chain_of(reader, aside);
	aside->next = aside->next_alike = NULL;
	aside->before = reader->aside_last;
	aside->before_alike = chain->last;
	*(aside->before != NULL ? &aside->before->next : &reader->aside) = aside;
	*(aside->before_alike != NULL ? &aside->before_alike->next_alike : &chain->first) = aside;
	reader->aside_last = chain->last = aside;
	reader->aside_count++;
	aside->is_listed = true;
}

void aside_prepend(struct reader *reader, struct aside *aside)
{
	struct reader_chain *chain = chain_of(reader, aside);
	aside->before = aside->before_alike = NULL;
	aside->next = reader->aside;
	aside->next_alike = chain->first;
	*(aside->next != NULL ? &aside->next->before : &reader->aside_last) = aside;
	*(aside->next_alike != NULL ? &aside->next_alike->before_alike : &chain->last) = aside;
	reader->aside = chain->first = aside;
	reader->aside_count++;
	aside->is_listed = true;
}

void aside_unlink(struct reader *reader, struct aside *aside)
{
	struct reader_chain *chain = chain_of(reader, aside);
	*(aside->before != NULL ? &aside->before->next : &reader->aside) = aside->next;
	*(aside->next != NULL ? &aside->next->before : &reader->aside_last) = aside->before;
	*(aside->before_alike != NULL ? &aside->before_alike->next_alike : &chain->first) = aside->next_alike;
	*(aside->next_alike != NULL ? &aside->next_alike->before_alike : &chain->last) = aside->before_alike;
	reader->aside_count--;
	aside->is_listed = false;
}

void aside_remove(struct reader *reader, struct aside *aside)
{
	aside_unlink(reader, aside);
	if (!aside->is_kept)
		free(aside);
}

bool aside_is_void(const struct reader *reader, const struct aside *aside)
{
	if (aside->form == ASIDE_OFFER)
		return !offer_stands(reader, &aside->offer);
	if (aside->form != ASIDE_ARRIVING)
		return false;
	return request_ended(&aside->arriving) ? aside->arriving.rc < 0 : !staged_has_place(&aside->arriving);
}

void aside_forget(struct segment *segment, struct reader *reader, const muster_world *world)
{
	for (struct aside *aside = reader->aside, *next; aside != NULL; aside = next) {
		next = aside->next;
		if (aside->head.world != world->id)
			continue;
		if (aside->form == ASIDE_SELF)
			free(aside->self);
		if (aside->form == ASIDE_OFFER)
			offer_drop(segment, reader, aside->offer.number, aside->offer.state);
		aside_remove(reader, aside);
	}
}
