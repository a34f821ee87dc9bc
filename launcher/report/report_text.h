/* SPDX-License-Identifier: MIT
 *
 * report_text: what stderr says when a job did not end well. Who fell first and of what stands in the first line; then
 * its last words; then what became of the others in one line; then that nothing is left. Pure functions: golden tests
 * hold the exact words.
 */
#ifndef MUSTER_REPORT_REPORT_TEXT_H
#define MUSTER_REPORT_REPORT_TEXT_H

#include "report/rank_words.h"

struct restart;

/* Adds whole lines, each begins with "muster: "; nothing for a job that ended well, or with the reader of its output.
 */
void report_text_add_failure(struct text *text, const struct report_facts *facts);

/* The same for a record, which says what a reader's end did as well. */
void report_text_add_summary(struct text *text, const struct report_facts *facts);

/* One line: "survivors: 0", and what outlived its rank and was stopped. */
void report_text_add_survivors(struct text *text, const struct report_facts *facts);

/* One line, when the group is about to be started again: "restart 1 of 3 in 2 s, because rank 3 ...". */
void report_text_add_restart(struct text *text, const struct report_facts *facts, const struct restart *restart);

/* One line, while a job goes on after the first failure: "rank 3 (...) exited with code 7, 0.5 s after the start; " and
 * what is `meanwhile`. */
void report_text_add_first_failure(struct text *text, const struct report_facts *facts, const char *meanwhile);

#endif
