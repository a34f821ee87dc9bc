/* SPDX-License-Identifier: MIT
 *
 * date: as the C library writes it, for every day of four hundred years and at the ends of days.
 */
#include "unit_test.h"

#include "base/date.h"

#include <stdio.h>

static void check(time_t second)
{
	char ours[DATE_BYTES], theirs[64], whole[80];
	const struct timespec time = {.tv_sec = second, .tv_nsec = 7999999};
	struct tm fields;
	gmtime_r(&second, &fields);
	strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S", &fields);
	snprintf(whole, sizeof whole, "%s.007Z", theirs);
	assert_string_equal(date_format(ours, &time), whole);
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
