/* SPDX-License-Identifier: MIT
 *
 * index_set: see index_set.h. One bit a member, words grow to what was added.
 */
#include "base/index_set.h"

#include "base/error.h"
#include "base/memory.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

static uint64_t word_at(const struct index_set *set, uint32_t word)
{
	return word < set->word_count ? set->words[word] : 0;
}

static void reserve_words(struct index_set *set, uint32_t words)
{
	if (words <= set->word_count)
		return;
	set->words = memory_resized(set->words, words, sizeof *set->words);
	memset(set->words + set->word_count, 0, (words - set->word_count) * sizeof *set->words);
	set->word_count = words;
}

void index_set_finish(struct index_set *set)
{
	free(set->words);
	*set = (struct index_set){0};
}

void index_set_clear(struct index_set *set)
{
	for (uint32_t word = 0; word < set->word_count; word++)
		set->words[word] = 0;
}

void index_set_add(struct index_set *set, uint32_t index)
{
	assert(index <= INDEX_SET_MAX);
	reserve_words(set, index / WORD_BITS + 1);
	assert(set->words != NULL);
	set->words[index / WORD_BITS] |= UINT64_C(1) << (index % WORD_BITS);
}

void index_set_add_range(struct index_set *set, uint32_t first, uint32_t last)
{
	assert(first <= last);
	for (uint32_t index = first; index <= last; index++)
		index_set_add(set, index);
}

void index_set_remove(struct index_set *set, uint32_t index)
{
	if (index / WORD_BITS < set->word_count)
		set->words[index / WORD_BITS] &= ~(UINT64_C(1) << (index % WORD_BITS));
}

bool index_set_has(const struct index_set *set, uint32_t index)
{
	return (word_at(set, index / WORD_BITS) >> (index % WORD_BITS)) & 1;
}

bool index_set_is_empty(const struct index_set *set)
{
	return index_set_first(set) == INDEX_SET_NONE;
}

uint32_t index_set_count(const struct index_set *set)
{
	uint32_t count = 0;
	for (uint32_t word = 0; word < set->word_count; word++)
		count += (uint32_t)__builtin_popcountll(set->words[word]);
	return count;
}

static uint32_t first_from(const struct index_set *set, uint32_t from)
{
	uint64_t mask = ~UINT64_C(0) << (from % WORD_BITS);
	for (uint32_t word = from / WORD_BITS; word < set->word_count; word++, mask = ~UINT64_C(0)) {
		uint64_t bits = set->words[word] & mask;
		if (bits != 0)
			return word * WORD_BITS + (uint32_t)__builtin_ctzll(bits);
	}
	return INDEX_SET_NONE;
}

uint32_t index_set_first(const struct index_set *set)
{
	return first_from(set, 0);
}

uint32_t index_set_next(const struct index_set *set, uint32_t after)
{
	return first_from(set, after + 1);
}

uint32_t index_set_last(const struct index_set *set)
{
	for (uint32_t word = set->word_count; word-- > 0;)
		if (set->words[word] != 0)
			return word * WORD_BITS + (WORD_BITS - 1) - (uint32_t)__builtin_clzll(set->words[word]);
	return INDEX_SET_NONE;
}

void index_set_copy(struct index_set *to, const struct index_set *from)
{
	index_set_clear(to);
	index_set_union(to, from);
}

void index_set_union(struct index_set *to, const struct index_set *other)
{
	reserve_words(to, other->word_count);
	for (uint32_t word = 0; word < other->word_count; word++)
		to->words[word] |= other->words[word];
}

void index_set_intersect(struct index_set *to, const struct index_set *other)
{
	for (uint32_t word = 0; word < to->word_count; word++)
		to->words[word] &= word_at(other, word);
}

void index_set_subtract(struct index_set *to, const struct index_set *other)
{
	for (uint32_t word = 0; word < to->word_count; word++)
		to->words[word] &= ~word_at(other, word);
}

