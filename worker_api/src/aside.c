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
	struct aside **at = &reader->aside;
	while (*at != NULL && *at != kept)
		at = &(*at)->next;
	if (*at != NULL) /* of an offer that was withdrawn: its number is used again */
		aside_unlink(reader, at);
	*kept = (struct aside){.is_kept = true};
	return kept;
}

void aside_append(struct reader *reader, struct aside *aside)
{
	*reader->aside_end = aside;
	reader->aside_end = &aside->next;
}

void aside_prepend(struct reader *reader, struct aside *aside)
{
	aside->next = reader->aside;
	reader->aside = aside;
	if (aside->next == NULL)
		reader->aside_end = &aside->next;
}

struct aside *aside_unlink(struct reader *reader, struct aside **at)
{
	struct aside *aside = *at;
	*at = aside->next;
	if (reader->aside_end == &aside->next)
		reader->aside_end = at;
	return aside;
}

void aside_remove(struct reader *reader, struct aside **at)
{
	struct aside *aside = aside_unlink(reader, at);
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
	for (struct aside **at = &reader->aside; *at != NULL;)
		if ((*at)->head.world == world->id) {
			if ((*at)->form == ASIDE_SELF)
				free((*at)->self);
			if ((*at)->form == ASIDE_OFFER)
				offer_drop(segment, reader, (*at)->offer.number, (*at)->offer.state);
			aside_remove(reader, at);
		} else {
			at = &(*at)->next;
		}
}
