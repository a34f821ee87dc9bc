/* SPDX-License-Identifier: MIT
 *
 * report_json: the record of a job, "muster.report/1", for other programs. The members are described for users in
 * muster-report(5) and for machines in configs/report.schema.json; a test holds the three together.
 */
#ifndef MUSTER_REPORT_REPORT_JSON_H
#define MUSTER_REPORT_REPORT_JSON_H

#include "report/rank_words.h"

/* The whole document, indented, with a newline at its end; free() it. `host` is this host's name. Text that is not
 * UTF-8 (file names, what ranks wrote) has U+FFFD in the place of each byte that does not fit. */
char *report_json_format(const struct report_facts *facts, const char *host);

#endif
