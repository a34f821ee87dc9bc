/* SPDX-License-Identifier: MIT
 *
 * plan_cells: see plan_cells.h.
 *
 * A core is a cell, its hardware threads the words in it: the rank that is there, a dot for nobody, h for another job,
 * - for what cpu_set leaves out, ~ for what placement.cores does, x for what may not be used. When no core has
 * different words, each cell says its word once. Rows are as long as fits, a power of two where that tells nothing
 * wrong.
 */
#include "report/plan_cells.h"

#include "plan/place_words.h"
#include "report/plan_drawing.h"
#include "report/plan_picture.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LEFT_WIDTH = 13, RIGHT_WIDTH = 18, DEFAULT_WIDTH = 100, RANK_COLOURS = 6 };

struct strokes {
	const char *horizontal, *vertical, *free_mark;
	/* Corners by what is above and below: both, above, below; for the left end, between, the right end. */
	const char *corner[3][3];
};

static const struct strokes ascii_strokes = {
	"-",
	"|",
	".",
	{{"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}},
};

static const struct strokes utf8_strokes = {
	"─",
	"│",
	"·",
	{{"├", "└", "┌"}, {"┼", "┴", "┬"}, {"┤", "┘", "┐"}},
};

struct drawing {
	struct text *text;
	const struct picture *picture;
	const struct plan_style *style;
	const struct strokes *strokes;
	uint32_t cell_width; /* between two verticals */
	uint32_t cells_a_row;
	uint32_t open_cells; /* of the row above that has no lower border yet; 0: none */
};

static void colour(const struct drawing *drawing, const char *code)
{
	if (drawing->style->colour)
		text_add(drawing->text, code);
}

static uint32_t words_in_cell(const struct picture *picture)
{
	return picture->cores_are_uniform ? 1 : picture->threads_a_core;
}

static uint32_t fitting_cells(const struct drawing *drawing)
{
	uint32_t width = drawing->style->width != 0 ? drawing->style->width : DEFAULT_WIDTH;
	uint32_t room = width > LEFT_WIDTH + RIGHT_WIDTH ? width - LEFT_WIDTH - RIGHT_WIDTH : 1;
	uint32_t most = room / (drawing->cell_width + 1), cells = 1;
	while (cells * 2 <= most)
		cells *= 2;
	uint32_t longest = 0;
	for (uint32_t i = 0; i < drawing->picture->block_count; i++)
		if (drawing->picture->blocks[i].core_count > longest)
			longest = drawing->picture->blocks[i].core_count;
	return longest <= most ? longest : cells;
}

static const char *corner(const struct drawing *drawing, uint32_t at, uint32_t above, uint32_t below)
{
	uint32_t last = above > below ? above : below;
	bool up = above > 0 && at <= above, down = below > 0 && at <= below;
	uint32_t side = at == 0 ? 0 : at == last ? 2 : 1;
	return drawing->strokes->corner[side][up && down ? 0 : up ? 1 : 2];
}

/* The line between a row of `above` cells and one of `below`. */
static void add_border(struct drawing *drawing, uint32_t below)
{
	uint32_t above = drawing->open_cells, last = above > below ? above : below;
	drawing->open_cells = below;
	if (last == 0)
		return;
	text_add_repeated(drawing->text, " ", LEFT_WIDTH);
	for (uint32_t at = 0; at <= last; at++) {
		text_add(drawing->text, corner(drawing, at, above, below));
		if (at < last)
			text_add_repeated(drawing->text, drawing->strokes->horizontal, drawing->cell_width);
	}
	text_add(drawing->text, "\n");
}

static void add_word(struct drawing *drawing, uint32_t thread)
{
	static const char *const colours[RANK_COLOURS] = {"\033[36m", "\033[33m", "\033[32m",
	                                                  "\033[35m", "\033[34m", "\033[31m"};
	const struct picture_thread *on = &drawing->picture->threads[thread];
	char label[PICTURE_LABEL_SIZE];
	picture_label(drawing->picture, thread, ".", label);
	size_t length = strlen(label), width = drawing->picture->label_width;
	text_add_repeated(drawing->text, " ", width - length);
	colour(drawing, on->rank_count > 0 ? colours[on->first_rank % RANK_COLOURS] : "\033[2m");
	text_add(drawing->text, strcmp(label, ".") == 0 ? drawing->strokes->free_mark : label);
	colour(drawing, "\033[0m");
}

static void add_cell(struct drawing *drawing, uint32_t core)
{
	const struct picture *picture = drawing->picture;
	uint32_t words = words_in_cell(picture), first = picture->core_threads[core];
	uint32_t here = picture->core_threads[core + 1] - first;
	text_add(drawing->text, " ");
	for (uint32_t i = 0; i < words; i++) {
		if (i > 0)
			text_add(drawing->text, " ");
		if (i < here)
			add_word(drawing, first + i);
		else
			text_add_repeated(drawing->text, " ", picture->label_width);
	}
	text_add_format(drawing->text, " %s", drawing->strokes->vertical);
}

static void add_row(struct drawing *drawing, const char *left, uint32_t first_core, uint32_t count)
{
	add_border(drawing, count);
	text_add_format(drawing->text, "  %-*s%s", LEFT_WIDTH - 2, left, drawing->strokes->vertical);
	for (uint32_t i = 0; i < count; i++)
		add_cell(drawing, first_core + i);
	text_add_repeated(drawing->text, " ", (size_t)(drawing->cells_a_row - count) * (drawing->cell_width + 1) + 2);
}

static void end_row(struct drawing *drawing, uint32_t first_core, uint32_t count, const char *note)
{
	struct index_set cores = {0};
	index_set_add_range(&cores, first_core, first_core + count - 1);
	place_words_set(drawing->text, "core", "cores", &cores);
	text_add_format(drawing->text, "%s\n", note);
	index_set_finish(&cores);
}

static bool is_uniform(const struct picture *picture, uint32_t first_core, uint32_t core_count)
{
	uint32_t first = picture->core_threads[first_core];
	for (uint32_t i = first + 1; i < picture->core_threads[first_core + core_count]; i++)
		if (!picture_same_label(picture, first, i))
			return false;
	return true;
}

/* A block of several rows that shows one word all over is one row. */
static void add_block(struct drawing *drawing, const struct picture_block *block)
{
	char left[32] = "";
	uint32_t row = drawing->cells_a_row;
	if (block->l3cache != NO_OBJECT)
		snprintf(left, sizeof left, "L3 %" PRIu32, block->l3cache);
	if (block->core_count > row && is_uniform(drawing->picture, block->first_core, block->core_count)) {
		add_row(drawing, left, block->first_core, row);
		end_row(drawing, block->first_core, block->core_count, ", all alike");
		return;
	}
	for (uint32_t done = 0; done < block->core_count; done += row) {
		uint32_t count = block->core_count - done < row ? block->core_count - done : row;
		add_row(drawing, left, block->first_core + done, count);
		end_row(drawing, block->first_core + done, count, "");
		left[0] = '\0';
	}
}

/* Several blocks of the same size, one after the other, that show one word all over, are one row. */
static void add_blocks(struct drawing *drawing, const struct picture_block *block, uint32_t blocks)
{
	char left[32], note[32];
	snprintf(left, sizeof left, "L3 %" PRIu32 "-%" PRIu32, block->l3cache, block->l3cache + blocks - 1);
	snprintf(note, sizeof note, ", %" PRIu32 " each", block->core_count);
	add_row(drawing, left, block->first_core, block->core_count);
	end_row(drawing, block->first_core, block->core_count * blocks, note);
}

/* Whether a block and the one before it can be drawn as one. */
static bool repeats(const struct drawing *drawing, const struct picture_block *block)
{
	return block[-1].core_count == block->core_count && block->core_count <= drawing->cells_a_row &&
	       block->l3cache != NO_OBJECT && block[-1].l3cache != NO_OBJECT &&
	       is_uniform(drawing->picture, block[-1].first_core, 2 * block->core_count);
}

static void add_header(struct drawing *drawing, const struct picture_block *block)
{
	const struct machine *machine = drawing->picture->machine;
	add_border(drawing, 0);
	text_add_format(drawing->text, "\npackage %" PRIu32, block->package);
	if (block->numa != NO_OBJECT) {
		text_add(drawing->text, ", ");
		plan_node_text(drawing->text, &machine->nodes[block->numa]);
	} else {
		text_add(drawing->text, ", no NUMA node of its own");
	}
	text_add(drawing->text, "\n");
}

static void draw_blocks(struct drawing *drawing)
{
	const struct picture *picture = drawing->picture;
	for (uint32_t i = 0; i < picture->block_count;) {
		const struct picture_block *block = &picture->blocks[i];
		uint32_t blocks = 1;
		if (i == 0 || !picture_same_node(block - 1, block))
			add_header(drawing, block);
		while (i + blocks < picture->block_count && picture_same_node(block, block + blocks) &&
		       repeats(drawing, block + blocks))
			blocks++;
		if (blocks > 1)
			add_blocks(drawing, block, blocks);
		else
			add_block(drawing, block);
		i += blocks;
	}
	add_border(drawing, 0);
}

static uint32_t count_rows(const struct drawing *drawing)
{
	uint32_t rows = 0;
	assert(drawing->cells_a_row > 0);
	for (uint32_t i = 0; i < drawing->picture->block_count; i++)
		rows += (drawing->picture->blocks[i].core_count + drawing->cells_a_row - 1) / drawing->cells_a_row;
	return rows;
}

static bool is_crowded(const struct picture *picture)
{
	for (uint32_t i = 0; i < picture->machine->thread_count; i++) {
		char label[PICTURE_LABEL_SIZE];
		picture_label(picture, i, ".", label);
		if (strchr(label, '+') != NULL)
			return true;
	}
	return false;
}

static void add_legend(struct drawing *drawing)
{
	const struct picture *picture = drawing->picture;
	struct text legend = {0};
	for (enum picture_use use = PICTURE_ANY_RANK; use < PICTURE_USES; use++)
		if (picture_has(picture, use))
			text_add_format(&legend, "   %s %s", picture_use_mark(use, drawing->strokes->free_mark),
			                picture_use_words(use));
	if (is_crowded(picture))
		text_add(&legend, "   0+ rank 0 and others");
	if (words_in_cell(picture) > 1)
		text_add_format(&legend, "   a box is a core of %" PRIu32 " hardware threads", picture->threads_a_core);
	else if (picture->threads_a_core > 1)
		text_add(&legend, "   a box is a core, its hardware threads alike");
	if (legend.length > 0)
		text_add_format(drawing->text, "%*s%s\n", LEFT_WIDTH - 3, "", legend.bytes);
	text_finish(&legend);
}

static struct drawing drawing_of(struct text *text, const struct picture *picture, const struct plan_style *style)
{
	struct drawing drawing = {.text = text,
	                          .picture = picture,
	                          .style = style,
	                          .strokes = style->utf8 ? &utf8_strokes : &ascii_strokes};
	drawing.cell_width = words_in_cell(picture) * (picture->label_width + 1) + 1;
	drawing.cells_a_row = fitting_cells(&drawing);
	return drawing;
}

uint32_t plan_cells_count_rows(const struct picture *picture, const struct plan_style *style)
{
	const struct drawing drawing = drawing_of(NULL, picture, style);
	return count_rows(&drawing);
}

void plan_cells_draw(struct text *text, const struct picture *picture, const struct plan_style *style)
{
	struct drawing drawing = drawing_of(text, picture, style);
	draw_blocks(&drawing);
	add_legend(&drawing);
}
