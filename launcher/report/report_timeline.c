/* SPDX-License-Identifier: MIT
 *
 * report_timeline: see report_timeline.h. A row for each rank, from the job's start on the left to its end on the
 * right: its life, over it the phases that it marked, over these its barriers and collectives, and what it still waited
 * in when it was stopped. What would be narrower than can be seen is not drawn. Each piece says more about itself in a
 * title, and its name where that fits.
 */
#include "report/report_timeline.h"

#include "base/text.h"
#include "report/markup.h"
#include "report/report_member.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	LABEL_WIDTH = 130,
	LINE_WIDTH = 860,
	ROW_HEIGHT = 20,
	BAR_HEIGHT = 14,
	AXIS_HEIGHT = 26,
	TICKS_MAX = 8,
	LETTER_WIDTH = 6,
	NAME_SPACE = 4, /* before and after a name */
};

static const double narrowest = 0.3;

struct timeline {
	struct text *text;
	const json_t *report;
	double end_s;
	uint32_t y;     /* of the row's bar */
	uint32_t drawn; /* a bit for each piece */
};

struct bar {
	enum timeline_piece piece;
	double at_s, took_s;
	const char *what, *name; /* no name: NULL */
	const char *style;       /* none: NULL */
	bool always;             /* drawn, however narrow */
};

const char *timeline_piece_class(enum timeline_piece piece)
{
	static const char *const classes[TIMELINE_PIECES] = {
		[PIECE_LIFE] = "life",
		[PIECE_FAILED_LIFE] = "life bad",
		[PIECE_FAILURE] = "failure",
		[PIECE_PHASE] = "phase",
		[PIECE_BARRIER] = "barrier",
		[PIECE_COLLECTIVE] = "collective",
		[PIECE_UNFINISHED_BARRIER] = "barrier unfinished",
		[PIECE_UNFINISHED_COLLECTIVE] = "collective unfinished",
		[PIECE_UNFINISHED_MESSAGE] = "message unfinished",
	};
	return classes[piece];
}

static double place(const struct timeline *line, double at_s)
{
	double part = line->end_s > 0 ? at_s / line->end_s : 0;
	return LABEL_WIDTH + LINE_WIDTH * (part < 0 ? 0 : part > 1 ? 1 : part);
}

static void add_bar(struct timeline *line, const struct bar *bar)
{
	double x = place(line, bar->at_s), width = place(line, bar->at_s + bar->took_s) - x;
	if (width < narrowest && !bar->always)
		return;
	line->drawn |= UINT32_C(1) << bar->piece;
	text_add_format(line->text,
	                "<rect class=\"%s\" x=\"%.2f\" y=\"%" PRIu32 "\" width=\"%.2f\" height=\"%d\"%s><title>",
	                timeline_piece_class(bar->piece), x, line->y, width < 1 && bar->always ? 1 : width, BAR_HEIGHT,
	                bar->style != NULL ? bar->style : "");
	markup_add_words(line->text, bar->what);
	text_add(line->text, bar->name != NULL && *bar->name != '\0' ? " " : "");
	markup_add_words(line->text, bar->name);
	text_add_format(line->text, ": %.6f s, from %.6f s on</title></rect>\n", bar->took_s, bar->at_s);
}

/* Where there is room between the two moments. */
static void add_name(const struct timeline *line, double at_s, double end_s, const char *name)
{
	double x = place(line, at_s), width = place(line, end_s) - x;
	if ((double)strlen(name) * LETTER_WIDTH + 2 * NAME_SPACE > width)
		return;
	text_add_format(line->text, "<text class=\"name\" x=\"%.2f\" y=\"%" PRIu32 "\">", x + NAME_SPACE,
	                line->y + BAR_HEIGHT - 3);
	markup_add_words(line->text, name);
	text_add(line->text, "</text>\n");
}

static double end_of_phase(const json_t *marks, size_t i, double ended_s)
{
	const json_t *next = json_array_get(marks, i + 1);
	return next != NULL ? report_number(next, "at_s") : ended_s;
}

static void add_phases(struct timeline *line, const json_t *marks, double ended_s)
{
	size_t i;
	json_t *mark;
	json_array_foreach(marks, i, mark)
	{
		const char *name = report_words(mark, "text");
		double at_s = report_number(mark, "at_s");
		struct text style = {0};
		text_add(&style, " style=\"fill:");
		markup_add_colour(&style, (uint32_t)i);
		text_add(&style, "\"");
		if (name != NULL)
			add_bar(line, &(struct bar){.piece = PIECE_PHASE,
			                            .at_s = at_s,
			                            .took_s = end_of_phase(marks, i, ended_s) - at_s,
			                            .what = "phase",
			                            .name = name,
			                            .style = style.bytes});
		text_finish(&style);
	}
}

/* Over all bars, so that they can be read; the last one's, before what the rank waited in at its end. */
static void add_phase_names(const struct timeline *line, const json_t *marks, double ended_s)
{
	size_t i;
	json_t *mark;
	json_array_foreach(marks, i, mark)
	{
		const char *name = report_words(mark, "text");
		if (name != NULL)
			add_name(line, report_number(mark, "at_s"), end_of_phase(marks, i, ended_s), name);
	}
}

