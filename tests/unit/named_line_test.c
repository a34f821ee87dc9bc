/* SPDX-License-Identifier: MIT
 *
 * named_line: the lines of /proc/PID/status, /proc/meminfo and memory.stat that are asked for by name.
 */
#include "unit_test.h"

#include "base/named_line.h"

#include <stdlib.h>

static const char status[] =
	"Name:\tThreads: 7\nUid:\t1000\t0\nThreads:\t4\nCapEff:\t00000000a80425fb\nEmpty:\nLast:  12 kB";

static void a_number_is_found_by_the_name_that_begins_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t number;
	} cases[] = {{"Uid:", 1000}, {"Threads:", 4}, {"Last:", 12}, {"Name:", -1},
	             {"Empty:", -1}, {"None:", -1},   {"ast:", -1},  {"Name:\tThreads:", 7}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(named_line_number(status, cases[i].name), cases[i].number);
	assert_int_equal(named_line_number("", "Uid:"), -1);
}

static void other_text_is_given_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(strtoull(named_line(status, "CapEff:"), NULL, 16), 0xa80425fb);
	assert_null(named_line(status, "CapPrm:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_found_by_the_name_that_begins_its_line),
		cmocka_unit_test(other_text_is_given_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
