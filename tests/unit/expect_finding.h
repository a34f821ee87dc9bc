/* SPDX-License-Identifier: MIT
 *
 * expect_finding: what one finding of several has to say.
 */
#ifndef MUSTER_TESTS_EXPECT_FINDING_H
#define MUSTER_TESTS_EXPECT_FINDING_H

#include "unit_test.h"

#include "doctor/finding.h"

#include <string.h>

static inline const struct finding *find_finding(const struct findings *findings, const char *id)
{
	for (uint32_t i = 0; i < findings->count; i++)
		if (strcmp(findings->items[i].id, id) == 0)
			return &findings->items[i];
	return NULL;
}

/* Its grade, and that it is worded as far as it has to be. */
static inline void expect_graded(const struct findings *findings, const char *id, enum finding_grade grade,
                                 const char *part)
{
	const struct finding *finding = find_finding(findings, id);
	if (finding == NULL)
		print_message("no finding %s\n", id);
	assert_non_null(finding);
	if (finding->grade != grade || strstr(finding->found, part) == NULL)
		print_message("%s: %s: %s\n", id, finding_grade_name(finding->grade), finding->found);
	assert_int_equal(finding->grade, grade);
	assert_non_null(strstr(finding->found, part));
	assert_int_equal(finding->meaning != NULL, grade != FINDING_OK);
	assert_int_equal(finding->remedy != NULL, grade != FINDING_OK);
}

static inline void expect_number(const struct findings *findings, const char *id, double value)
{
	const struct finding *finding = find_finding(findings, id);
	assert_non_null(finding);
	assert_true(finding->has_value);
	assert_true(finding->value > value - 1e-6 && finding->value < value + 1e-6);
}

#endif
