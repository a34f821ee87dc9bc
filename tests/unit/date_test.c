/* SPDX-License-Identifier: MIT
 *
 * date: as the C library writes it, for every day of four hundred years and at the ends of days.
 */
#include "unit_test.h"

#include "base/date.h"

#include <stdio.h>

static void check(time_t second)
{
	static const char *const fractions[] = {[1] = "0", [3] = "007", [6] = "007999", [9] = "007999999"};
	char ours[DATE_BYTES], theirs[64], whole[80];
	const struct timespec time = {.tv_sec = second, .tv_nsec = 7999999};
	struct tm fields;
	gmtime_r(&second, &fields);
	strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S", &fields);
	for (int decimals = 0; decimals < (int)COUNT_OF(fractions); decimals++) {
		if (fractions[decimals] == NULL)
			continue;
		snprintf(whole, sizeof whole, "%s.%sZ", theirs, fractions[decimals]);
		assert_string_equal(date_format(ours, &time, decimals), whole);
	}
}

static void every_day_is_written_as_the_c_library_does(void **state)
{
	(void)state;
	for (time_t day = -365 * 50; day < 365 * 400; day++) {
		check(day * 86400);
		check(day * 86400 + 86399);
	}
	check(1795224611);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_day_is_written_as_the_c_library_does)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
