/* SPDX-License-Identifier: MIT
 *
 * report_timeline: see report_timeline.h. A row for each rank, from the job's start on the left to its end on the
 * right: its life, over it the phases that it marked, and over these its barriers and collectives. What would be
 * narrower than can be seen is not drawn. Each piece says more about itself in a title.
 */
#include "report/report_timeline.h"

#include "base/text.h"
#include "report/markup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LABEL_WIDTH = 90, LINE_WIDTH = 900, ROW_HEIGHT = 20, BAR_HEIGHT = 14, AXIS_HEIGHT = 26, TICKS = 5 };

static const double narrowest = 0.3;

struct timeline {
	struct text *text;
	double end_s;
	uint32_t y; /* of the row's bar */
};

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static double place(const struct timeline *line, double at_s)
{
	double part = line->end_s > 0 ? at_s / line->end_s : 0;
	return LABEL_WIDTH + LINE_WIDTH * (part < 0 ? 0 : part > 1 ? 1 : part);
}

/* `what` and `name`, and how long it took. */
static void add_bar(const struct timeline *line, const char *class, double at_s, double took_s, const char *what,
                    const char *name, const char *style)
{
	double x = place(line, at_s), width = place(line, at_s + took_s) - x;
	bool is_life = strcmp(class, "life") == 0;
	if (width < narrowest && !is_life)
		return;
	text_add_format(line->text,
	                "<rect class=\"%s\" x=\"%.2f\" y=\"%" PRIu32 "\" width=\"%.2f\" height=\"%d\"%s><title>", class,
	                x, line->y, width < 1 && is_life ? 1 : width, BAR_HEIGHT, style);
	markup_add_words(line->text, what);
	text_add(line->text, name != NULL && *name != '\0' ? " " : "");
	markup_add_words(line->text, name);
	text_add_format(line->text, ": %.6f s, from %.6f s on</title></rect>\n", took_s, at_s);
}

static void add_phases(const struct timeline *line, const json_t *marks, double ended_s)
{
	size_t i;
	json_t *mark;
	json_array_foreach(marks, i, mark)
	{
		const json_t *next = json_array_get(marks, i + 1);
		const char *name = json_string_value(json_object_get(mark, "text"));
		double at_s = number(mark, "at_s"), end_s = next != NULL ? number(next, "at_s") : ended_s;
		struct text style = {0};
		text_add(&style, " style=\"fill:");
		markup_add_colour(&style, (uint32_t)i);
		text_add(&style, "\"");
		if (name != NULL)
			add_bar(line, "phase", at_s, end_s - at_s, "phase", name, style.bytes);
		text_finish(&style);
	}
}

static void add_calls(const struct timeline *line, const json_t *calls)
{
	size_t i;
	json_t *call;
	json_array_foreach(calls, i, call)
	{
		const char *kind = json_string_value(json_object_get(call, "kind"));
		bool barrier = kind != NULL && strcmp(kind, "barrier") == 0;
		if (kind != NULL)
			add_bar(line, barrier ? "barrier" : "collective", number(call, "at_s"), number(call, "took_s"),
			        kind, json_string_value(json_object_get(call, "label")), "");
	}
}

static void add_rank(struct timeline *line, const json_t *rank)
{
	const json_t *library = json_object_get(rank, "library"), *started = json_object_get(rank, "started_s"),
		     *ended = json_object_get(rank, "ended_s");
	text_add_format(line->text, "<text class=\"label\" x=\"%d\" y=\"%" PRIu32 "\">rank %" PRIu32 "</text>\n",
	                LABEL_WIDTH - 8, line->y + BAR_HEIGHT - 3,
	                (uint32_t)json_integer_value(json_object_get(rank, "rank")));
	if (!json_is_number(started))
		return;
	double started_s = json_number_value(started),
	       ended_s = json_is_number(ended) ? json_number_value(ended) : line->end_s;
	add_bar(line, "life", started_s, ended_s - started_s, "alive", NULL, "");
	add_phases(line, json_object_get(library, "marks"), ended_s);
	add_calls(line, json_object_get(library, "events"));
}

static void add_axis(const struct timeline *line, uint32_t height)
{
	for (int tick = 0; tick <= TICKS; tick++) {
		double at_s = line->end_s * tick / TICKS, x = place(line, at_s);
		text_add_format(line->text,
		                "<path class=\"tick\" d=\"M%.2f 0V%" PRIu32 "\"/>"
		                "<text class=\"time\" x=\"%.2f\" y=\"%" PRIu32 "\">%.3g s</text>\n",
		                x, height - AXIS_HEIGHT, x, height - 8, at_s);
	}
}

static void add_failure(const struct timeline *line, const json_t *failure, uint32_t height)
{
	if (!json_is_number(json_object_get(failure, "at_s")))
		return;
	text_add_format(line->text,
	                "<path class=\"failure\" d=\"M%.2f 0V%" PRIu32 "\"><title>the first failure: rank %" PRIu32 " ",
	                place(line, number(failure, "at_s")), height - AXIS_HEIGHT,
	                (uint32_t)json_integer_value(json_object_get(failure, "rank")));
	markup_add_words(line->text, json_string_value(json_object_get(failure, "what")));
	text_add(line->text, "</title></path>\n");
}

void report_timeline(struct text *text, const json_t *report)
{
	const json_t *ranks = json_object_get(report, "ranks");
	size_t count = json_array_size(ranks);
	struct timeline line = {.text = text, .end_s = number(report, "elapsed_s")};
	count = count < TIMELINE_RANKS_MAX ? count : TIMELINE_RANKS_MAX;
	uint32_t width = LABEL_WIDTH + LINE_WIDTH + 40, height = (uint32_t)count * ROW_HEIGHT + AXIS_HEIGHT + 6;
	text_add_format(text,
	                "<svg viewBox=\"0 0 %" PRIu32 " %" PRIu32
	                "\" role=\"img\" aria-label=\"when each rank lived\">\n",
	                width, height);
	add_axis(&line, height);
	for (size_t i = 0; i < count; i++) {
		line.y = (uint32_t)i * ROW_HEIGHT + 3;
		add_rank(&line, json_array_get(ranks, i));
	}
	add_failure(&line, json_object_get(report, "first_failure"), height);
	text_add(text, "</svg>\n");
}
