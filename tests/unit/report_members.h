/* SPDX-License-Identifier: MIT
 *
 * report_members: the members of a report that was written, held against tables of JSON.
 */
#ifndef MUSTER_TESTS_REPORT_MEMBERS_H
#define MUSTER_TESTS_REPORT_MEMBERS_H

#include "unit_test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct member {
	const char *name;
	const char *json;
};

/* Takes `text` over. */
static inline json_t *load_report(char *text)
{
	json_error_t error;
	json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (report == NULL)
		fail_msg("line %d: %s in\n%s", error.line, error.text, text);
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
	return report;
}

/* `expected` is JSON, of the member at that path. */
static inline void check_member(json_t *object, const char *member, const char *expected)
{
	json_t *found = json_object_get(object, member);
	json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
	assert_non_null(wanted);
	if (found == NULL || json_equal(found, wanted) == 0) {
		char *text = found == NULL ? NULL : json_dumps(found, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		fail_msg("%s is %s, not %s", member, text == NULL ? "missing" : text, expected);
	}
	json_decref(wanted);
}

static inline void check_some(json_t *object, const struct member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_member(object, members[i].name, members[i].json);
}

/* These, and no others. */
static inline void check_members(json_t *object, const struct member *members, size_t count)
{
	check_some(object, members, count);
	assert_int_equal(json_object_size(object), count);
}

#endif
