/* SPDX-License-Identifier: MIT
 *
 * report_text: the exact words for whom ranks waited for when time was up or the job was stopped, and who comes last to
 * barriers.
 */
#include "report_text_case.h"

#include "base/text.h"
#include "report/library_words.h"

#include <errno.h>

static const struct text_case cases[] = {
	{
		.what = "time is up, and the ranks that hung are named",
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.ranks = {WELL(0, 10),
                          STOPPED(1),
                          {SIGNALED(SIGKILL, 3, 35000), .stopped = true, .killed = true},
                          STOPPED(2)},
		.detail = "state S, waits in futex_wait_queue",
		.expected = "muster: timeout: the job was still running 30 s after the start\n"
			    "muster:   rank 1 (pid 4301, CPUs 1,9): was running\n"
			    "muster:   rank 2 (pid 4302, CPUs 2,10): was running\n"
			    "muster:   rank 3 (pid 4303, CPUs 3,11): state S, waits in futex_wait_queue\n"
			    "muster: ranks: 2 stopped by muster (SIGTERM), 1 killed after 5 s grace (rank 2), 1 had "
			    "ended before\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up, and a part of it went by while the job waited for cores",
		.nprocs = 1,
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.ranks = {STOPPED(0)},
		.waited_ms = 12500,
		.expected = "muster: timeout: the job was still running 17.5 s after the start, having waited for "
			    "cores for "
			    "12.5 s\n"
			    "muster:   rank 0 (pid 4300, CPUs 0,8): was running\n"
			    "muster: ranks: 1 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up in the pause before a restart",
		.nprocs = 2,
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = 0,
		.policy = FAILURE_RESTART,
		.ranks = {{EXITED(1, 0, 12000)}, STOPPED(1)},
		.expected = "muster: timeout: the job was waiting for its restart 30 s after the start\n"
			    "muster: rank 0 (pid 4300, CPUs 0,8) exited with code 1, 12.000 s after the start\n"
			    "muster: others: 1 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up, and it is known what ranks wait for",
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.ranks = {{SIGNALED(SIGTERM, 0, 1), .stopped = true,
                           .wait = {WAITS_IN_BARRIER, .label = "epoch \033[3", .for_ns = 4100000000}},
                          {SIGNALED(SIGTERM, 1, 1), .stopped = true,
                           .wait = {WAITS_TO_RECEIVE, .peer = 3, .for_ns = 250000000}},
                          {SIGNALED(SIGTERM, 2, 1), .stopped = true, .wait = {WAITS_IN_COLLECTIVE, .for_ns = -1}},
                          {SIGNALED(SIGTERM, 3, 1), .stopped = true, .not_attached = true}},
		.detail = "state S",
		.expected = "muster: timeout: the job was still running 30 s after the start\n"
			    "muster:   rank 0 (pid 4300, CPUs 0,8): waits in barrier 'epoch ?[3' for 4.1 s\n"
			    "muster:   rank 1 (pid 4301, CPUs 1,9): waits for a message of rank 3 for 0.250 s\n"
			    "muster:   rank 2 (pid 4302, CPUs 2,10): waits in a collective\n"
			    "muster:   rank 3 (pid 4303, CPUs 3,11): had not called muster_init; state S\n"
			    "muster: ranks: 4 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "a rank left that others needed",
		.outcome = OUTCOME_FAILED,
		.first_failure = 3,
		.ranks = {{EXITED(3, 1, 2000), .in_wake = true},
                          {SIGNALED(SIGTERM, 2, 1), .stopped = true, .wait = {WAITS_TO_SEND, .peer = 2, .for_ns = -1}},
                          {EXITED(3, 3, 2000), .in_wake = true},
                          {EXITED(0, 0, 1000), .missed = true, .missed_in = "barrier 'epoch 3'"}},
		.expected =
			"muster: rank 3 (pid 4303, CPUs 3,11) left (exit code 0) while others waited for it in barrier "
			"'epoch 3', 1.000 s after the start\n"
			"muster:   rank 1 (pid 4301, CPUs 1,9): waits to send to rank 2\n"
			"muster: others: 1 stopped by muster (SIGTERM), 2 failed in its wake (ranks 0,2)\n"
			"muster: survivors: 0\n",
	},
	{
		.what = "many waited when one failed",
		.nprocs = 10,
		.outcome = OUTCOME_FAILED,
		.first_failure = 0,
		.ranks = {{EXITED(1, 0, 1000)},
                          WAITING(1),
                          WAITING(2),
                          WAITING(3),
                          WAITING(4),
                          WAITING(5),
                          WAITING(6),
                          WAITING(7),
                          WAITING(8),
                          WAITING(9)},
		.unbound = true,
		.expected = "muster: rank 0 (pid 4300, not bound) exited with code 1, 1.000 s after the start\n"
			    "muster:   9 ranks (1-9): each waits in a barrier\n"
			    "muster: others: 9 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up for many",
		.nprocs = 10,
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.start_timed_out = true,
		.ranks = {STOPPED(0), STOPPED(1), STOPPED(2), STOPPED(3), STOPPED(4), STOPPED(5), STOPPED(6),
                          STOPPED(7), STOPPED(8), STOPPED(9)},
		.unbound = true,
		.expected = "muster: start_timeout: not every rank had called muster_init 1.5 s after the start\n"
			    "muster:   rank 0 (pid 4300, not bound): was running\n"
			    "muster:   rank 1 (pid 4301, not bound): was running\n"
			    "muster:   rank 2 (pid 4302, not bound): was running\n"
			    "muster:   rank 3 (pid 4303, not bound): was running\n"
			    "muster:   rank 4 (pid 4304, not bound): was running\n"
			    "muster:   rank 5 (pid 4305, not bound): was running\n"
			    "muster:   rank 6 (pid 4306, not bound): was running\n"
			    "muster:   rank 7 (pid 4307, not bound): was running\n"
			    "muster:   and 2 more\n"
			    "muster: ranks: 10 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "time is up for many that wait, and for those that they wait for",
		.nprocs = 12,
		.outcome = OUTCOME_TIMEOUT,
		.first_failure = NO_RANK,
		.ranks = {WAITING_FOR(0, 3000),
                          WAITING_FOR(1, 2000),
                          WAITING_FOR(2, 2000),
                          WAITING_FOR(3, 4000),
                          WAITING_FOR(4, 2000),
                          WAITING_FOR(5, 2000),
                          WAITING_FOR(6, 2000),
                          WAITING_FOR(7, 2000),
                          WAITING_FOR(8, 2000),
                          STOPPED(9),
                          {SIGNALED(SIGTERM, 10, 13000), .stopped = true,
                           .wait = {WAITS_TO_RECEIVE, .peer = 9, .for_ns = 2000000000}},
                          STOPPED(11)},
		.detail = "state R (running)",
		.unbound = true,
		.expected = "muster: timeout: the job was still running 30 s after the start\n"
			    "muster:   rank 9 (pid 4309, not bound): was running\n"
			    "muster:   rank 11 (pid 4311, not bound): state R (running)\n"
			    "muster:   9 ranks (0-8): each waits in a barrier, the first for 4.0 s\n"
			    "muster:   rank 10 (pid 4310, not bound): waits for a message of rank 9 for 2.0 s\n"
			    "muster: ranks: 12 stopped by muster (SIGTERM)\n"
			    "muster: survivors: 0\n",
	},
	{
		.what = "stopped by a signal while one was waited for",
		.nprocs = 2,
		.outcome = OUTCOME_STOPPED,
		.first_failure = NO_RANK,
		.stop_signal = SIGINT,
		.ranks = {WAITING_FOR(0, 4000), STOPPED(1)},
		.unbound = true,
		.expected = "muster: stopped by SIGINT 13.250 s after the start: 2 stopped by muster (SIGTERM); "
			    "survivors: 0\n"
			    "muster:   rank 0 (pid 4300, not bound): waits in a barrier for 4.0 s\n"
			    "muster:   rank 1 (pid 4301, not bound): was running\n",
	},
	{
		.what = "stopped by a signal while waits were short",
		.nprocs = 2,
		.outcome = OUTCOME_STOPPED,
		.first_failure = NO_RANK,
		.stop_signal = SIGINT,
		.ranks = {WAITING_FOR(0, 900), STOPPED(1)},
		.expected = "muster: stopped by SIGINT 13.250 s after the start: 2 stopped by muster (SIGTERM); "
			    "survivors: 0\n",
	},
};

