/* SPDX-License-Identifier: MIT
 *
 * report_text: the exact words for what became of the others when a rank had failed, and for its last words.
 */
#include "report_text_case.h"

#include <errno.h>

#define TRACEBACK "Traceback (most recent call last):"
#define CLOSED    "RuntimeError: Connection closed by peer"

static char *cause[] = {(char[]){TRACEBACK}, (char[]){"ValueError: bad batch 7"}, NULL};
static char *alike[] = {(char[]){"rank 1 says:"}, (char[]){CLOSED}, NULL};

static const struct text_case cases[] = {
	{
		.what = "another rank's traceback that came first",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 2579)},
                          {SIGNALED(SIGTERM, 1, 2600), .stopped = true, .traceback_ns = 2501000000,
                           .stderr_tail = cause},
                          STOPPED(2),
                          STOPPED(3)},
		.tail = {TRACEBACK, CLOSED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 2.579 s after the start\n"
			    "muster:   | " TRACEBACK "\n"
			    "muster:   | " CLOSED "\n"
			    "muster: before that, rank 1 (pid 4301, CPUs 1,9) had written a traceback, 2.501 s after "
			    "the start\n"
			    "muster:   | " TRACEBACK "\n"
			    "muster:   | ValueError: bad batch 7\n" OTHERS_STOPPED,
	},
	{
		.what = "one that ends with the same words says nothing new",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 2579)},
                          {SIGNALED(SIGTERM, 1, 2600), .stopped = true, .traceback_ns = 2501000000,
                           .stderr_tail = alike},
                          STOPPED(2),
                          STOPPED(3)},
		.tail = {TRACEBACK, CLOSED},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 2.579 s after the start\n"
			    "muster:   | " TRACEBACK "\n"
			    "muster:   | " CLOSED "\n" OTHERS_STOPPED,
	},
	{
		.what = "what became of the others",
		.nprocs = 10,
		.outcome = OUTCOME_FAILED,
		.first_failure = 5,
		.ranks = {STOPPED(3),
                          STOPPED(4),
                          {EXITED(1, 6, 12104), .in_wake = true},
                          STOPPED(5),
                          WELL(0, 100),
                          {EXITED(3, 2, 12103)},
                          WELL(1, 200),
                          {SIGNALED(SIGKILL, 9, 17200), .stopped = true, .killed = true},
                          STOPPED(7),
                          WELL(8, 12200)},
		.leftovers = 1,
		.expected = "muster: rank 5 (pid 4305, CPUs 5,13) exited with code 3, 12.103 s after the start\n"
			    "muster: others: 4 stopped by muster (SIGTERM), 1 killed after 5 s grace (rank 7), 1 "
			    "failed in its wake (rank 2, exit 1), 2 had ended before, 1 ended well after it\n"
			    "muster: survivors: 0; 1 process that outlived its rank was stopped\n",
	},
	{
		.what = "one that crashed although it was asked to stop",
		.outcome = OUTCOME_FAILED,
		.first_failure = 1,
		.ranks = {STOPPED(2), {EXITED(3, 0, 1)}, STOPPED(3), {SIGNALED(SIGBUS, 1, 1), .stopped = true}},
		.expected = "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 3, 0.001 s after the start\n"
			    "muster: others: 2 stopped by muster (SIGTERM), 1 asked to stop (SIGTERM) ended by another "
			    "signal (rank 3, SIGBUS)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "several that somebody else killed when they were asked to stop",
		.outcome = OUTCOME_FAILED,
		.first_failure = 1,
		.ranks = {{SIGNALED(SIGKILL, 2, 1), .stopped = true},
                          {EXITED(3, 0, 1)},
                          {SIGNALED(SIGKILL, 1, 1), .stopped = true},
                          {SIGNALED(SIGKILL, 3, 1), .stopped = true, .killed = true}},
		.expected = "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 3, 0.001 s after the start\n"
			    "muster: others: 2 asked to stop (SIGTERM) ended by another signal (ranks 0,2), 1 killed "
			    "after 5 s grace (rank 3)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "several that failed in its wake",
		.outcome = OUTCOME_FAILED,
		.first_failure = 1,
		.ranks = {{EXITED(1, 1, 1), .in_wake = true},
                          {EXITED(3, 0, 1)},
                          {EXITED(1, 2, 1), .in_wake = true},
                          {SIGNALED(SIGABRT, 3, 1), .in_wake = true}},
		.expected = "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 3, 0.001 s after the start\n"
			    "muster: others: 3 failed in its wake (ranks 0,2-3)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "several that failed, where ranks go on without one another",
		.outcome = OUTCOME_FAILED,
		.policy = FAILURE_CONTINUE,
		.first_failure = 1,
		.ranks = {WELL(0, 1), {EXITED(3, 1, 2)}, {EXITED(1, 2, 3), .in_wake = true}, WELL(3, 4)},
		.expected = "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 3, 0.002 s after the start\n"
			    "muster: also failed: rank 2 (pid 4302, CPUs 2,10) exited with code 1, 0.003 s after the "
			    "start\n"
			    "muster: others: 1 had ended before, 1 ended well after it\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "one that was killed by a signal in its wake",
		.nprocs = 2,
		.outcome = OUTCOME_FAILED,
		.first_failure = 1,
		.ranks = {{SIGNALED(SIGPIPE, 1, 1), .in_wake = true}, {EXITED(3, 0, 1)}},
		.expected = "muster: rank 1 (pid 4301, CPUs 1,9) exited with code 3, 0.001 s after the start\n"
			    "muster: others: 1 failed in its wake (rank 0, SIGPIPE)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "two that failed at once, in the order in which they were reaped",
		.outcome = OUTCOME_FAILED,
		.first_failure = 2,
		.ranks = {{SIGNALED(SIGSEGV, 2, 50)}, STOPPED(3), {EXITED(3, 0, 50)}, {EXITED(4, 1, 50)}},
		.expected = "muster: rank 2 (pid 4302, CPUs 2,10) exited with code 3, 0.050 s after the start\n"
			    "muster: also failed: rank 3 (pid 4303, CPUs 3,11) exited with code 4, 0.050 s after the "
			    "start\n"
			    "muster: also failed: rank 0 (pid 4300, CPUs 0,8) was killed by SIGSEGV (segmentation "
			    "fault), 0.050 s after the start\n"
			    "muster: others: 1 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "many that failed at once",
		.nprocs = 12,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1)},
                          {EXITED(1, 1, 1)},
                          {EXITED(1, 2, 1)},
                          {EXITED(1, 3, 1)},
                          {EXITED(1, 4, 1)},
                          {EXITED(1, 5, 1)},
                          {EXITED(1, 6, 1)},
                          {EXITED(1, 7, 1)},
                          {EXITED(1, 8, 1)},
                          {EXITED(1, 9, 1)},
                          {EXITED(1, 10, 1)},
                          {EXITED(1, 11, 1)}},
		.unbound = true,
		.expected = "muster: rank 0 (pid 4300, not bound) exited with code 1, 0.001 s after the start\n"
			    "muster: also failed: rank 1 (pid 4301, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 2 (pid 4302, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 3 (pid 4303, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 4 (pid 4304, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 5 (pid 4305, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 6 (pid 4306, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 7 (pid 4307, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: rank 8 (pid 4308, not bound) exited with code 1, 0.001 s after the "
			    "start\n"
			    "muster: also failed: 3 more\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "only the last twenty lines, and nothing that could rewrite the terminal",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1)}},
		.tail = {"1",
                         "2",
                         "3",
                         "4",
                         "5",
                         "6",
                         "7",
                         "8",
                         "9",
                         "10",
                         "11",
                         "12",
                         "13",
                         "14",
                         "15",
                         "16",
                         "17",
                         "18",
                         "10%\r50%\r99%",
                         "ends with a return\r",
                         "\033[31mred\033[0m",
                         "\b\177",
                         "\xc3\xa9\xff"},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 0.001 s after the start\n"
			    "muster:   | 4\nmuster:   | 5\nmuster:   | 6\nmuster:   | 7\nmuster:   | 8\n"
			    "muster:   | 9\nmuster:   | 10\nmuster:   | 11\nmuster:   | 12\nmuster:   | 13\n"
			    "muster:   | 14\nmuster:   | 15\nmuster:   | 16\nmuster:   | 17\nmuster:   | 18\n"
			    "muster:   | 99%\nmuster:   | ends with a return\n"
			    "muster:   | \\x1b[31mred\\x1b[0m\nmuster:   | \\x08\\x7f\nmuster:   | \xc3\xa9\\xff\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a rank that cannot be killed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1000)},
                          STOPPED(1),
                          STOPPED(2),
                          {.end = RANK_LOST, .death_order = NO_RANK, .ended_ns = TIME_UNKNOWN, .killed = true}},
		.detail = "state D, waits in nfs_wait_bit_killable",
		.survivors = 1,
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 1.000 s after the start\n"
			    "muster: rank 3 (pid 4303, CPUs 3,11) was lost: state D, waits in nfs_wait_bit_killable\n"
			    "muster: others: 2 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 1 (alive, with MUSTER_JOB_ID=work-a1 in their environment)\n",
	},
	{
		.what = "a rank whose end nobody saw",
		.nprocs = 1,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{.end = RANK_LOST, .death_order = NO_RANK, .ended_ns = TIME_UNKNOWN}},
		.expected = "muster: rank 0 (pid 4300, CPUs 0,8) was lost: nobody saw it end\n"
			    "muster: survivors: 0\n",
	},
};

