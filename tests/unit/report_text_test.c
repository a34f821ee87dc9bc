/* SPDX-License-Identifier: MIT
 *
 * report_text: the exact words for how a job ended, whatever its ranks did, for restarts, and for lines of which not
 * all can be shown.
 */
#include "report_text_case.h"

#include "base/text.h"
#include "report/report_text.h"
#include "run/verdict.h"

#include <errno.h>

static const struct text_case cases[] = {
	{
		.what = "a job that ended well",
		.outcome = OUTCOME_OK,
		.first_failure = NO_RANK,
		.ranks = {WELL(0, 10), WELL(1, 10), WELL(2, 10), WELL(3, 10)},
		.expected = "",
	},
	{
		.what = "stopped by a signal",
		.outcome = OUTCOME_STOPPED,
		.first_failure = NO_RANK,
		.stop_signal = SIGINT,
		.ranks = {STOPPED(1),
                          STOPPED(2),
                          {SIGNALED(SIGKILL, 3, 3100), .stopped = true, .killed = true},
                          WELL(0, 10)},
		.expected = "muster: stopped by SIGINT 13.250 s after the start: 2 stopped by muster (SIGTERM), 1 "
			    "killed (rank 2), 1 had ended before; survivors: 0\n",
	},
	{
		.what = "stopped by a signal after a failure",
		.nprocs = 2,
		.outcome = OUTCOME_STOPPED,
		.first_failure = 0,
		.stop_signal = SIGTERM,
		.kept = 2,
		.ranks = {{EXITED(1, 0, 10)}, STOPPED(1)},
		.expected = "muster: stopped by SIGTERM 13.250 s after the start: 1 stopped by muster (SIGTERM); 1 had "
			    "failed before; survivors: 0; 2 kept (failure.leftovers: keep)\n",
	},
	{
		.what = "muster itself failed",
		.nprocs = 2,
		.outcome = OUTCOME_ERROR,
		.first_failure = NO_RANK,
		.error_text = "cannot start rank 1: clone: Resource temporarily unavailable (ulimit -u)",
		.ranks = {STOPPED(0), {.end = RANK_NOT_STARTED}},
		.expected = "muster: cannot start rank 1: clone: Resource temporarily unavailable (ulimit -u)\n"
			    "muster: ranks: 1 stopped by muster (SIGTERM), 1 never started\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "output was lost, and every rank ended well",
		.nprocs = 2,
		.outcome = OUTCOME_ERROR,
		.first_failure = NO_RANK,
		.error_text = "output of rank 1 was lost: /out/1: No space left on device",
		.ranks = {WELL(0, 10), WELL(1, 10)},
		.expected = "muster: output of rank 1 was lost: /out/1: No space left on device\n"
			    "muster: ranks: 2 ended well\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "output was lost, and a rank had failed as well",
		.nprocs = 2,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.error_text = "output of rank 1 was lost: /out/1: No space left on device",
		.ranks = {{EXITED(1, 0, 10)}, STOPPED(1)},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.010 s after the start\n"
			    "muster: output of rank 1 was lost: /out/1: No space left on device\n"
			    "muster: others: 1 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "after restarts",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.restarts = 3,
		.budget_used = 3,
		.leftovers = 2,
		.ranks = {{EXITED(1, 0, 10)}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.010 s after the start\n"
			    "muster: restarts: 3 of 3 were used\n"
			    "muster: survivors: 0; 2 processes that outlived their rank were stopped\n",
	},
	{
		.what = "after restarts with a fresh budget in between",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.restarts = 7,
		.budget_used = 3,
		.ranks = {{EXITED(1, 0, 10)}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.010 s after the start\n"
			    "muster: restarts: 7 in all; 3 of 3 in the last run of failures\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "in colour",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.colour = true,
		.ranks = {{EXITED(1, 0, 10)}},
		.tail = {"no"},
		.expected = "muster: \033[1;31mrank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.010 s after the "
			    "start\033[0m\n"
			    "muster:   | no\n"
			    "muster: survivors: 0\n",
	},
};

static void the_words_are_exactly_these(void **state)
{
	(void)state;
	check_words(cases, COUNT_OF(cases));
}

/* What is said of a rank with these last words. */
static struct text text_of_last_words(char *line)
{
	char *tail[] = {line, NULL};
	struct rank_result rank = {EXITED(1, 0, 1), .stderr_tail = tail};
	struct job_result result = {.outcome = OUTCOME_FAILED, .nprocs = 1, .ranks = &rank};
	struct report_fixture f;
	struct text text = {0};
	report_fixture_begin(&f, &result);
	report_text_add_failure(&text, &f.facts);
	report_fixture_end(&f);
	return text;
}

/* A C1 control is two bytes in UTF-8 and one elsewhere: terminals obey both. */
static void only_printable_characters_of_a_line_are_sent(void **state)
{
	(void)state;
	static const struct {
		const char *line, *shown;
	} lines[] = {
		{"tab\tand \303\251 \342\202\254", "muster:   | tab\tand \303\251 \342\202\254\n"},
		{"\033[2J\177", "muster:   | \\x1b[2J\\x7f\n"},
		{"a\302\2332Jb", "muster:   | a\\xc2\\x9b2Jb\n"},
		{"a\2332Jb", "muster:   | a\\x9b2Jb\n"},
		{"caf\351", "muster:   | caf\\xe9\n"},
		{"\342\202", "muster:   | \\xe2\\x82\n"},
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct text text = text_of_last_words(borrowed(lines[i].line));
		if (strstr(text.bytes, lines[i].shown) == NULL)
			assert_string_equal(text.bytes, lines[i].shown);
		text_finish(&text);
	}
}

static void a_long_line_is_cut(void **state)
{
	(void)state;
	char line[3000];
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	struct text text = text_of_last_words(line);
	assert_non_null(strstr(text.bytes, "xxx...\n"));
	assert_true(text.length < 1200);
	text_finish(&text);
}

static void a_restart_is_one_line_with_its_reason(void **state)
{
	(void)state;
	static const struct {
		uint32_t first_failure;
		struct restart restart;
		bool colour;
		const char *expected;
	} restarts[] = {
		{1,
	         {1, 1, 2000},
	         false,
	         "muster: restart 1 of 3 in 2 s, because rank 1 (pid 4301, CPUs 1,9) exited with code 7, 0.100 s after "
	         "the start\n"},
		{1,
	         {1, 1, 500},
	         true,
	         "muster: \033[33mrestart 1 of 3 in 500 ms\033[0m, because rank 1 (pid 4301, CPUs 1,9) exited with "
	         "code 7, 0.100 s after the start\n"},
		{NO_RANK, {1, 1, 0}, false, "muster: restart 1 of 3\n"},
		{NO_RANK, {9, 2, 0}, false, "muster: restart 2 of 3 (9 in all)\n"},
	};
	for (size_t i = 0; i < COUNT_OF(restarts); i++) {
		struct rank_result ranks[2] = {WELL(1, 200), {EXITED(7, 0, 100)}};
		struct job_result result = {.nprocs = 2, .ranks = ranks, .first_failure = restarts[i].first_failure};
		struct report_fixture f;
		struct text text = {0};
		report_fixture_begin(&f, &result);
		f.facts.colour = restarts[i].colour;
		report_text_add_restart(&text, &f.facts, &restarts[i].restart);
		assert_string_equal(text.bytes, restarts[i].expected);
		text_finish(&text);
		report_fixture_end(&f);
	}
}

static void a_failure_that_the_others_go_on_after_takes_one_line(void **state)
{
	(void)state;
	struct rank_result ranks[2] = {{.end = RANK_NOT_STARTED}, {EXITED(7, 0, 100)}};
	struct job_result result = {.nprocs = 2, .ranks = ranks, .first_failure = 1};
	struct report_fixture f;
	struct text text = {0};
	report_fixture_begin(&f, &result);
	report_text_add_first_failure(&text, &f.facts, "the others go on");
	assert_string_equal(text.bytes, "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 7, 0.100 s after the "
	                                "start; the others go on\n");
	text_finish(&text);
	report_fixture_end(&f);
}

static void a_core_pattern_that_is_not_known_is_not_guessed(void **state)
{
	(void)state;
	struct rank_result rank = {SIGNALED(SIGSEGV, 0, 1), .core_dumped = true};
	struct job_result result = {.nprocs = 1, .ranks = &rank};
	struct report_fixture f;
	struct text text = {0};
	report_fixture_begin(&f, &result);
	f.facts.core_pattern = NULL;
	add_rank_end(&text, &f.facts, 0);
	assert_string_equal(text.bytes, "was killed by SIGSEGV (segmentation fault), core dumped");
	text_finish(&text);
	report_fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_are_exactly_these),
		cmocka_unit_test(only_printable_characters_of_a_line_are_sent),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(a_restart_is_one_line_with_its_reason),
		cmocka_unit_test(a_failure_that_the_others_go_on_after_takes_one_line),
		cmocka_unit_test(a_core_pattern_that_is_not_known_is_not_guessed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
