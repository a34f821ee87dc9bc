/* SPDX-License-Identifier: MIT
 *
 * plan_cells: the machine as boxes of cores with the ranks on them, where it is small enough to be looked at so.
 */
#ifndef MUSTER_REPORT_PLAN_CELLS_H
#define MUSTER_REPORT_PLAN_CELLS_H

#include <stdint.h>

struct picture;
struct plan_style;
struct text;

uint32_t plan_cells_count_rows(const struct picture *picture, const struct plan_style *style);
void plan_cells_draw(struct text *text, const struct picture *picture, const struct plan_style *style);

#endif