static uint32_t wider(const struct index_set *a, const struct index_set *b)
{
	return a->word_count > b->word_count ? a->word_count : b->word_count;
}

bool index_set_equal(const struct index_set *a, const struct index_set *b)
{
	for (uint32_t word = 0; word < wider(a, b); word++)
		if (word_at(a, word) != word_at(b, word))
			return false;
	return true;
}

bool index_set_intersects(const struct index_set *a, const struct index_set *b)
{
	for (uint32_t word = 0; word < a->word_count; word++)
		if ((a->words[word] & word_at(b, word)) != 0)
			return true;
	return false;
}

bool index_set_contains(const struct index_set *outer, const struct index_set *inner)
{
	for (uint32_t word = 0; word < inner->word_count; word++)
		if ((inner->words[word] & ~word_at(outer, word)) != 0)
			return false;
	return true;
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static int parse_number(const char **at, const char *whole, uint32_t max, uint32_t *number, struct error *err)
{
	const char *start = skip_blanks(*at);
	if (!isdigit((unsigned char)*start))
		return error_set(err, -EINVAL,
		                 "\"%.80s\" is not a list like \"0-3,8\": a number is missing at \"%.20s\"", whole,
		                 start);
	uint64_t value = 0;
	const char *end = start;
	for (; isdigit((unsigned char)*end); end++)
		if (value <= max)
			value = value * 10 + (uint64_t)(*end - '0');
	if (value > max)
		return error_set(err, -ERANGE, "%.*s in \"%.80s\" is above %" PRIu32 ", the highest there can be",
		                 (int)(end - start > 20 ? 20 : end - start), start, whole, max);
	*number = (uint32_t)value;
	*at = skip_blanks(end);
	return 0;
}

static int parse_range(struct index_set *set, const char **at, const char *whole, uint32_t max, struct error *err)
{
	uint32_t first;
	int rc = parse_number(at, whole, max, &first, err);
	if (rc < 0)
		return rc;
	uint32_t last = first;
	if (**at == '-') {
		++*at;
		rc = parse_number(at, whole, max, &last, err);
		if (rc < 0)
			return rc;
	}
	if (last < first)
		return error_set(err, -EINVAL, "the range %" PRIu32 "-%" PRIu32 " in \"%.80s\" runs backwards", first,
		                 last, whole);
	index_set_add_range(set, first, last);
	return 0;
}

int index_set_parse(struct index_set *set, const char *text, uint32_t max, struct error *err)
{
	assert(max <= INDEX_SET_MAX);
	struct index_set read = {0};
	const char *at = text;
	int rc;
	for (;;) {
		rc = parse_range(&read, &at, text, max, err);
		if (rc < 0 || *at == '\0')
			break;
		if (*at != ',') {
			rc = error_set(err, -EINVAL,
			               "\"%.80s\" is not a list like \"0-3,8\": \"%.20s\" is not understood", text, at);
			break;
		}
		at++;
	}
	if (rc < 0) {
		index_set_finish(&read);
		return rc;
	}
	index_set_finish(set);
	*set = read;
	return 0;
}

size_t index_set_format(const struct index_set *set, char *buffer, size_t size)
{
	size_t length = 0;
	if (size > 0)
		buffer[0] = '\0';
	for (uint32_t first = index_set_first(set); first != INDEX_SET_NONE;) {
		uint32_t last = first;
		while (index_set_has(set, last + 1))
			last++;
		char *to = length < size ? buffer + length : NULL;
		size_t room = length < size ? size - length : 0;
		const char *comma = length > 0 ? "," : "";
		int wrote = last == first ? snprintf(to, room, "%s%" PRIu32, comma, first)
		                          : snprintf(to, room, "%s%" PRIu32 "-%" PRIu32, comma, first, last);
		length += (size_t)wrote;
		first = index_set_next(set, last);
	}
	return length;
}
