/* SPDX-License-Identifier: MIT
 *
 * variables: order, equal names and holes, also when there are very many.
 */
#include "unit_test.h"

#include "plan/variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char a1[] = "A=1", a2[] = "A=2", a3[] = "A=3", ab[] = "AB=x", b1[] = "B=1", c1[] = "C=1";

static void assert_list(const struct variables *variables, const char *expected)
{
	char *list[16], joined[256] = "";
	assert_true(variables->count < COUNT_OF(list));
	variables_list(variables, list);
	for (char **item = list; *item != NULL; item++)
		snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", item == list ? "" : " ",
		         *item);
	assert_string_equal(joined, expected);
}

static void equal_names_stay_until_one_is_set(void **state)
{
	(void)state;
	struct variables variables = {0};
	assert_null(variables_find(&variables, "A"));
	variables_remove(&variables, "A");
	char *added[] = {b1, a1, ab, a2};
	for (size_t i = 0; i < COUNT_OF(added); i++)
		variables_add(&variables, added[i]);
	assert_list(&variables, "B=1 A=1 AB=x A=2");
	assert_ptr_equal(variables_find(&variables, "A"), a1);
	variables_set(&variables, a3);
	assert_list(&variables, "B=1 A=3 AB=x");
	variables_set(&variables, c1);
	assert_list(&variables, "B=1 A=3 AB=x C=1");
	variables_finish(&variables);
}

static void what_is_removed_is_gone_and_may_come_back_at_the_end(void **state)
{
	(void)state;
	struct variables variables = {0};
	char *added[] = {a1, b1, a2};
	for (size_t i = 0; i < COUNT_OF(added); i++)
		variables_add(&variables, added[i]);
	variables_remove(&variables, "A");
	assert_null(variables_find(&variables, "A"));
	assert_list(&variables, "B=1");
	variables_set(&variables, a3);
	assert_ptr_equal(variables_find(&variables, "A"), a3);
	assert_list(&variables, "B=1 A=3");
	variables_finish(&variables);
}

static void a_hundred_thousand_names_are_no_trouble(void **state)
{
	(void)state;
	enum { COUNT = 100000 };
	struct variables variables = {0};
	char(*texts)[16] = calloc(COUNT, sizeof *texts), name[16];
	assert_non_null(texts);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < COUNT; i++) {
			snprintf(texts[i], sizeof texts[i], "V%d=%d", i, i % 10);
			variables_set(&variables, texts[i]);
		}
	assert_int_equal(variables.count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "V%d", i);
		assert_ptr_equal(variables_find(&variables, name), texts[i]);
	}
	variables_finish(&variables);
	free(texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_names_stay_until_one_is_set),
		cmocka_unit_test(what_is_removed_is_gone_and_may_come_back_at_the_end),
		cmocka_unit_test(a_hundred_thousand_names_are_no_trouble),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
