/* SPDX-License-Identifier: MIT
 *
 * rank_ending: what is written down of an end, by the status that the kernel gives, by what the child left in its slot,
 * and by the kernel's count of processes that it killed for memory.
 */
#include "unit_test.h"

#include "run/deaths.h"
#include "run/job_result.h"
#include "run/oom_evidence.h"
#include "run/rank_child.h"
#include "run/rank_ending.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define UNKNOWN INT64_C(-1)

struct ending_row {
	const char *what;
	int status; /* as of wait(2) */
	enum rank_step failed_step;
	int failed_errno;
	enum rank_end end;
	int number; /* the exit code or the signal */
	bool core_dumped;
};

static const struct ending_row endings[] = {
	{"exit 0", W_EXITCODE(0, 0), STEP_NONE, 0, RANK_EXITED, 0, false},
	{"exit 255", W_EXITCODE(255, 0), STEP_NONE, 0, RANK_EXITED, 255, false},
	{"a program's own 127", W_EXITCODE(127, 0), STEP_NONE, 0, RANK_EXITED, 127, false},
	{"SIGSEGV without a core", W_EXITCODE(0, SIGSEGV), STEP_NONE, 0, RANK_SIGNALED, SIGSEGV, false},
	{"SIGABRT with a core", W_EXITCODE(0, SIGABRT) | WCOREFLAG, STEP_NONE, 0, RANK_SIGNALED, SIGABRT, true},
	{"a real-time signal", W_EXITCODE(0, 64), STEP_NONE, 0, RANK_SIGNALED, 64, false},
	{"a step that failed", W_EXITCODE(127, 0), STEP_EXECUTE, ENOENT, RANK_NOT_EXECUTED, 0, false},
	{"killed after a step that failed", W_EXITCODE(0, SIGKILL), STEP_USER, EPERM, RANK_NOT_EXECUTED, 0, false},
};

static void an_end_is_told_by_its_status_and_a_start_that_failed_by_its_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		const struct ending_row *row = &endings[i];
		const struct death death = {.status = row->status};
		const struct rank_slot slot = {.failed_step = (int32_t)row->failed_step,
		                               .failed_errno = row->failed_errno};
		struct rank_result rank = {0};
		rank_ending_note(&rank, &death, &slot, UNKNOWN);
		if (rank.end != row->end)
			print_message("%s\n", row->what);
		assert_int_equal(rank.end, row->end);
		assert_int_equal(rank.exit_code, row->end == RANK_EXITED ? row->number : 0);
		assert_int_equal(rank.signal, row->end == RANK_SIGNALED ? row->number : 0);
		assert_int_equal(rank.core_dumped, row->core_dumped);
		assert_int_equal(rank.failed_errno, row->failed_errno);
		assert_int_equal(rank.failed_step, row->failed_step);
	}
}

static void what_it_used_is_noted_in_microseconds_and_bytes(void **state)
{
	(void)state;
	const struct rank_slot slot = {0};
	const struct death death = {.usage = {.ru_utime = {3, 250}, .ru_stime = {0, 999999}, .ru_maxrss = 4194304}};
	struct rank_result rank = {0};
	rank_ending_note(&rank, &death, &slot, UNKNOWN);
	assert_int_equal(rank.user_us, 3000250);
	assert_int_equal(rank.system_us, 999999);
	assert_int_equal(rank.max_rss_bytes, INT64_C(4) << 30);
}

struct memory_row {
	const char *what;
	int signal;
	bool by_muster;
	int64_t since; /* so many of the kernel's kills came after the job's start */
	bool out_of_memory;
};

static const struct memory_row of_memory[] = {
	{"the counter moved", SIGKILL, false, 1, true},
	{"the counter did not", SIGKILL, false, -1000, false}, /* tests beside this one may move it */
	{"muster killed it", SIGKILL, true, 1, false},
	{"another signal", SIGSEGV, false, 1, false},
};

static void only_a_kill_that_the_kernel_counted_and_muster_did_not_send_is_for_memory(void **state)
{
	(void)state;
	const struct rank_slot slot = {0};
	int64_t now = oom_kills_so_far();
	for (size_t i = 0; i < COUNT_OF(of_memory); i++) {
		const struct memory_row *row = &of_memory[i];
		if (row->out_of_memory && now < row->since)
			continue; /* of a counter that stands at 0 nobody can say that it moved */
		const struct death death = {.status = W_EXITCODE(0, row->signal)};
		struct rank_result rank = {.killed = row->by_muster};
		rank_ending_note(&rank, &death, &slot, now - row->since);
		if (rank.out_of_memory != row->out_of_memory)
			print_message("%s\n", row->what);
		assert_int_equal(rank.out_of_memory, row->out_of_memory);
	}
}

static void without_the_counter_of_before_nothing_is_said_of_memory(void **state)
{
	(void)state;
	const struct rank_slot slot = {0};
	const struct death death = {.status = W_EXITCODE(0, SIGKILL)};
	struct rank_result rank = {0};
	rank_ending_note(&rank, &death, &slot, UNKNOWN);
	assert_false(rank.out_of_memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_is_told_by_its_status_and_a_start_that_failed_by_its_step),
		cmocka_unit_test(what_it_used_is_noted_in_microseconds_and_bytes),
		cmocka_unit_test(only_a_kill_that_the_kernel_counted_and_muster_did_not_send_is_for_memory),
		cmocka_unit_test(without_the_counter_of_before_nothing_is_said_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
