/* SPDX-License-Identifier: MIT
 *
 * markup: see markup.h.
 */
#include "report/markup.h"

#include "base/printable.h"
#include "base/text.h"

#include <inttypes.h>

enum { SATURATION = 62 };

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
	char escape[ESCAPE_BYTES];
	while (words != NULL && *words != '\0') {
		size_t length = printable_bytes(words);
		const char *entity = entity_of(*words);
		if (entity != NULL)
			text_add(text, entity);
		else if (length == 0)
			text_add(text, printable_escape(*words, escape));
		else
			text_add_bytes(text, words, length);
		words += length == 0 ? 1 : length;
	}
}

/* Steps of the golden angle around the circle, in three shades. */
static uint32_t hue_of(uint32_t rank)
{
	return (uint32_t)((uint64_t)rank * 1375 / 10 % 360);
}

static uint32_t lightness_of(uint32_t rank)
{
	static const uint32_t lightness[] = {68, 78, 60};
	return lightness[rank / 8 % 3];
}

void markup_add_colour(struct text *text, uint32_t rank)
{
	text_add_format(text, "hsl(%" PRIu32 ",%d%%,%" PRIu32 "%%)", hue_of(rank), SATURATION, lightness_of(rank));
}

/* One channel, 0 to 1, as CSS has it for hsl(): `offset` is 0 for red, 8 for green, 4 for blue. */
static double channel(uint32_t rank, double offset)
{
	double lightness = lightness_of(rank) / 100.0, chroma = SATURATION / 100.0 * (1 - lightness);
	double at = offset + hue_of(rank) / 30.0;
	at = at >= 12 ? at - 12 : at;
	double least = at - 3 < 9 - at ? at - 3 : 9 - at;
	return lightness - chroma * (least < -1 ? -1 : least > 1 ? 1 : least);
}

/* By the relative luminance, of which the square is near enough: from 0.21 on black has the better contrast. */
bool markup_is_dark(uint32_t rank)
{
	double red = channel(rank, 0), green = channel(rank, 8), blue = channel(rank, 4);
	return 0.21 * red * red + 0.72 * green * green + 0.07 * blue * blue < 0.21;
}
