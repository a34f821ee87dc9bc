/* SPDX-License-Identifier: MIT
 *
 * plan_svg: a plan as a picture that stands alone: packages hold NUMA nodes, these hold L3 caches, these cores, and a
 * core's hardware threads have the colours of the ranks on them. All words are text, so that they can be found, copied
 * and read aloud; each core and each rank says more about itself in a title.
 *
 * A first pass lays boxes out, top down, in one column of packages; a second writes them.
 */
#include "report/plan_view.h"

#include "plan/place_words.h"
#include "plan/placement.h"
#include "report/markup.h"
#include "report/plan_picture.h"
#include "spec/job_spec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MARGIN = 24,
	PADDING = 12,
	TITLE_HEIGHT = 22,
	CORE_GAP = 6,
	THREAD_HEIGHT = 22,
	CORE_TITLE = 14,
	CORES_A_ROW = 16,
	LEGEND_ROW = 22,
	LEGEND_COLUMN = 330,
	LEGEND_RANKS = 64,
	HEAD_HEIGHT = 66,
};

struct canvas {
	struct text *text;
	const struct picture *picture;
	uint32_t thread_width;
	uint32_t core_width;
	uint32_t core_height;
	uint32_t cells_a_row;
	uint32_t width; /* of what packages hold */
};

static void add_box(struct canvas *canvas, const char *class, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	text_add_format(canvas->text,
	                "<rect class=\"%s\" x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" width=\"%" PRIu32 "\" height=\"%" PRIu32
	                "\" rx=\"4\"/>\n",
	                class, x, y, width, height);
}

static void add_words(struct canvas *canvas, const char *class, uint32_t x, uint32_t y, const char *words)
{
	text_add_format(canvas->text, "<text class=\"%s\" x=\"%" PRIu32 "\" y=\"%" PRIu32 "\">", class, x, y);
	markup_add_words(canvas->text, words);
	text_add(canvas->text, "</text>\n");
}

/* How a hardware thread looks that no rank has for itself. */
static const struct {
	const char *class, *words;
} uses[PICTURE_USES] = {
	[PICTURE_RANKS] = {"thread", ""},
	[PICTURE_ANY_RANK] = {"thread", "any rank"},
	[PICTURE_FREE] = {"thread", "free"},
	[PICTURE_HELD] = {"thread", "held by another job"},
	[PICTURE_NOT_IN_SET] = {"thread out", "not in cpu_set"},
	[PICTURE_FORBIDDEN] = {"thread no", "not allowed"},
};

static void add_thread_title(struct canvas *canvas, uint32_t thread)
{
	const struct hardware_thread *at = &canvas->picture->machine->threads[thread];
	const struct picture_thread *on = &canvas->picture->threads[thread];
	text_add_format(canvas->text, "<title>CPU %" PRIu32 ": ", at->cpu);
	if (on->use == PICTURE_FORBIDDEN)
		text_add_format(canvas->text, "not allowed, %s", thread_access_reason(at->access));
	else if (on->use != PICTURE_RANKS)
		text_add(canvas->text, uses[on->use].words);
	else if (on->rank_count == 1)
		text_add_format(canvas->text, "rank %" PRIu32, on->first_rank);
	else
		text_add_format(canvas->text, "%" PRIu32 " ranks, %" PRIu32 " to %" PRIu32, on->rank_count,
		                on->first_rank, on->last_rank);
	text_add(canvas->text, "</title>");
}

