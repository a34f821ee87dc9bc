/* SPDX-License-Identifier: MIT
 *
 * verdict: what the ends of ranks mean, by tables: whose fault, which exit code, whether to start again.
 */
#include "unit_test.h"

#include "run/job_result.h"
#include "run/rank_step.h"
#include "run/verdict.h"
#include "spec/job_spec.h"

#include <errno.h>
#include <signal.h>

struct end_row {
	const char *what;
	struct rank_result rank;
	bool failed;
	int exit_code;
};

static const struct end_row ends[] = {
	{"exit 0", {.end = RANK_EXITED, .exit_code = 0}, false, 0},
	{"exit 1", {.end = RANK_EXITED, .exit_code = 1}, true, 1},
	{"exit 137 is no signal", {.end = RANK_EXITED, .exit_code = 137}, true, 137},
	{"exit 255", {.end = RANK_EXITED, .exit_code = 255}, true, 255},
	{"exit 1 when asked to stop", {.end = RANK_EXITED, .exit_code = 1, .stopped = true}, false, 1},
	{"exit 0 when asked to stop", {.end = RANK_EXITED, .stopped = true}, false, 0},
	{"SIGSEGV", {.end = RANK_SIGNALED, .signal = SIGSEGV}, true, 139},
	{"SIGKILL", {.end = RANK_SIGNALED, .signal = SIGKILL}, true, 137},
	{"SIGKILL by the OOM killer", {.end = RANK_SIGNALED, .signal = SIGKILL, .out_of_memory = true}, true, 137},
	{"SIGTERM when asked to stop", {.end = RANK_SIGNALED, .signal = SIGTERM, .stopped = true}, false, 143},
	{"a real-time signal", {.end = RANK_SIGNALED, .signal = 64}, true, 192},
	{"SIGKILL after the grace",
         {.end = RANK_SIGNALED, .signal = SIGKILL, .stopped = true, .killed = true},
         false,
         137},
	{"not found", {.end = RANK_NOT_EXECUTED, .failed_step = STEP_EXECUTE, .failed_errno = ENOENT}, true, 127},
	{"not executable", {.end = RANK_NOT_EXECUTED, .failed_step = STEP_EXECUTE, .failed_errno = EACCES}, true, 126},
	{"wrong format", {.end = RANK_NOT_EXECUTED, .failed_step = STEP_EXECUTE, .failed_errno = ENOEXEC}, true, 126},
	{"arguments too long",
         {.end = RANK_NOT_EXECUTED, .failed_step = STEP_EXECUTE, .failed_errno = E2BIG},
         true,
         126},
	{"no such directory",
         {.end = RANK_NOT_EXECUTED, .failed_step = STEP_DIRECTORY, .failed_errno = ENOENT},
         true,
         125},
	{"cannot bind", {.end = RANK_NOT_EXECUTED, .failed_step = STEP_AFFINITY, .failed_errno = EINVAL}, true, 125},
	{"limit refused", {.end = RANK_NOT_EXECUTED, .failed_step = STEP_OPEN_FILES, .failed_errno = EPERM}, true, 125},
	{"lost", {.end = RANK_LOST}, true, 125},
	{"lost after being killed", {.end = RANK_LOST, .stopped = true, .killed = true}, false, 125},
	{"never started", {.end = RANK_NOT_STARTED}, false, 125},
};

static void each_end_of_a_rank_has_its_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		const struct rank_result *rank = &ends[i].rank;
		if (rank_failed(rank) != ends[i].failed)
			fail_msg("%s: expected %s", ends[i].what, ends[i].failed ? "a failure" : "none");
		if (rank_exit_code(rank) != ends[i].exit_code)
			fail_msg("%s: exit code %d, expected %d", ends[i].what, rank_exit_code(rank),
			         ends[i].exit_code);
	}
}

