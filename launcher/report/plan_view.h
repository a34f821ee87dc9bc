/* SPDX-License-Identifier: MIT
 *
 * plan_view: a plan as people and programs read it: text, JSON, SVG, and the short list of --report-bindings.
 *
 *     plan_text(&text, &plan, &(struct plan_style){.colour = isatty(1), .utf8 = true});
 */
#ifndef MUSTER_REPORT_PLAN_VIEW_H
#define MUSTER_REPORT_PLAN_VIEW_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct error;
struct job_spec;
struct machine;
struct placement;

/* What all views are made of; nothing is owned. */
struct plan_view {
	const struct job_spec *spec;
	const struct machine *machine;
	const struct placement *placement;
};

struct plan_style {
	bool colour;     /* ANSI colours */
	bool utf8;       /* lines and dots beyond ASCII */
	bool every_rank; /* do not fold ranks that are alike */
	uint32_t width;  /* columns; 0: 100 */
};

/* The machine drawn with the ranks on it, a line a rank with its reason, then warnings. */
void plan_text(struct text *text, const struct plan_view *view, const struct plan_style *style);

/* Schema "muster.plan/1". Ends with a newline. */
void plan_json(struct text *text, const struct plan_view *view);

/* A picture that stands alone; its words are text. */
void plan_svg(struct text *text, const struct plan_view *view);

/* One line a rank: "rank 0: CPUs 0-1 (core 0, NUMA node 0)". */
void plan_bindings_text(struct text *text, const struct plan_view *view);

#endif