static void add_calls(struct timeline *line, const json_t *calls)
{
	size_t i;
	json_t *call;
	json_array_foreach(calls, i, call)
	{
		const char *kind = report_words(call, "kind");
		if (kind != NULL)
			add_bar(line,
			        &(struct bar){.piece = strcmp(kind, "barrier") == 0 ? PIECE_BARRIER : PIECE_COLLECTIVE,
			                      .at_s = report_number(call, "at_s"),
			                      .took_s = report_number(call, "took_s"),
			                      .what = kind,
			                      .name = report_words(call, "label")});
	}
}

static void add_wait(struct timeline *line, const struct report_wait *wait, double ended_s)
{
	bool barrier = strcmp(wait->class, "barrier") == 0, collective = strcmp(wait->class, "collective") == 0;
	char name[160];
	snprintf(name, sizeof name, "%s, unfinished", wait->what);
	add_bar(line, &(struct bar){.piece = barrier      ? PIECE_UNFINISHED_BARRIER
	                                     : collective ? PIECE_UNFINISHED_COLLECTIVE
	                                                  : PIECE_UNFINISHED_MESSAGE,
	                            .at_s = wait->at_s,
	                            .took_s = ended_s - wait->at_s,
	                            .what = name});
	add_name(line, wait->at_s, ended_s, name);
}

/* Around all that it did. */
static void add_frame(const struct timeline *line, double at_s, double end_s)
{
	double x = place(line, at_s);
	text_add_format(line->text,
	                "<rect class=\"fallen\" x=\"%.2f\" y=\"%" PRIu32 "\" width=\"%.2f\" height=\"%d\"/>\n", x,
	                line->y, place(line, end_s) - x, BAR_HEIGHT);
}

static void add_rank(struct timeline *line, const json_t *rank)
{
	const json_t *library = json_object_get(rank, "library"), *started = json_object_get(rank, "started_s"),
		     *ended = json_object_get(rank, "ended_s"), *marks = json_object_get(library, "marks");
	bool failed = report_rank_failed(line->report, rank), first = report_rank_fell_first(line->report, rank);
	struct report_wait wait;
	text_add_format(line->text,
	                "<text class=\"label%s%s\" x=\"%d\" y=\"%" PRIu32 "\">rank %" PRIu32 "%s%s</text>\n",
	                failed ? " bad" : "", first ? " first" : "", LABEL_WIDTH - 8, line->y + BAR_HEIGHT - 3,
	                (uint32_t)report_count(rank, "rank"), failed ? " failed" : "", first ? " first" : "");
	if (!json_is_number(started))
		return;
	double started_s = json_number_value(started),
	       ended_s = json_is_number(ended) ? json_number_value(ended) : line->end_s;
	bool waits = report_find_wait(&wait, rank);
	add_bar(line, &(struct bar){.piece = failed ? PIECE_FAILED_LIFE : PIECE_LIFE,
	                            .at_s = started_s,
	                            .took_s = ended_s - started_s,
	                            .what = failed ? "alive, then failed" : "alive",
	                            .always = true});
	add_phases(line, marks, ended_s);
	add_calls(line, json_object_get(library, "events"));
	if (waits)
		add_wait(line, &wait, ended_s);
	if (first)
		add_frame(line, started_s, ended_s);
	add_phase_names(line, marks, waits ? wait.at_s : ended_s);
}

/* The smallest of 1, 2, 5, 10, 20 ... that is not more than so many ticks. */
static double tick_step(double end_s)
{
	static const double factors[] = {2, 2.5, 2};
	double step = 1e-9;
	for (size_t i = 0; end_s / step > TICKS_MAX; i++)
		step *= factors[i % 3];
	return step;
}

static void add_axis(const struct timeline *line, uint32_t height)
{
	double step = tick_step(line->end_s);
	for (int tick = 0; tick <= TICKS_MAX && tick * step <= line->end_s; tick++) {
		double x = place(line, tick * step);
		text_add_format(line->text,
		                "<path class=\"tick\" d=\"M%.2f 0V%" PRIu32 "\"/>"
		                "<text class=\"time\" x=\"%.2f\" y=\"%" PRIu32 "\">%.6g s</text>\n",
		                x, height - AXIS_HEIGHT, x, height - 8, tick * step);
	}
}

static void add_failure(struct timeline *line, const json_t *failure, uint32_t height)
{
	if (!json_is_number(json_object_get(failure, "at_s")))
		return;
	line->drawn |= UINT32_C(1) << PIECE_FAILURE;
	text_add_format(line->text,
	                "<path class=\"%s\" d=\"M%.2f 0V%" PRIu32 "\"><title>the first failure: rank %" PRIu32 " ",
	                timeline_piece_class(PIECE_FAILURE), place(line, report_number(failure, "at_s")),
	                height - AXIS_HEIGHT, (uint32_t)report_count(failure, "rank"));
	markup_add_words(line->text, report_words(failure, "what"));
	text_add(line->text, "</title></path>\n");
}

uint32_t report_timeline(struct text *text, const json_t *report)
{
	const json_t *ranks = json_object_get(report, "ranks");
	size_t count = json_array_size(ranks);
	struct timeline line = {.text = text, .report = report, .end_s = report_number(report, "elapsed_s")};
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
	return line.drawn;
}
