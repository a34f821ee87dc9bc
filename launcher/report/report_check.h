/* SPDX-License-Identifier: MIT
 *
 * report_check: whether a document is a report, before it is shown as one.
 */
#ifndef MUSTER_REPORT_REPORT_CHECK_H
#define MUSTER_REPORT_REPORT_CHECK_H

#include <jansson.h>

struct error;

/* 0, or -EBADMSG with the member that is missing or of another kind; `name` is what the document is called. */
int report_check(const json_t *report, const char *name, struct error *err);

#endif
