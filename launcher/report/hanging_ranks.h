/* SPDX-License-Identifier: MIT
 *
 * hanging_ranks: what ranks were at that did not end by themselves, a line a rank. Of many, those come first that the
 * others may be waiting for, and those that waited alike share a line: the one that hangs is not among "and 56 more".
 */
#ifndef MUSTER_REPORT_HANGING_RANKS_H
#define MUSTER_REPORT_HANGING_RANKS_H

#include <stdbool.h>

struct job_result;
struct report_facts;
struct text;

/* All that muster had to end. */
void add_hanging_ranks(struct text *text, const struct report_facts *facts);

/* Of those that did not fail first: what they waited in, if they did. */
void add_waiting_ranks(struct text *text, const struct report_facts *facts);

/* Has a rank that muster had to end waited so long that people ask what for? */
bool has_long_wait(const struct job_result *result);

#endif