static void add_thread(struct canvas *canvas, uint32_t thread, uint32_t x, uint32_t y)
{
	const struct picture_thread *on = &canvas->picture->threads[thread];
	char label[PICTURE_LABEL_SIZE];
	picture_label(canvas->picture, thread, "", label);
	text_add_format(canvas->text,
	                "<g><rect x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" width=\"%" PRIu32 "\" height=\"%d\" class=\"%s\"",
	                x, y, canvas->thread_width, THREAD_HEIGHT, uses[on->use].class);
	if (on->use == PICTURE_RANKS) {
		text_add(canvas->text, " style=\"fill:");
		markup_add_colour(canvas->text, on->first_rank);
		text_add(canvas->text, on->rank_count > 1 ? ";stroke-dasharray:3 2;stroke:#333\"" : "\"");
	}
	text_add(canvas->text, ">");
	add_thread_title(canvas, thread);
	text_add(canvas->text, "</rect>");
	text_add_format(canvas->text, "<text class=\"rank\" x=\"%" PRIu32 "\" y=\"%" PRIu32 "\">%s</text></g>\n",
	                x + canvas->thread_width / 2, y + THREAD_HEIGHT - 7, label);
}

static void add_core(struct canvas *canvas, uint32_t core, uint32_t x, uint32_t y)
{
	const struct picture *picture = canvas->picture;
	char name[16];
	snprintf(name, sizeof name, "%" PRIu32, core);
	add_box(canvas, "core", x, y, canvas->core_width, canvas->core_height);
	add_words(canvas, "name", x + 4, y + CORE_TITLE - 3, name);
	uint32_t at = x + 3;
	for (uint32_t i = picture->core_threads[core]; i < picture->core_threads[core + 1]; i++) {
		add_thread(canvas, i, at, y + CORE_TITLE);
		at += canvas->thread_width + 2;
	}
}

static uint32_t rows_of(const struct canvas *canvas, const struct picture_block *block)
{
	return (block->core_count + canvas->cells_a_row - 1) / canvas->cells_a_row;
}

static uint32_t block_height(const struct canvas *canvas, const struct picture_block *block)
{
	return rows_of(canvas, block) * (canvas->core_height + CORE_GAP) + CORE_GAP + TITLE_HEIGHT;
}

static void add_block(struct canvas *canvas, const struct picture_block *block, uint32_t x, uint32_t y)
{
	char name[32] = "no L3 cache";
	if (block->l3cache != NO_OBJECT)
		snprintf(name, sizeof name, "L3 cache %" PRIu32, block->l3cache);
	add_box(canvas, "cache", x, y, canvas->width, block_height(canvas, block) - CORE_GAP);
	add_words(canvas, "title", x + CORE_GAP, y + TITLE_HEIGHT - 7, name);
	for (uint32_t i = 0; i < block->core_count; i++)
		add_core(canvas, block->first_core + i,
		         x + CORE_GAP + i % canvas->cells_a_row * (canvas->core_width + CORE_GAP),
		         y + TITLE_HEIGHT + i / canvas->cells_a_row * (canvas->core_height + CORE_GAP));
}

static bool same_node(const struct picture_block *one, const struct picture_block *other)
{
	return one->package == other->package && one->numa == other->numa;
}

/* One NUMA node of one package, beginning with block `first`; returns the block behind it, moves `y`. */
static uint32_t add_node(struct canvas *canvas, uint32_t first, uint32_t *y)
{
	const struct picture *picture = canvas->picture;
	const struct picture_block *block = &picture->blocks[first];
	uint32_t end = first, height = TITLE_HEIGHT + CORE_GAP, x = MARGIN + PADDING;
	for (; end < picture->block_count && same_node(block, &picture->blocks[end]); end++)
		height += block_height(canvas, &picture->blocks[end]);
	char name[64] = "no NUMA node of its own";
	if (block->numa != NO_OBJECT)
		snprintf(name, sizeof name, "NUMA node %" PRIu32, picture->machine->nodes[block->numa].os_index);
	add_box(canvas, "node", x, *y, canvas->width + 2 * PADDING, height);
	add_words(canvas, "title", x + PADDING, *y + TITLE_HEIGHT - 6, name);
	*y += TITLE_HEIGHT;
	for (uint32_t i = first; i < end; i++) {
		add_block(canvas, &picture->blocks[i], x + PADDING, *y);
		*y += block_height(canvas, &picture->blocks[i]);
	}
	*y += CORE_GAP + PADDING;
	return end;
}