/* Rank 0 left, and the others needed it; 2 was the first of them to fail. */
static void the_code_of_a_job_whose_rank_was_missed_is_that_of_the_first_who_missed_it(void **state)
{
	(void)state;
	struct rank_result ranks[] = {
		{.end = RANK_EXITED, .missed = true, .death_order = 0},
		{.end = RANK_EXITED, .exit_code = 4, .death_order = 2},
		{.end = RANK_EXITED, .exit_code = 3, .death_order = 1},
		{.end = RANK_SIGNALED, .signal = SIGTERM, .stopped = true, .death_order = 3},
	};
	struct job_result result = {.nprocs = 4, .ranks = ranks, .first_failure = 0};
	verdict_decide(&result, CAUSE_RANK_FAILED);
	assert_int_equal(result.outcome, OUTCOME_FAILED);
	assert_int_equal(result.exit_code, 3);
}

enum { RANK_FINE, RANK_EXIT_9, RANK_SEGFAULT, RANK_COMMAND_GONE };

static const struct rank_result kinds[] = {
	[RANK_FINE] = {.end = RANK_EXITED},
	[RANK_EXIT_9] = {.end = RANK_EXITED, .exit_code = 9},
	[RANK_SEGFAULT] = {.end = RANK_SIGNALED, .signal = SIGSEGV},
	[RANK_COMMAND_GONE] = {.end = RANK_NOT_EXECUTED, .failed_step = STEP_EXECUTE, .failed_errno = ENOENT},
};

struct verdict_row {
	enum job_cause cause;
	int first; /* kind of rank 1, which is the first failure; RANK_FINE: nobody failed */
	int stop_signal;
	bool has_error;
	uint32_t survivors;
	enum job_outcome outcome;
	int exit_code;
};

static const struct verdict_row verdicts[] = {
	{CAUSE_NONE, RANK_FINE, 0, false, 0, OUTCOME_OK, 0},
	{CAUSE_NONE, RANK_FINE, 0, true, 0, OUTCOME_ERROR, 125},      /* output was lost */
	{CAUSE_NONE, RANK_FINE, 0, false, 2, OUTCOME_ERROR, 125},     /* something could not be killed */
	{CAUSE_NONE, RANK_FINE, SIGTERM, false, 0, OUTCOME_OK, 0},    /* the signal came after the last rank's end */
	{CAUSE_NONE, RANK_EXIT_9, 0, false, 0, OUTCOME_FAILED, 9},    /* policy continue */
	{CAUSE_NONE, RANK_SEGFAULT, 0, true, 0, OUTCOME_FAILED, 139}, /* a rank's failure says more than lost output */
	{CAUSE_RANK_FAILED, RANK_EXIT_9, 0, false, 0, OUTCOME_FAILED, 9},
	{CAUSE_RANK_FAILED, RANK_SEGFAULT, 0, false, 0, OUTCOME_FAILED, 139},
	{CAUSE_RANK_FAILED, RANK_COMMAND_GONE, 0, false, 0, OUTCOME_FAILED, 127},
	{CAUSE_RANK_FAILED, RANK_EXIT_9, SIGINT, false, 1, OUTCOME_FAILED, 9}, /* what came first stays */
	{CAUSE_START_FAILED, RANK_FINE, 0, true, 0, OUTCOME_ERROR, 125},
	{CAUSE_START_FAILED, RANK_EXIT_9, 0, true, 0, OUTCOME_ERROR, 125},
	{CAUSE_STOPPED, RANK_FINE, SIGINT, false, 0, OUTCOME_STOPPED, 130},
	{CAUSE_STOPPED, RANK_FINE, SIGTERM, false, 0, OUTCOME_STOPPED, 143},
	{CAUSE_STOPPED, RANK_EXIT_9, SIGHUP, false, 0, OUTCOME_STOPPED, 129},
	{CAUSE_STOPPED, RANK_FINE, SIGQUIT, true, 3, OUTCOME_STOPPED, 131},
	{CAUSE_TIME_LIMIT, RANK_FINE, 0, false, 0, OUTCOME_TIMEOUT, 124},
	{CAUSE_TIME_LIMIT, RANK_SEGFAULT, SIGINT, true, 1, OUTCOME_TIMEOUT, 124},
	{CAUSE_GUARD_GONE, RANK_FINE, 0, true, 0, OUTCOME_ERROR, 125},
	{CAUSE_GUARD_GONE, RANK_EXIT_9, 0, false, 0, OUTCOME_ERROR, 125},
};

