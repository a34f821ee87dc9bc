/* SPDX-License-Identifier: MIT
 *
 * variables: see variables.h. Searched from the front: an environment has a hundred names, and is put together once.
 */
#include "plan/variables.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

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

char *variables_find(const struct variables *variables, const char *name)
{
	for (uint32_t i = 0; i < variables->count; i++)
		if (variable_is(variables->items[i], name))
			return variables->items[i];
	return NULL;
}

void variables_add(struct variables *variables, char *text)
{
	if (variables->count + 1 >= variables->capacity) {
		variables->capacity = variables->capacity == 0 ? 64 : variables->capacity * 2;
		variables->items = memory_resized(variables->items, variables->capacity, sizeof *variables->items);
	}
	variables->items[variables->count++] = text;
	variables->items[variables->count] = NULL;
}

/* Removes every one of that name from `from` on. */
static void remove_after(struct variables *variables, uint32_t from, const char *name, size_t length)
{
	uint32_t kept = from;
	for (uint32_t i = from; i < variables->count; i++) {
		const char *text = variables->items[i];
		if (strncmp(text, name, length) != 0 || text[length] != '=')
			variables->items[kept++] = variables->items[i];
	}
	variables->count = kept;
	if (variables->items != NULL)
		variables->items[kept] = NULL;
}

void variables_set(struct variables *variables, char *text)
{
	size_t length = variable_name_length(text);
	for (uint32_t i = 0; i < variables->count; i++) {
		if (strncmp(variables->items[i], text, length + 1) != 0)
			continue;
		variables->items[i] = text;
		remove_after(variables, i + 1, text, length);
		return;
	}
	variables_add(variables, text);
}

void variables_remove(struct variables *variables, const char *name)
{
	remove_after(variables, 0, name, strlen(name));
}

void variables_finish(struct variables *variables)
{
	free(variables->items);
	*variables = (struct variables){0};
}