static uint32_t package_height(const struct canvas *canvas, uint32_t first)
{
	const struct picture *picture = canvas->picture;
	uint32_t height = TITLE_HEIGHT;
	for (uint32_t i = first;
	     i < picture->block_count && picture->blocks[i].package == picture->blocks[first].package; i++) {
		if (i == first || !same_node(&picture->blocks[i - 1], &picture->blocks[i]))
			height += TITLE_HEIGHT + CORE_GAP + PADDING;
		height += block_height(canvas, &picture->blocks[i]);
	}
	return height;
}

static void add_packages(struct canvas *canvas, uint32_t *y)
{
	const struct picture *picture = canvas->picture;
	for (uint32_t i = 0; i < picture->block_count;) {
		uint32_t package = picture->blocks[i].package;
		char name[32];
		snprintf(name, sizeof name, "package %" PRIu32, package);
		add_box(canvas, "package", MARGIN, *y, canvas->width + 4 * PADDING, package_height(canvas, i));
		add_words(canvas, "title", MARGIN + PADDING, *y + TITLE_HEIGHT - 6, name);
		*y += TITLE_HEIGHT;
		while (i < picture->block_count && picture->blocks[i].package == package)
			i = add_node(canvas, i, y);
		*y += PADDING;
	}
}

static void add_legend_rank(struct canvas *canvas, const struct rank_placement *place, uint32_t rank, uint32_t x,
                            uint32_t y)
{
	struct text words = {0};
	text_add_format(&words, "rank %" PRIu32 ": ", rank);
	place_words_set(&words, "CPU", "CPUs", &place->cpus);
	if (!index_set_is_empty(&place->nodes)) {
		text_add(&words, ", ");
		place_words_set(&words, "NUMA node", "NUMA nodes", &place->nodes);
	}
	text_add(canvas->text, "<g><title>");
	markup_add_words(canvas->text, place->why);
	text_add_format(canvas->text,
	                "</title><rect class=\"thread\" x=\"%" PRIu32 "\" y=\"%" PRIu32
	                "\" width=\"14\" height=\"14\" style=\"fill:",
	                x, y);
	if (place->bound)
		markup_add_colour(canvas->text, rank);
	else
		text_add(canvas->text, "#fff");
	text_add(canvas->text, "\"/>");
	add_words(canvas, "legend", x + 20, y + 12, words.bytes);
	text_add(canvas->text, "</g>\n");
	text_finish(&words);
}

static void add_legend(struct canvas *canvas, uint32_t *y)
{
	const struct placement *placement = canvas->picture->placement;
	uint32_t shown = placement->nprocs < LEGEND_RANKS ? placement->nprocs : LEGEND_RANKS;
	uint32_t columns = (canvas->width + 4 * PADDING) / LEGEND_COLUMN;
	if (columns == 0)
		columns = 1;
	for (uint32_t rank = 0; rank < shown; rank++)
		add_legend_rank(canvas, &placement->ranks[rank], rank, MARGIN + rank % columns * LEGEND_COLUMN,
		                *y + rank / columns * LEGEND_ROW);
	*y += (shown + columns - 1) / columns * LEGEND_ROW;
	if (shown < placement->nprocs) {
		char more[64];
		snprintf(more, sizeof more, "and %" PRIu32 " more ranks", placement->nprocs - shown);
		add_words(canvas, "legend", MARGIN, *y + 12, more);
		*y += LEGEND_ROW;
	}
	for (uint32_t i = 0; i < placement->warning_count; i++, *y += LEGEND_ROW) {
		struct text words = {0};
		text_add_format(&words, "warning: %s", placement->warnings[i]);
		add_words(canvas, "legend warning", MARGIN, *y + 12, words.bytes);
		text_finish(&words);
	}
}