static void who_was_waited_for_is_told_in_these_words(void **state)
{
	(void)state;
	check_words(cases, COUNT_OF(cases));
}

struct straggler_case {
	const char *what;
	struct rank_library libraries[3];
	bool none[3]; /* which ranks never attached */
	const char *expected;
};

static const struct straggler_case stragglers[] = {
	{"one comes last again and again",
         {{.barriers = 1000, .barrier_last = 100, .barrier_wait_ns = 1300000000},
          {.barriers = 1000, .barrier_last = 812, .barrier_wait_ns = 1000},
          {.barriers = 1000, .barrier_last = 88, .barrier_wait_ns = 1100000000}},
         .expected =
                 "muster: rank 1 (pid 4301, CPUs 1,9) came last to 812 of 1000 barriers; others waited 1.2 s for it\n"},
	{"as chance has it",
         {{.barriers = 30, .barrier_last = 9, .barrier_wait_ns = 1300000000},
          {.barriers = 30, .barrier_last = 11, .barrier_wait_ns = 1300000000},
          {.barriers = 30, .barrier_last = 10, .barrier_wait_ns = 1300000000}},
         .expected = ""},
	{"nobody waits long",
         {{.barriers = 30, .barrier_wait_ns = 1000}, {.barriers = 30, .barrier_last = 30}, {.barriers = 30}},
         .expected = ""},
	{"too few to speak of",
         {{.barriers = 9, .barrier_wait_ns = 9000000000}, {.barriers = 9, .barrier_last = 9}},
         {false, false, true},
         ""},
	{"clocks that are not known",
         {{.barriers = 30, .barrier_wait_ns = TIME_UNKNOWN}, {.barriers = 30, .barrier_last = 30}},
         {false, false, true},
         ""},
	{"nobody attached", {{0}}, {true, true, true}, ""},
};

static void who_comes_last_to_barriers_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(stragglers); i++) {
		struct rank_library libraries[3];
		struct rank_result ranks[3] = {{EXITED(0, 0, 1)}, {EXITED(0, 1, 1)}, {EXITED(0, 2, 1)}};
		struct job_result result = {.first_failure = NO_RANK, .nprocs = 3, .ranks = ranks};
		struct report_fixture f;
		struct text text = {0};
		memcpy(libraries, stragglers[i].libraries, sizeof libraries);
		for (uint32_t r = 0; r < 3; r++)
			ranks[r].library = stragglers[i].none[r] ? NULL : &libraries[r];
		report_fixture_begin(&f, &result);
		text_add(&text, "");
		add_straggler_line(&text, &f.facts);
		if (strcmp(text.bytes, stragglers[i].expected) != 0)
			fail_msg("%s: %s", stragglers[i].what, text.bytes);
		text_finish(&text);
		report_fixture_end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_was_waited_for_is_told_in_these_words),
		cmocka_unit_test(who_comes_last_to_barriers_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
