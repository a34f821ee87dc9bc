/* SPDX-License-Identifier: MIT
 *
 * plan_groups: the ranks by package, NUMA node or cache, a line each, of a machine that is too large to be drawn.
 */
#ifndef MUSTER_REPORT_PLAN_GROUPS_H
#define MUSTER_REPORT_PLAN_GROUPS_H

#include "spec/job_spec.h"

#include <stdint.h>

struct picture;
struct text;

/* `level` is PLACE_L3CACHE, PLACE_NUMA or PLACE_PACKAGE. */
uint32_t plan_groups_count(const struct picture *picture, enum place_level level);
void plan_groups_list(struct text *text, const struct picture *picture, enum place_level level);

#endif
