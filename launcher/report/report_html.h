/* SPDX-License-Identifier: MIT
 *
 * report_html: a report as a page that stands alone: what the terminal was told, when each rank lived and what it did,
 * and a table of the ranks. No scripts, nothing from elsewhere.
 */
#ifndef MUSTER_REPORT_REPORT_HTML_H
#define MUSTER_REPORT_REPORT_HTML_H

#include <jansson.h>

struct text;

/* Of a "muster.report/1" whose members are of their kinds; what else is missing is left out. */
void report_html(struct text *text, const json_t *report);

#endif
