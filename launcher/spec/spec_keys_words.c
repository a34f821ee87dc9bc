/* SPDX-License-Identifier: MIT
 *
 * spec_keys_words: finding a key by its path, guessing at a misspelt one, and saying what may be written for one.
 */
#include "spec/spec_keys.h"

#include "spec/foreign_keys.h"
#include "spec/key_origin.h"
#include "spec/nearest.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct spec_key *spec_key_find(const char *path)
{
	for (uint32_t i = 0; i < spec_key_count; i++)
		if (strcmp(spec_keys[i].path, path) == 0)
			return &spec_keys[i];
	return NULL;
}

const char *spec_key_leaf(const struct spec_key *key)
{
	const char *dot = strrchr(key->path, '.');
	return dot == NULL ? key->path : dot + 1;
}

bool spec_key_is_child(const struct spec_key *key, const char *parent)
{
	const char *leaf = spec_key_leaf(key);
	size_t length = strlen(parent);
	if (length == 0)
		return leaf == key->path;
	return leaf == key->path + length + 1 && strncmp(key->path, parent, length) == 0;
}

const struct spec_key *spec_key_child(const char *parent, const char *name)
{
	for (uint32_t i = 0; i < spec_key_count; i++)
		if (spec_key_is_child(&spec_keys[i], parent) && strcmp(spec_key_leaf(&spec_keys[i]), name) == 0)
			return &spec_keys[i];
	return NULL;
}

uint32_t spec_key_index(const struct spec_key *key)
{
	assert(key >= spec_keys && key < spec_keys + spec_key_count);
	return (uint32_t)(key - spec_keys);
}

uint32_t spec_key_in_exception(const struct spec_key *key)
{
	uint32_t place = spec_key_index(key) - spec_key_index(spec_key_find("ranks[].ranks"));
	assert(place < EXCEPTION_KEYS_MAX);
	return place;
}

static bool in_exception(const char *path)
{
	return strncmp(path, "ranks[]", strlen("ranks[]")) == 0;
}

/* First the neighbours, then words of other tools, then the same word elsewhere in the spec. */
const char *spec_key_guess(const char *parent, const char *name)
{
	struct nearest nearest = nearest_to(name);
	for (uint32_t i = 0; i < spec_key_count; i++)
		if (spec_key_is_child(&spec_keys[i], parent))
			nearest_offer(&nearest, spec_key_leaf(&spec_keys[i]));
	const struct spec_key *neighbour = nearest.best == NULL ? NULL : spec_key_child(parent, nearest.best);
	if (neighbour != NULL)
		return neighbour->path;
	const char *path = foreign_key_path(name);
	if (path != NULL && in_exception(parent)) {
		const char *dot = strrchr(path, '.');
		const struct spec_key *own = spec_key_child(parent, dot == NULL ? path : dot + 1);
		return own != NULL ? own->path : path;
	}
	if (path != NULL)
		return path;
	for (uint32_t i = 0; i < spec_key_count && !in_exception(parent); i++) {
		const char *before = nearest.best;
		if (in_exception(spec_keys[i].path))
			continue;
		nearest_offer(&nearest, spec_key_leaf(&spec_keys[i]));
		if (nearest.best != before)
			path = spec_keys[i].path;
	}
	return path;
}

/* "a number from 1 to 65536", in the words of the key's own unit. */
static void format_range(const struct spec_key *key, const char *noun, char *buffer, size_t size)
{
	char low[UNIT_TEXT_BYTES], high[UNIT_TEXT_BYTES];
	if (key->type == KEY_DURATION) {
		duration_format(key->min, low);
		duration_format(key->max, high);
	} else if (key->type == KEY_SIZE) {
		size_format(key->min, low);
		size_format(key->max, high);
	} else {
		snprintf(low, sizeof low, "%" PRId64, key->min);
		snprintf(high, sizeof high, "%" PRId64, key->max);
	}
	snprintf(buffer, size, "%s from %s to %s", noun, low, high);
}

static void format_form(const struct spec_key *key, char *buffer, size_t size)
{
	static const char *const forms[] = {
		[KEY_FLAG] = "true or false",
		[KEY_SIGNAL] = "a signal like TERM",
		[KEY_UMASK] = "an octal mask in quotes, like \"022\"",
		[KEY_TEXT] = "a text",
		[KEY_NAME] = "a name",
		[KEY_TEXTS] = "a list like [python3, train.py]",
		[KEY_CPUS] = "a CPU list like \"0-3,8\"",
		[KEY_RANKS] = "a rank list like \"0-3,8\"",
		[KEY_RANK_CPUS] = "a list of CPU lists like [\"0-1\", \"2-3\"]",
		[KEY_ENV] = "a mapping like {NAME: value}",
		[KEY_INHERIT] = "true, false or a list of names",
		[KEY_STDIN] = "none, all or a rank",
		[KEY_SINKS] = "terminal, null, a path pattern, or a list of these",
		[KEY_EXCEPTIONS] = "a list of mappings like [{ranks: \"0\", env: {ROLE: leader}}]",
	};
	if (key->type == KEY_MAP)
		snprintf(buffer, size, "a mapping like %s", key->example);
	else if (key->type == KEY_NUMBER && key->min == key->max)
		snprintf(buffer, size, "%" PRId64, key->min);
	else if (key->type == KEY_NUMBER)
		format_range(key, "a number", buffer, size);
	else if (key->type == KEY_DURATION)
		format_range(key, "a duration", buffer, size);
	else if (key->type == KEY_SIZE)
		format_range(key, "a size", buffer, size);
	else if (key->type == KEY_CHOICE)
		choices_format(key->words, buffer, size);
	else
		snprintf(buffer, size, "%s", forms[key->type]);
}

const char *spec_key_form(const struct spec_key *key, char *buffer, size_t size)
{
	format_form(key, buffer, size);
	size_t length = strlen(buffer);
	if (key->type == KEY_NUMBER && key->words != NULL) {
		char words[64];
		snprintf(buffer + length, size - length, ", or %s", choices_format(key->words, words, sizeof words));
	} else if (key->nullable && key->type != KEY_SINKS) {
		snprintf(buffer + length, size - length, ", or null");
	}
	return buffer;
}
