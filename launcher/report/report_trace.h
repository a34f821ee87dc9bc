/* SPDX-License-Identifier: MIT
 *
 * report_trace: a report as a time line, in the "Trace Event Format" that Perfetto and Chrome's about:tracing read: a
 * row for each rank, its life, the phases that it marked, and its barriers and collectives where the report has them.
 */
#ifndef MUSTER_REPORT_REPORT_TRACE_H
#define MUSTER_REPORT_REPORT_TRACE_H

#include <jansson.h>

/* Of a "muster.report/1" whose members are of their kinds; what else is missing is left out. The caller's; ends the
 * program without memory. */
json_t *report_trace(const json_t *report);

#endif
