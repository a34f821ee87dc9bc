/* SPDX-License-Identifier: MIT
 *
 * options_fixture: a command line in one text.
 */
#ifndef MUSTER_TESTS_OPTIONS_FIXTURE_H
#define MUSTER_TESTS_OPTIONS_FIXTURE_H

#include "test_directory.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 16 };

/* Splits "run -n 4 ls" at blanks; ^ stands for an empty word. */
struct line {
	char text[256];
	char *words[WORDS_MAX];
	int count;
};

static inline void line_split(struct line *line, const char *text)
{
	*line = (struct line){0};
	assert_true(strlen(text) < sizeof line->text);
	strcpy(line->text, text);
	for (char *word = strtok(line->text, " "); word != NULL; word = strtok(NULL, " ")) {
		assert_true(line->count < WORDS_MAX - 1);
		if (strcmp(word, "^") == 0)
			*word = '\0';
		line->words[line->count++] = word;
	}
}

#endif
