/* SPDX-License-Identifier: MIT
 *
 * plan_legend: see plan_legend.h.
 */
#include "report/plan_legend.h"

#include "base/text.h"
#include "plan/place_words.h"
#include "report/markup.h"
#include "report/plan_canvas.h"

#include <inttypes.h>
#include <stdio.h>

enum { LEGEND_RANKS = 64, SWATCH = 14, MARK_WIDTH = 26 };

/* Where the next entry goes: from left to right, row by row. */
struct entries {
	struct canvas *canvas;
	uint32_t columns, top, count;
};

static struct entries begin_entries(struct canvas *canvas, uint32_t width, uint32_t top)
{
	uint32_t columns = width / CANVAS_COLUMN;
	return (struct entries){.canvas = canvas, .columns = columns > 0 ? columns : 1, .top = top};
}

static struct canvas_place next_place(struct entries *entries, uint32_t width)
{
	uint32_t at = entries->count++, columns = entries->columns;
	return (struct canvas_place){CANVAS_MARGIN + at % columns * CANVAS_COLUMN,
	                             entries->top + at / columns * CANVAS_ROW, width, SWATCH};
}

static uint32_t bottom_of(const struct entries *entries)
{
	return entries->top + (entries->count + entries->columns - 1) / entries->columns * CANVAS_ROW;
}

/* --- marks --- */

static void add_mark(struct entries *entries, const char *mark, enum picture_use use)
{
	struct canvas_place place = next_place(entries, MARK_WIDTH);
	canvas_add_cell(entries->canvas, use, place);
	canvas_add_words(entries->canvas, "rank", place.x + MARK_WIDTH / 2, place.y + 11, mark);
	canvas_add_words(entries->canvas, "legend", place.x + MARK_WIDTH + 6, place.y + 12, picture_use_words(use));
}

/* The hardware thread that most ranks share. */
static uint32_t most_shared(const struct picture *picture)
{
	uint32_t most = 0;
	for (uint32_t i = 1; i < picture->machine->thread_count; i++)
		if (picture->threads[i].rank_count > picture->threads[most].rank_count)
			most = i;
	return most;
}

static void add_shared(struct entries *entries)
{
	struct canvas *canvas = entries->canvas;
	uint32_t thread = most_shared(canvas->picture), ranks = canvas->picture->threads[thread].rank_count;
	char words[64] = "0+, 0-3: several ranks, the colour of each";
	if (ranks < 2)
		return;
	if (ranks > CANVAS_COLOURS)
		snprintf(words, sizeof words, "0+, 0-3: several ranks, the first %d in colours", CANVAS_COLOURS);
	struct canvas_place place = next_place(entries, MARK_WIDTH);
	canvas_add_colours(canvas, thread, place);
	canvas_add_words(canvas, "legend", place.x + MARK_WIDTH + 6, place.y + 12, words);
}

static void add_core_number(struct entries *entries)
{
	struct canvas_place place = next_place(entries, MARK_WIDTH);
	canvas_add_words(entries->canvas, "name", place.x + MARK_WIDTH / 2, place.y + 11, "0");
	canvas_add_words(entries->canvas, "legend", place.x + MARK_WIDTH + 6, place.y + 12, "number of a core");
}

static void add_marks(struct canvas *canvas, uint32_t width, uint32_t *y)
{
	struct entries entries = begin_entries(canvas, width, *y);
	add_core_number(&entries);
	for (enum picture_use use = PICTURE_ANY_RANK; use < PICTURE_USES; use++)
		if (picture_has(canvas->picture, use))
			add_mark(&entries, picture_use_mark(use, ""), use);
	add_shared(&entries);
	*y = bottom_of(&entries);
}

/* --- ranks --- */

static void add_rank(struct entries *entries, const struct rank_placement *place, uint32_t rank)
{
	struct canvas *canvas = entries->canvas;
	struct canvas_place at = next_place(entries, SWATCH);
	struct text words = {0};
	text_add_format(&words, "rank %" PRIu32 ": %s", rank, place->bound ? "" : "not bound, may use ");
	place_words_set(&words, "CPU", "CPUs", &place->cpus);
	if (!index_set_is_empty(&place->nodes)) {
		text_add(&words, ", ");
		place_words_set(&words, "NUMA node", "NUMA nodes", &place->nodes);
	}
	text_add(canvas->text, "<g><title>");
	markup_add_words(canvas->text, place->why);
	text_add_format(canvas->text,
	                "</title><rect class=\"thread\" x=\"%" PRIu32 "\" y=\"%" PRIu32
	                "\" width=\"%d\" height=\"%d\" style=\"fill:",
	                at.x, at.y, SWATCH, SWATCH);
	if (place->bound)
		markup_add_colour(canvas->text, rank);
	else
		text_add(canvas->text, "#fff");
	text_add(canvas->text, "\"/>");
	canvas_add_words(canvas, "legend", at.x + 20, at.y + 12, words.bytes);
	text_add(canvas->text, "</g>\n");
	text_finish(&words);
}

static void add_ranks(struct canvas *canvas, uint32_t width, uint32_t *y)
{
	const struct placement *placement = canvas->picture->placement;
	uint32_t shown = placement->nprocs < LEGEND_RANKS ? placement->nprocs : LEGEND_RANKS;
	struct entries entries = begin_entries(canvas, width, *y);
	for (uint32_t rank = 0; rank < shown; rank++)
		add_rank(&entries, &placement->ranks[rank], rank);
	*y = bottom_of(&entries);
	if (shown < placement->nprocs) {
		char more[64];
		snprintf(more, sizeof more, "and %" PRIu32 " more ranks", placement->nprocs - shown);
		canvas_add_words(canvas, "legend", CANVAS_MARGIN, *y + 12, more);
		*y += CANVAS_ROW;
	}
}

static void add_warnings(struct canvas *canvas, uint32_t *y)
{
	const struct placement *placement = canvas->picture->placement;
	for (uint32_t i = 0; i < placement->warning_count; i++, *y += CANVAS_ROW) {
		struct text words = {0};
		text_add_format(&words, "warning: %s", placement->warnings[i]);
		canvas_add_words(canvas, "legend warning", CANVAS_MARGIN, *y + 12, words.bytes);
		text_finish(&words);
	}
}

void plan_legend(struct canvas *canvas, uint32_t width, uint32_t *y)
{
	add_marks(canvas, width, y);
	add_ranks(canvas, width, y);
	add_warnings(canvas, y);
}