static void each_cause_has_its_outcome_and_exit_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		const struct verdict_row *row = &verdicts[i];
		static char error[] = "output was lost";
		struct rank_result ranks[] = {kinds[RANK_FINE], kinds[row->first]};
		struct job_result result = {
			.nprocs = 2,
			.ranks = ranks,
			.first_failure = row->first == RANK_FINE ? NO_RANK : 1,
			.stop_signal = row->stop_signal,
			.survivors = row->survivors,
			.error_text = row->has_error ? error : NULL,
		};
		verdict_decide(&result, row->cause);
		if (result.outcome != row->outcome || result.exit_code != row->exit_code)
			fail_msg("row %zu: outcome %d, exit code %d; expected %d, %d", i, result.outcome,
			         result.exit_code, row->outcome, row->exit_code);
	}
}

struct attempt {
	int64_t lived_ms;
	int64_t wait_ms; /* -1: no further start */
};

struct budget_row {
	const char *what;
	struct failure_spec failure;
	struct attempt attempts[12];
	size_t count;
};

static const struct budget_row budgets[] = {
	{"policy stop never restarts",
         {.policy = FAILURE_STOP, .max_restarts = 9, .backoff_ms = 1000, .healthy_after_ms = 10000},
         {{0, -1}, {99999, -1}},
         2},
	{"policy continue never restarts",
         {.policy = FAILURE_CONTINUE, .max_restarts = 9, .backoff_ms = 1000, .healthy_after_ms = 10000},
         {{0, -1}},
         1},
	{"without a budget there is no restart, however healthy",
         {.policy = FAILURE_RESTART, .max_restarts = 0, .backoff_ms = 1000, .healthy_after_ms = 10000},
         {{0, -1}, {99999, -1}},
         2},
	{"the backoff doubles, to a minute at most",
         {.policy = FAILURE_RESTART, .max_restarts = 9, .backoff_ms = 1000, .healthy_after_ms = 10000},
         {{5, 1000},
          {5, 2000},
          {5, 4000},
          {5, 8000},
          {5, 16000},
          {5, 32000},
          {5, 60000},
          {5, 60000},
          {5, 60000},
          {5, -1}},
         10},
	{"a backoff above a minute is cut",
         {.policy = FAILURE_RESTART, .max_restarts = 2, .backoff_ms = 90000, .healthy_after_ms = 10000},
         {{5, 60000}, {5, 60000}, {5, -1}},
         3},
	{"no backoff stays none",
         {.policy = FAILURE_RESTART, .max_restarts = 2, .backoff_ms = 0, .healthy_after_ms = 10000},
         {{5, 0}, {5, 0}, {5, -1}},
         3},
	{"a healthy life resets budget and backoff, at exactly healthy_after",
         {.policy = FAILURE_RESTART, .max_restarts = 2, .backoff_ms = 100, .healthy_after_ms = 10000},
         {{9999, 100}, {9999, 200}, {10000, 100}, {0, 200}, {10001, 100}, {0, 200}, {9999, -1}, {10000, 100}},
         8},
};

static void restarts_keep_to_their_budget(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(budgets); i++) {
		struct restart_budget budget;
		restart_budget_init(&budget, &budgets[i].failure);
		for (size_t at = 0; at < budgets[i].count; at++) {
			const struct attempt *attempt = &budgets[i].attempts[at];
			int64_t wait_ms = -1;
			bool granted = restart_budget_take(&budget, &budgets[i].failure, attempt->lived_ms, &wait_ms);
			assert_int_equal(granted, wait_ms != -1); /* the output changes only on success */
			if (wait_ms != attempt->wait_ms)
				fail_msg("%s: attempt %zu waits %lld ms, expected %lld", budgets[i].what, at,
				         (long long)wait_ms, (long long)attempt->wait_ms);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_of_a_rank_has_its_meaning),
		cmocka_unit_test(the_code_of_a_job_whose_rank_was_missed_is_that_of_the_first_who_missed_it),
		cmocka_unit_test(each_cause_has_its_outcome_and_exit_code),
		cmocka_unit_test(restarts_keep_to_their_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
