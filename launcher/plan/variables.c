/* SPDX-License-Identifier: MIT
 *
 * variables: see variables.h. Entries of the table are never taken out: they lead to a hole in the list. Equal names
 * stand in the table in the order in which they were added.
 */
#include "plan/variables.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 128 }; /* a power of two, as all that follow */

size_t variable_name_length(const char *text)
{
	const char *end = strchr(text, '=');
	return end == NULL ? 0 : (size_t)(end - text);
}

bool variable_is(const char *text, const char *name)
{
	size_t length = strlen(name);
	return strncmp(text, name, length) == 0 && text[length] == '=';
}

/* FNV-1a */
static uint32_t hash_of(const char *name, size_t length)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash;
}

static uint32_t mask_of(const struct variables *variables)
{
	return 2 * variables->capacity - 1;
}

static void enter(struct variables *variables, uint32_t index)
{
	const char *text = variables->items[index];
	uint32_t at = hash_of(text, variable_name_length(text)) & mask_of(variables);
	while (variables->table[at] != 0)
		at = (at + 1) & mask_of(variables);
	variables->table[at] = index + 1;
}

static void grow(struct variables *variables)
{
	variables->capacity = variables->capacity == 0 ? FIRST_CAPACITY : variables->capacity * 2;
	variables->items = memory_resized(variables->items, variables->capacity, sizeof *variables->items);
	free(variables->table);
	variables->table = memory_zeroed((size_t)2 * variables->capacity * sizeof *variables->table);
	for (uint32_t i = 0; i < variables->count; i++)
		if (variables->items[i] != NULL)
			enter(variables, i);
}

/* The place of the next item of that name; NULL: there is none. *at runs along the table, from the name's hash. */
static char **next_of(const struct variables *variables, const char *name, size_t length, uint32_t *at)
{
	if (variables->table == NULL)
		return NULL;
	while (variables->table[*at & mask_of(variables)] != 0) {
		char **item = &variables->items[variables->table[*at & mask_of(variables)] - 1];
		++*at;
		if (*item != NULL && strncmp(*item, name, length) == 0 && (*item)[length] == '=')
			return item;
	}
	return NULL;
}

char *variables_find(const struct variables *variables, const char *name)
{
	size_t length = strlen(name);
	uint32_t at = hash_of(name, length);
	char **item = next_of(variables, name, length, &at);
	return item == NULL ? NULL : *item;
}

void variables_add(struct variables *variables, char *text)
{
	if (variables->count == variables->capacity)
		grow(variables);
	variables->items[variables->count] = text;
	enter(variables, variables->count++);
}

void variables_set(struct variables *variables, char *text)
{
	size_t length = variable_name_length(text);
	uint32_t at = hash_of(text, length);
	char **first = next_of(variables, text, length, &at), **other;
	if (first == NULL) {
		variables_add(variables, text);
		return;
	}
	*first = text;
	while ((other = next_of(variables, text, length, &at)) != NULL)
		*other = NULL;
}

void variables_remove(struct variables *variables, const char *name)
{
	size_t length = strlen(name);
	uint32_t at = hash_of(name, length);
	for (char **item; (item = next_of(variables, name, length, &at)) != NULL;)
		*item = NULL;
}

void variables_list(const struct variables *variables, char **list)
{
	for (uint32_t i = 0; i < variables->count; i++)
		if (variables->items[i] != NULL)
			*list++ = variables->items[i];
	*list = NULL;
}

void variables_finish(struct variables *variables)
{
	free(variables->items);
	free(variables->table);
	*variables = (struct variables){0};
}
