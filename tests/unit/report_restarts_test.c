/* SPDX-License-Identifier: MIT
 *
 * report_restarts: what is told of the groups of ranks before the last one, by the events of a record.
 */
#include "unit_test.h"

#include "base/text.h"
#include "report/report_restarts.h"

#include <stdlib.h>
#include <string.h>

static void check(const char *events, int64_t restarts, const char *expected)
{
	char *copy = strdup(events);
	FILE *from = fmemopen(copy, strlen(copy), "r");
	struct text text = {0};
	assert_non_null(from);
	text_add(&text, "");
	report_restarts(&text, from, restarts);
	assert_string_equal(text.bytes, expected);
	text_finish(&text);
	fclose(from);
	free(copy);
}

#define EXIT(rank, code)   "{\"t\":0.5,\"event\":\"rank_ended\",\"rank\":" #rank ",\"exit_code\":" #code "}\n"
#define KILLED(rank, name) "{\"t\":0.6,\"event\":\"rank_ended\",\"rank\":" #rank ",\"signal\":\"" name "\"}\n"
#define STOPPING           "{\"t\":0.7,\"event\":\"stopping\"}\n"
#define RESTART(number)    "{\"t\":0.8,\"event\":\"restart\",\"restarts\":" #number "}\n"

static void what_ended_badly_before_the_others_were_stopped_is_named(void **state)
{
	(void)state;
	check("{\"t\":0.1,\"event\":\"started\",\"pids\":[1,2]}\n" EXIT(2, 0) EXIT(1, 5) STOPPING KILLED(0, "SIGTERM")
	              RESTART(1) KILLED(0, "SIGSEGV") EXIT(1, 1) STOPPING RESTART(2) EXIT(1, 9),
	      2,
	      "  before restart 1: rank 1 exit 5, 0.500 s after the start\n"
	      "  before restart 2: rank 0 SIGSEGV, rank 1 exit 1, 0.600 s after the start\n");
	check(EXIT(0, 1) EXIT(1, 1) EXIT(2, 1) EXIT(3, 1) EXIT(4, 1) RESTART(1), 1,
	      "  before restart 1: rank 0 exit 1, rank 1 exit 1, rank 2 exit 1 and 2 more, 0.500 s after the start\n");
}

static void what_no_event_tells_is_not_made_up(void **state)
{
	(void)state;
	check("", 1, "");
	check("no event\n[]\n{\"event\":3}\n" EXIT(0, 0) RESTART(1), 1,
	      "  before restart 1: no event says what failed\n");
	check(KILLED(0, "\\u001b[31m") RESTART(1), 1,
	      "  before restart 1: rank 0 \\x1b[31m, 0.600 s after the start\n");
}

static void of_many_restarts_the_last_are_told(void **state)
{
	(void)state;
	check(EXIT(0, 1) RESTART(1) EXIT(0, 2) RESTART(2) EXIT(0, 3) RESTART(10), 10,
	      "  (the last 8 of them)\n"
	      "  before restart 10: rank 0 exit 3, 0.500 s after the start\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ended_badly_before_the_others_were_stopped_is_named),
		cmocka_unit_test(what_no_event_tells_is_not_made_up),
		cmocka_unit_test(of_many_restarts_the_last_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