static void what_became_of_the_others_is_told_in_these_words(void **state)
{
	(void)state;
	check_words(cases, COUNT_OF(cases));
}

/* `muster run ... | head -1`: who closed a pipe knows; who reads the record later does not. */
static void of_a_reader_that_went_away_the_record_says_what_the_terminal_is_spared(void **state)
{
	(void)state;
	struct rank_result ranks[] = {{SIGNALED(SIGPIPE, 0, 3)}, {SIGNALED(SIGPIPE, 1, 4), .in_wake = true}};
	struct job_result result = {.outcome = OUTCOME_FAILED, .reader_gone = true, .nprocs = 2, .ranks = ranks};
	struct report_fixture f;
	struct text told = {0}, kept = {0};
	report_fixture_begin(&f, &result);
	report_text_add_failure(&told, &f.facts);
	assert_int_equal(told.length, 0);
	report_text_add_summary(&kept, &f.facts);
	assert_string_equal(kept.bytes,
	                    "muster: rank 0 (pid 4300, CPUs 0,8) was killed by SIGPIPE (it wrote to a pipe or "
	                    "socket that nobody reads any more), 0.003 s after the start\n"
	                    "muster: others: 1 failed in its wake (rank 1, SIGPIPE)\n"
	                    "muster: survivors: 0\n");
	text_finish(&told);
	text_finish(&kept);
	report_fixture_end(&f);
}

