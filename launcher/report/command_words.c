/* SPDX-License-Identifier: MIT
 *
 * command_words: see command_words.h.
 */
#include "report/command_words.h"

#include "base/printable.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

static bool needs_quotes(const char *word)
{
	return word[0] == '\0' || word[strcspn(word, " \t\n\"'\\$`|&;<>()*?[]{}#~!")] != '\0';
}

/* A quote within quotes as every shell reads it: '\''. */
static void add_quoted(struct text *text, const char *word)
{
	text_add(text, "'");
	for (const char *at = word; *at != '\0';) {
		char part[128];
		size_t length = strcspn(at, "'");
		length = length < sizeof part ? length : sizeof part - 1;
		memcpy(part, at, length);
		part[length] = '\0';
		printable_add(text, part);
		at += length;
		if (*at == '\'')
			text_add(text, "'\\''");
		at += *at == '\'';
	}
	text_add(text, "'");
}

void command_words_add(struct text *text, const json_t *command)
{
	size_t i;
	json_t *value;
	json_array_foreach(command, i, value)
	{
		const char *word = json_string_value(value);
		text_add(text, i == 0 ? "" : " ");
		if (word == NULL)
			continue;
		if (needs_quotes(word))
			add_quoted(text, word);
		else
			printable_add(text, word);
	}
}
