/* SPDX-License-Identifier: MIT
 *
 * report_overview: a report as a terminal shows it: how the job went, what was said of it, a line a rank.
 */
#ifndef MUSTER_REPORT_REPORT_OVERVIEW_H
#define MUSTER_REPORT_REPORT_OVERVIEW_H

#include <jansson.h>
#include <stdio.h>

struct text;

/* `events` are those of the job's record, or NULL where there is only the report, or none were kept. */
void report_overview(struct text *text, const json_t *report, FILE *events);

#endif
