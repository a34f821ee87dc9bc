/* SPDX-License-Identifier: MIT
 *
 * plan_svg: a plan as a picture that stands alone: packages hold NUMA nodes, these hold L3 caches, these cores, and a
 * core's hardware threads have the colours of the ranks on them. All words are text, so that they can be found, copied
 * and read aloud; each core and each rank says more about itself in a title.
 *
 * A first pass lays boxes out, top down, in one column of packages; a second writes them. They are as wide as their
 * cores need, whatever stands above and below them.
 */
#include "report/plan_view.h"

#include "plan/place_words.h"
#include "plan/placement.h"
#include "report/markup.h"
#include "report/plan_canvas.h"
#include "report/plan_legend.h"
#include "report/plan_picture.h"
#include "spec/job_spec.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	PADDING = 12,
	TITLE_HEIGHT = 22,
	TITLE_WIDTH = 110,
	LONG_TITLE_WIDTH = 170, /* "no NUMA node of its own" */
	CORE_GAP = 6,
	CORE_TITLE = 14,
	CORES_A_ROW = 16,
	HEAD_HEIGHT = 66,
	LETTER_WIDTH = 7, /* of the legend's */
};

/* How large what is drawn is. */
struct layout {
	struct canvas *canvas;
	uint32_t thread_width;
	uint32_t core_width;
	uint32_t core_height;
	uint32_t cells_a_row;
	uint32_t width;       /* of what NUMA nodes hold */
	uint32_t whole_width; /* without margins */
};

static void add_thread_title(const struct layout *layout, uint32_t thread)
{
	const struct hardware_thread *at = &layout->canvas->picture->machine->threads[thread];
	const struct picture_thread *on = &layout->canvas->picture->threads[thread];
	text_add_format(layout->canvas->text, "<title>CPU %" PRIu32 ": ", at->cpu);
	if (on->use != PICTURE_RANKS)
		text_add(layout->canvas->text, picture_use_words(on->use));
	else if (on->rank_count == 1)
		text_add_format(layout->canvas->text, "rank %" PRIu32, on->first_rank);
	else
		text_add_format(layout->canvas->text, "%" PRIu32 " ranks, %" PRIu32 " to %" PRIu32, on->rank_count,
		                on->first_rank, on->last_rank);
	if (on->use == PICTURE_FORBIDDEN)
		text_add_format(layout->canvas->text, ", %s", thread_access_reason(at->access));
	text_add(layout->canvas->text, "</title>");
}

static void add_thread(const struct layout *layout, uint32_t thread, uint32_t x, uint32_t y)
{
	struct canvas_place place = {x, y, layout->thread_width, CANVAS_ROW};
	text_add(layout->canvas->text, "<g>");
	add_thread_title(layout, thread);
	canvas_add_cell(layout->canvas, layout->canvas->picture->threads[thread].use, place);
	canvas_add_colours(layout->canvas, thread, place);
	canvas_add_label(layout->canvas, thread, place);
	text_add(layout->canvas->text, "</g>\n");
}

static void add_core(const struct layout *layout, uint32_t core, uint32_t x, uint32_t y)
{
	const struct picture *picture = layout->canvas->picture;
	char name[16];
	snprintf(name, sizeof name, "%" PRIu32, core);
	canvas_add_box(layout->canvas, "core", (struct canvas_place){x, y, layout->core_width, layout->core_height});
	canvas_add_words(layout->canvas, "name", x + 4, y + CORE_TITLE - 3, name);
	uint32_t at = x + 3;
	for (uint32_t i = picture->core_threads[core]; i < picture->core_threads[core + 1]; i++) {
		add_thread(layout, i, at, y + CORE_TITLE);
		at += layout->thread_width + 2;
	}
}

static uint32_t block_title_height(const struct picture_block *block)
{
	return block->l3cache != NO_OBJECT ? TITLE_HEIGHT : 0;
}

static uint32_t block_height(const struct layout *layout, const struct picture_block *block)
{
	uint32_t rows = (block->core_count + layout->cells_a_row - 1) / layout->cells_a_row;
	return rows * (layout->core_height + CORE_GAP) + CORE_GAP + block_title_height(block);
}

/* Cores without an L3 cache stand in their node. */
static void add_block(const struct layout *layout, const struct picture_block *block, uint32_t x, uint32_t y)
{
	if (block->l3cache != NO_OBJECT) {
		char name[32];
		snprintf(name, sizeof name, "L3 cache %" PRIu32, block->l3cache);
		canvas_add_box(layout->canvas, "cache",
		               (struct canvas_place){x, y, layout->width, block_height(layout, block) - CORE_GAP});
		canvas_add_words(layout->canvas, "title", x + CORE_GAP, y + TITLE_HEIGHT - 7, name);
	}
	y += block_title_height(block);
	for (uint32_t i = 0; i < block->core_count; i++)
		add_core(layout, block->first_core + i,
		         x + CORE_GAP + i % layout->cells_a_row * (layout->core_width + CORE_GAP),
		         y + i / layout->cells_a_row * (layout->core_height + CORE_GAP));
}

