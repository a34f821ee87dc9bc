/* SPDX-License-Identifier: MIT
 *
 * exchange: some members say something of one length, others hear all or a part of it: what broadcast, gather, scatter
 * and their like are made of.
 */
#ifndef MUSTER_EXCHANGE_H
#define MUSTER_EXCHANGE_H

#include "steps.h"

enum { EXCHANGE_ALL = -1 };

struct exchange {
	int speaker;      /* the only one, or EXCHANGE_ALL */
	int listener;     /* the only one (it says nothing then), or EXCHANGE_ALL */
	const char *says; /* my memory of `bytes`, when I speak */
	size_t bytes;
	char *into; /* when I listen: what member m says goes to into + m * stride; */
	size_t stride;
	size_t from, length; /* this part of it */
	const char
		*own; /* copied to into + rank * stride (to `into` without a stride): what I say to myself, or NULL */
};

/* Copies `own` once this rank has spoken, while others get ready. */
int exchange(struct call *call, const struct exchange *exchange);

#endif
