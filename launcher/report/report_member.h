/* SPDX-License-Identifier: MIT
 *
 * report_member: a report's JSON as its views read it. It may be anybody's: what is not there, or of another type, is
 * NULL, 0 or false.
 */
#ifndef MUSTER_REPORT_REPORT_MEMBER_H
#define MUSTER_REPORT_REPORT_MEMBER_H

#include <jansson.h>
#include <stdbool.h>

struct text;

const char *report_words(const json_t *object, const char *name);
double report_number(const json_t *object, const char *name);
json_int_t report_count(const json_t *object, const char *name);

/* It did not end well, and not because muster asked it to end. */
bool report_rank_failed(const json_t *report, const json_t *rank);

/* It is the first failure. */
bool report_rank_fell_first(const json_t *report, const json_t *rank);

/* "exit 3, the first failure", "SIGTERM, stopped by muster" */
void report_add_rank_end(struct text *text, const json_t *report, const json_t *rank);

/* What tables have of a rank's library, where report_has_library. */
struct report_column {
	const char *title, *short_title, *member;
	bool is_seconds;
};

enum { REPORT_LIBRARY_COLUMNS = 5 };

extern const struct report_column report_library_columns[REPORT_LIBRARY_COLUMNS];

/* Whether some rank called muster_init. */
bool report_has_library(const json_t *report);

/* What a rank still waited in when it was stopped; until its end. */
struct report_wait {
	const char *class; /* "barrier", "collective" or "message" */
	char what[128];    /* "barrier epoch 3", "message of rank 2" */
	double at_s;
};

/* False: it waited for nothing, or nobody knows how long. */
bool report_find_wait(struct report_wait *wait, const json_t *rank);

#endif
