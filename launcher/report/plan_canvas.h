/* SPDX-License-Identifier: MIT
 *
 * plan_canvas: what the drawing of a plan is made of: boxes, words, and cells in the colours of ranks. Used by
 * plan_svg, which lays the machine out, and by plan_legend, which says what is seen there.
 */
#ifndef MUSTER_REPORT_PLAN_CANVAS_H
#define MUSTER_REPORT_PLAN_CANVAS_H

#include "report/plan_picture.h"

struct text;

enum {
	CANVAS_MARGIN = 24,
	CANVAS_ROW = 22,     /* height of a line of words, and of a cell */
	CANVAS_COLOURS = 4,  /* of a cell that ranks share */
	CANVAS_COLUMN = 330, /* of the legend */
};

struct canvas {
	struct text *text;
	const struct picture *picture;
};

struct canvas_place {
	uint32_t x, y, width, height;
};

void canvas_add_box(struct canvas *canvas, const char *class, struct canvas_place place);
void canvas_add_words(struct canvas *canvas, const char *class, uint32_t x, uint32_t y, const char *words);

/* One that `use` says all of; ranks of their own are put over it with canvas_add_colours. */
void canvas_add_cell(struct canvas *canvas, enum picture_use use, struct canvas_place place);

/* A stripe for each rank on the hardware thread, at most CANVAS_COLOURS. */
void canvas_add_colours(struct canvas *canvas, uint32_t thread, struct canvas_place place);

/* What stands in a cell, readable on its colours. */
void canvas_add_label(struct canvas *canvas, uint32_t thread, struct canvas_place place);

/* The style sheet, which stands before all else. */
const char *canvas_style(void);

#endif
