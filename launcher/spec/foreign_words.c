/* SPDX-License-Identifier: MIT
 *
 * foreign_words: see foreign_words.h.
 */
#include "spec/foreign_words.h"

#include <string.h>

bool is_typed_as(const char *name, const char *typed, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (name[i] != (typed[i] == '_' ? '-' : typed[i]))
			return false;
	return true;
}

/* How many of the names are it. */
static unsigned count_in(const char *names, const char *typed, size_t typed_length)
{
	unsigned count = 0;
	while (*names != '\0') {
		size_t length = strcspn(names, " ");
		count += length == typed_length && is_typed_as(names, typed, length);
		names += length + (names[length] == ' ');
	}
	return count;
}

const char *foreign_words_find(const struct foreign_row *rows, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (count_in(rows[i].names, name, length) > 0)
			return rows[i].answer;
	return NULL;
}

const char *foreign_words_repeated(const struct foreign_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (const char *at = rows[i].names; *at != '\0'; at += strspn(at, " ")) {
			size_t length = strcspn(at, " ");
			unsigned found = 0;
			for (size_t j = 0; j < count; j++)
				found += count_in(rows[j].names, at, length);
			if (found != 1)
				return at;
			at += length;
		}
	}
	return NULL;
}
