/* SPDX-License-Identifier: MIT
 *
 * markup: see markup.h.
 */
#include "report/markup.h"

#include "base/printable.h"
#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>

static const char *entity_of(char character)
{
	switch (character) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

/* XML has no way to write control characters at all. */
void markup_add_words(struct text *text, const char *words)
{
	while (words != NULL && *words != '\0') {
		size_t length = printable_bytes(words);
		const char *entity = entity_of(*words);
		if (entity != NULL)
			text_add(text, entity);
		else if (length == 0)
			text_add(text, "?");
		else
			text_add_bytes(text, words, length);
		words += length == 0 ? 1 : length;
	}
}

/* Steps of the golden angle around the circle, in three shades. */
void markup_add_colour(struct text *text, uint32_t rank)
{
	static const uint32_t lightness[] = {68, 78, 60};
	text_add_format(text, "hsl(%" PRIu32 ",62%%,%" PRIu32 "%%)", (uint32_t)((uint64_t)rank * 1375 / 10 % 360),
	                lightness[rank / 8 % 3]);
}
