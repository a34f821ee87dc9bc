/* SPDX-License-Identifier: MIT
 *
 * report_timeline: when each rank of a report lived and what it did, as a picture within a page.
 */
#ifndef MUSTER_REPORT_REPORT_TIMELINE_H
#define MUSTER_REPORT_REPORT_TIMELINE_H

#include <jansson.h>

struct text;

enum { TIMELINE_RANKS_MAX = 256 };

/* An svg element, of the first TIMELINE_RANKS_MAX ranks. */
void report_timeline(struct text *text, const json_t *report);

#endif