static void add_head(struct canvas *canvas, const struct plan_view *view)
{
	const struct placement_spec *request = &view->spec->placement;
	struct text words = {0};
	text_add_format(&words, "%" PRIu32 " %s, ", view->placement->nprocs,
	                view->placement->nprocs == 1 ? "rank" : "ranks");
	if (request->rank_cpus != NULL)
		text_add(&words, "placed by rank_cpus");
	else
		text_add_format(&words, "mapped by %s, bound to %s", place_level_name(request->map_by),
		                place_level_name(request->bind_to));
	add_words(canvas, "head", MARGIN, MARGIN + 10, words.bytes);
	words.length = 0;
	text_add_format(&words, "%s; grey: free, -: not in cpu_set, hatched: not allowed", view->machine->description);
	add_words(canvas, "legend", MARGIN, MARGIN + 30, words.bytes);
	text_finish(&words);
}

static void measure(struct canvas *canvas)
{
	const struct picture *picture = canvas->picture;
	uint32_t longest = 1;
	for (uint32_t i = 0; i < picture->block_count; i++)
		if (picture->blocks[i].core_count > longest)
			longest = picture->blocks[i].core_count;
	canvas->thread_width = 10 + 7 * (picture->label_width > 2 ? picture->label_width : 2);
	canvas->core_width = picture->threads_a_core * (canvas->thread_width + 2) + 4;
	canvas->core_height = CORE_TITLE + THREAD_HEIGHT + 4;
	canvas->cells_a_row = longest < CORES_A_ROW ? longest : CORES_A_ROW;
	canvas->width = canvas->cells_a_row * (canvas->core_width + CORE_GAP) + CORE_GAP;
	if (canvas->width < 2 * LEGEND_COLUMN)
		canvas->width = 2 * LEGEND_COLUMN;
}

static const char style_sheet[] =
	"<style>text{font-family:system-ui,sans-serif;fill:#222}.head{font-size:17px;font-weight:600}"
	".title{font-size:12px;font-weight:600}.legend{font-size:13px}.warning{fill:#a40}"
	".name{font-size:9px;fill:#777}.rank{font-size:12px;text-anchor:middle}"
	".package{fill:#f4f4f6;stroke:#889}.node{fill:#e9eef5;stroke:#9ab}.cache{fill:#fff;stroke:#bcd}"
	".core{fill:#fafafa;stroke:#ccc}.thread{fill:#e4e4e4;stroke:#bbb}.out{fill:#fff}.no{fill:url(#no)}</style>\n"
	"<defs><pattern id=\"no\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
	"<rect width=\"6\" height=\"6\" fill=\"#eee\"/><path d=\"M0 6L6 0\" stroke=\"#b66\"/></pattern></defs>\n";

void plan_svg(struct text *text, const struct plan_view *view)
{
	struct picture picture;
	struct text body = {0};
	picture_make(&picture, view);
	struct canvas canvas = {.text = &body, .picture = &picture};
	uint32_t y = HEAD_HEIGHT;
	measure(&canvas);
	add_head(&canvas, view);
	add_packages(&canvas, &y);
	add_legend(&canvas, &y);
	uint32_t width = canvas.width + 4 * PADDING + 2 * MARGIN, height = y + MARGIN;
	text_add_format(text,
	                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%" PRIu32 "\" height=\"%" PRIu32
	                "\" viewBox=\"0 0 %" PRIu32 " %" PRIu32 "\" role=\"img\">\n"
	                "<title>%" PRIu32 " ranks on ",
	                width, height, width, height, view->placement->nprocs);
	markup_add_words(text, view->machine->description);
	text_add_format(text, "</title>\n%s<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", style_sheet);
	text_add_bytes(text, body.bytes, body.length);
	text_add(text, "</svg>\n");
	text_finish(&body);
	picture_finish(&picture);
}
