/* SPDX-License-Identifier: MIT
 *
 * plan_canvas: see plan_canvas.h.
 */
#include "report/plan_canvas.h"

#include "base/text.h"
#include "report/markup.h"

#include <inttypes.h>

const char *canvas_style(void)
{
	return "<style>text{font-family:system-ui,sans-serif;fill:#222}.head{font-size:17px;font-weight:600}"
	       ".title{font-size:12px;font-weight:600}.legend{font-size:13px}.warning{fill:#a40}"
	       ".name{font-size:9px;fill:#666}.rank{font-size:12px;text-anchor:middle}.pale{fill:#fff}"
	       ".many{paint-order:stroke;stroke:#fff;stroke-width:3px}"
	       ".package{fill:#f4f4f6;stroke:#889}.node{fill:#e9eef5;stroke:#9ab}.cache{fill:#fff;stroke:#bcd}"
	       ".core{fill:#fafafa;stroke:#ccc}.thread{fill:#e4e4e4;stroke:#bbb}.out{fill:#fff}"
	       ".no{fill:url(#no)}</style>\n"
	       "<defs><pattern id=\"no\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
	       "<rect width=\"6\" height=\"6\" fill=\"#eee\"/><path d=\"M0 6L6 0\" "
	       "stroke=\"#b66\"/></pattern></defs>\n";
}

void canvas_add_box(struct canvas *canvas, const char *class, struct canvas_place place)
{
	text_add_format(canvas->text,
	                "<rect class=\"%s\" x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" width=\"%" PRIu32 "\" height=\"%" PRIu32
	                "\" rx=\"4\"/>\n",
	                class, place.x, place.y, place.width, place.height);
}

void canvas_add_words(struct canvas *canvas, const char *class, uint32_t x, uint32_t y, const char *words)
{
	text_add_format(canvas->text, "<text class=\"%s\" x=\"%" PRIu32 "\" y=\"%" PRIu32 "\">", class, x, y);
	markup_add_words(canvas->text, words);
	text_add(canvas->text, "</text>\n");
}

void canvas_add_cell(struct canvas *canvas, enum picture_use use, struct canvas_place place)
{
	static const char *const classes[PICTURE_USES] = {
		[PICTURE_RANKS] = "thread",          [PICTURE_ANY_RANK] = "thread",
		[PICTURE_FREE] = "thread",           [PICTURE_HELD] = "thread",
		[PICTURE_NOT_IN_SET] = "thread out", [PICTURE_OTHER_KIND] = "thread out",
		[PICTURE_FORBIDDEN] = "thread no",
	};
	text_add_format(canvas->text,
	                "<rect class=\"%s\" x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" width=\"%" PRIu32 "\" height=\"%" PRIu32
	                "\"/>",
	                classes[use], place.x, place.y, place.width, place.height);
}

void canvas_add_colours(struct canvas *canvas, uint32_t thread, struct canvas_place place)
{
	uint32_t ranks[CANVAS_COLOURS];
	uint32_t count = picture_ranks_on(canvas->picture, thread, ranks, CANVAS_COLOURS);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t begin = place.width * i / count, end = place.width * (i + 1) / count;
		text_add_format(canvas->text,
		                "<rect x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" width=\"%" PRIu32 "\" height=\"%" PRIu32
		                "\" style=\"fill:",
		                place.x + begin, place.y, end - begin, place.height);
		markup_add_colour(canvas->text, ranks[i]);
		text_add(canvas->text, "\"/>");
	}
}

void canvas_add_label(struct canvas *canvas, uint32_t thread, struct canvas_place place)
{
	const struct picture_thread *on = &canvas->picture->threads[thread];
	char label[PICTURE_LABEL_SIZE];
	const char *class = "rank";
	if (on->rank_count > 1)
		class = "rank many";
	else if (on->rank_count == 1 && markup_is_dark(on->first_rank))
		class = "rank pale";
	picture_label(canvas->picture, thread, "", label);
	canvas_add_words(canvas, class, place.x + place.width / 2, place.y + place.height - 7, label);
}
