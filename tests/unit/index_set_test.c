/* SPDX-License-Identifier: MIT
 *
 * index_set: lists are read and written as users write them, and what is not a list is refused with the reason.
 */
#include "unit_test.h"

#include "base/error.h"
#include "base/index_set.h"

#include <errno.h>
#include <string.h>

struct accepted {
	const char *text;
	const char *written;
	uint32_t count;
};

static const struct accepted accepted[] = {
	{"0", "0", 1},     {"0-3,8", "0-3,8", 5}, {"8,0-3", "0-3,8", 5}, {" 1 , 2 - 3 ", "1-3", 3},
	{"1,1,1", "1", 1}, {"62-66", "62-66", 5}, {"1023", "1023", 1},   {"0-1023", "0-1023", 1024},
};

static void lists_are_read_and_written_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct index_set set = {0};
		char text[64];
		assert_int_equal(index_set_parse(&set, accepted[i].text, 1023, NULL), 0);
		index_set_format(&set, text, sizeof text);
		assert_string_equal(text, accepted[i].written);
		assert_int_equal(index_set_count(&set), accepted[i].count);
		index_set_finish(&set);
	}
}

struct refused {
	const char *text;
	int code;
	const char *says;
};

static const struct refused refused[] = {
	{"", -EINVAL, "a number is missing"},
	{"abc", -EINVAL, "a number is missing at \"abc\""},
	{"0-", -EINVAL, "a number is missing"},
	{"0,", -EINVAL, "a number is missing"},
	{"3-1", -EINVAL, "runs backwards"},
	{"1;2", -EINVAL, "\";2\" is not understood"},
	{"-1", -EINVAL, "a number is missing"},
	{"1024", -ERANGE, "1024 in \"1024\" is above 1023"},
	{"99999999999999999999999999", -ERANGE, "is above 1023"},
};

static void what_is_not_a_list_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct index_set set = {0};
		struct error err;
		index_set_add(&set, 7);
		assert_int_equal(index_set_parse(&set, refused[i].text, 1023, &err), refused[i].code);
		assert_non_null(strstr(err.text, refused[i].says));
		assert_int_equal(index_set_count(&set), 1);
		assert_true(index_set_has(&set, 7));
		index_set_finish(&set);
	}
}

static void sets_of_different_widths_combine(void **state)
{
	(void)state;
	struct index_set narrow = {0}, wide = {0};
	index_set_add(&narrow, 3);
	index_set_add(&wide, 3);
	index_set_add(&wide, 500);
	assert_true(index_set_contains(&wide, &narrow));
	assert_false(index_set_contains(&narrow, &wide));
	assert_true(index_set_intersects(&narrow, &wide));
	assert_int_equal(index_set_last(&wide), 500);
	index_set_intersect(&wide, &narrow);
	assert_true(index_set_equal(&wide, &narrow));
	index_set_subtract(&wide, &narrow);
	assert_true(index_set_is_empty(&wide));
	assert_int_equal(index_set_first(&wide), INDEX_SET_NONE);
	index_set_finish(&narrow);
	index_set_finish(&wide);
}

static void a_short_buffer_is_not_overrun_and_the_length_is_told(void **state)
{
	(void)state;
	struct index_set set = {0};
	char text[6] = "xxxxx";
	index_set_add_range(&set, 10, 12);
	index_set_add(&set, 20);
	assert_int_equal(index_set_format(&set, text, sizeof text), strlen("10-12,20"));
	assert_string_equal(text, "10-12");
	index_set_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read_and_written_in_order),
		cmocka_unit_test(what_is_not_a_list_is_refused_and_changes_nothing),
		cmocka_unit_test(sets_of_different_widths_combine),
		cmocka_unit_test(a_short_buffer_is_not_overrun_and_the_length_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