/* "96,98,...,1..." would name a rank that did well. */
static void a_long_list_of_ranks_or_cpus_is_cut_between_two_numbers(void **state)
{
	(void)state;
	enum { MANY = 200 };
	static struct rank_result ranks[MANY];
	struct job_result result = {.outcome = OUTCOME_FAILED, .nprocs = MANY, .ranks = ranks};
	struct report_fixture f;
	struct text text = {0};
	for (uint32_t r = 1; r < MANY; r++)
		ranks[r] = r < 96 || r % 2 != 0
		                   ? (struct rank_result){EXITED(0, r, 1)}
		                   : (struct rank_result){SIGNALED(SIGKILL, r, 1), .stopped = true, .killed = true};
	ranks[0] = (struct rank_result){EXITED(3, 0, 1)};
	report_fixture_begin(&f, &result);
	for (uint32_t cpu = 96; cpu < MANY; cpu += 2)
		index_set_add(&f.job.placement.ranks[0].cpus, cpu);
	report_text_add_failure(&text, &f.facts);
	assert_string_equal(
		text.bytes,
		"muster: rank 0 (pid 4300, CPUs "
		"0,8,96,98,100,102,104,106,108,110,112,114,116,118,120,122,124,126,128,130,...) exited with code 3, "
		"0.001 s after the start\n"
		"muster: others: 52 killed after 5 s grace (ranks "
		"96,98,100,102,104,106,108,110,112,114,116,118,120,122,124,...), 147 ended well after it\n"
		"muster: survivors: 0\n");
	text_finish(&text);
	report_fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_became_of_the_others_is_told_in_these_words),
		cmocka_unit_test(of_a_reader_that_went_away_the_record_says_what_the_terminal_is_spared),
		cmocka_unit_test(a_long_list_of_ranks_or_cpus_is_cut_between_two_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
