/* SPDX-License-Identifier: MIT
 *
 * variables: a list of "NAME=value" texts that is being put together. Removing keeps the order; setting replaces in
 * place, so that the first of two equal names, which getenv would find, is the one that stays. The texts are borrowed.
 * Names are found by a table, since an environment may have as many as a command line holds.
 */
#ifndef MUSTER_PLAN_VARIABLES_H
#define MUSTER_PLAN_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct variables {
	char **items; /* `count` texts, NULL where one was removed */
	uint32_t count;
	uint32_t capacity;
	uint32_t *table; /* of 2 * capacity: by hash of the name, then on from there, index + 1 of the items; 0: none */
};

size_t variable_name_length(const char *text); /* of "NAME=value"; 0: it is none */
bool variable_is(const char *text, const char *name);
char *variables_find(const struct variables *variables, const char *name); /* the whole text, or NULL */
void variables_add(struct variables *variables, char *text);               /* without looking for the name */
void variables_set(struct variables *variables, char *text);
void variables_remove(struct variables *variables, const char *name);

/* The texts in their order, without the holes, then NULL. `list` has room for count + 1. */
void variables_list(const struct variables *variables, char **list);
void variables_finish(struct variables *variables); /* the list, not the texts */

#endif