/* One NUMA node of one package, beginning with block `first`; returns the block behind it, moves `y`. */
static uint32_t add_node(const struct layout *layout, uint32_t first, uint32_t *y)
{
	const struct picture *picture = layout->canvas->picture;
	const struct picture_block *block = &picture->blocks[first];
	uint32_t end = first, height = TITLE_HEIGHT + CORE_GAP, x = CANVAS_MARGIN + PADDING;
	for (; end < picture->block_count && picture_same_node(block, &picture->blocks[end]); end++)
		height += block_height(layout, &picture->blocks[end]);
	char name[64] = "no NUMA node of its own";
	if (block->numa != NO_OBJECT)
		snprintf(name, sizeof name, "NUMA node %" PRIu32, picture->machine->nodes[block->numa].os_index);
	canvas_add_box(layout->canvas, "node", (struct canvas_place){x, *y, layout->width + 2 * PADDING, height});
	canvas_add_words(layout->canvas, "title", x + PADDING, *y + TITLE_HEIGHT - 6, name);
	*y += TITLE_HEIGHT;
	for (uint32_t i = first; i < end; i++) {
		add_block(layout, &picture->blocks[i], x + PADDING, *y);
		*y += block_height(layout, &picture->blocks[i]);
	}
	*y += CORE_GAP + PADDING;
	return end;
}

static uint32_t package_height(const struct layout *layout, uint32_t first)
{
	const struct picture *picture = layout->canvas->picture;
	uint32_t height = TITLE_HEIGHT;
	for (uint32_t i = first;
	     i < picture->block_count && picture->blocks[i].package == picture->blocks[first].package; i++) {
		if (i == first || !picture_same_node(&picture->blocks[i - 1], &picture->blocks[i]))
			height += TITLE_HEIGHT + CORE_GAP + PADDING;
		height += block_height(layout, &picture->blocks[i]);
	}
	return height;
}

static void add_packages(const struct layout *layout, uint32_t *y)
{
	const struct picture *picture = layout->canvas->picture;
	for (uint32_t i = 0; i < picture->block_count;) {
		uint32_t package = picture->blocks[i].package;
		char name[32];
		snprintf(name, sizeof name, "package %" PRIu32, package);
		canvas_add_box(layout->canvas, "package",
		               (struct canvas_place){CANVAS_MARGIN, *y, layout->width + 4 * PADDING,
		                                     package_height(layout, i)});
		canvas_add_words(layout->canvas, "title", CANVAS_MARGIN + PADDING, *y + TITLE_HEIGHT - 6, name);
		*y += TITLE_HEIGHT;
		while (i < picture->block_count && picture->blocks[i].package == package)
			i = add_node(layout, i, y);
		*y += PADDING;
	}
}

static void add_head(const struct layout *layout, const struct plan_view *view)
{
	const struct placement_spec *request = &view->spec->placement;
	struct text words = {0};
	text_add_format(&words, "%" PRIu32 " %s on %s machine, ", view->placement->nprocs,
	                view->placement->nprocs == 1 ? "rank" : "ranks",
	                view->machine->is_this_machine ? "this" : "another");
	if (request->rank_cpus != NULL)
		text_add(&words, "placed by rank_cpus");
	else
		text_add_format(&words, "mapped by %s, bound to %s", place_level_name(request->map_by),
		                place_level_name(request->bind_to));
	canvas_add_words(layout->canvas, "head", CANVAS_MARGIN, CANVAS_MARGIN + 10, words.bytes);
	canvas_add_words(layout->canvas, "legend", CANVAS_MARGIN, CANVAS_MARGIN + 30, view->machine->description);
	text_finish(&words);
}

static uint32_t larger(uint32_t one, uint32_t other)
{
	return one > other ? one : other;
}

static void measure(struct layout *layout)
{
	const struct picture *picture = layout->canvas->picture;
	uint32_t longest = 1, title = TITLE_WIDTH, words = 2 * CANVAS_COLUMN;
	for (uint32_t i = 0; i < picture->block_count; i++) {
		longest = larger(longest, picture->blocks[i].core_count);
		if (picture->blocks[i].numa == NO_OBJECT)
			title = LONG_TITLE_WIDTH;
	}
	for (uint32_t i = 0; i < picture->placement->warning_count; i++)
		words = larger(words, LETTER_WIDTH * (uint32_t)strlen(picture->placement->warnings[i]));
	layout->thread_width = 10 + 7 * larger(picture->label_width, 2);
	layout->core_width = picture->threads_a_core * (layout->thread_width + 2) + 4;
	layout->core_height = CORE_TITLE + CANVAS_ROW + 4;
	layout->cells_a_row = longest < CORES_A_ROW ? longest : CORES_A_ROW;
	layout->width = larger(layout->cells_a_row * (layout->core_width + CORE_GAP) + CORE_GAP, title);
	layout->whole_width = larger(layout->width + 4 * PADDING, words);
}

void plan_svg(struct text *text, const struct plan_view *view)
{
	struct picture picture;
	struct text body = {0};
	picture_make(&picture, view);
	struct canvas canvas = {.text = &body, .picture = &picture};
	struct layout layout = {.canvas = &canvas};
	uint32_t y = HEAD_HEIGHT;
	measure(&layout);
	add_head(&layout, view);
	add_packages(&layout, &y);
	plan_legend(&canvas, layout.whole_width, &y);
	uint32_t width = layout.whole_width + 2 * CANVAS_MARGIN, height = y + CANVAS_MARGIN;
	text_add_format(text,
	                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%" PRIu32 "\" height=\"%" PRIu32
	                "\" viewBox=\"0 0 %" PRIu32 " %" PRIu32 "\" role=\"img\">\n"
	                "<title>%" PRIu32 " %s on ",
	                width, height, width, height, view->placement->nprocs,
	                view->placement->nprocs == 1 ? "rank" : "ranks");
	markup_add_words(text, view->machine->description);
	text_add_format(text, "</title>\n%s<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", canvas_style());
	text_add_bytes(text, body.bytes, body.length);
	text_add(text, "</svg>\n");
	text_finish(&body);
	picture_finish(&picture);
}
