/* SPDX-License-Identifier: MIT
 *
 * plan_drawing: the machine as boxes of cores with the ranks on them; a machine too large for that as one line a cache,
 * node or package.
 */
#ifndef MUSTER_REPORT_PLAN_DRAWING_H
#define MUSTER_REPORT_PLAN_DRAWING_H

#include "report/plan_view.h"

#include <stdint.h>

struct numa_node;

void plan_drawing(struct text *text, const struct plan_view *view, const struct plan_style *style);

/* "NUMA node 0, 31.3 GiB" */
void plan_node_text(struct text *text, const struct numa_node *node);

#endif
