/* SPDX-License-Identifier: MIT
 *
 * plan_legend: what stands below the drawing of a plan: what its marks mean, which colour is which rank, warnings. Only
 * what can be seen there is explained.
 */
#ifndef MUSTER_REPORT_PLAN_LEGEND_H
#define MUSTER_REPORT_PLAN_LEGEND_H

#include <stdint.h>

struct canvas;

/* Fills `width`; moves `y` down to what comes next. */
void plan_legend(struct canvas *canvas, uint32_t width, uint32_t *y);

#endif
