/* SPDX-License-Identifier: MIT
 *
 * job_result: it begins with nothing having happened, and gives back every text that was put into it.
 */
#include "unit_test.h"

#include "base/memory.h"
#include "run/job_result.h"

static char **make_lines(const char *first, const char *second)
{
	char **lines = memory_zeroed(3 * sizeof *lines);
	lines[0] = memory_copy_text(first);
	lines[1] = memory_copy_text(second);
	return lines;
}

static void a_new_result_says_that_nothing_was_started(void **state)
{
	(void)state;
	struct job_result result;
	job_result_init(&result, 3);
	assert_int_equal(result.outcome, OUTCOME_OK);
	assert_int_equal(result.first_failure, NO_RANK);
	assert_int_equal(result.nprocs, 3);
	for (uint32_t rank = 0; rank < 3; rank++) {
		assert_int_equal(result.ranks[rank].end, RANK_NOT_STARTED);
		assert_int_equal(result.ranks[rank].death_order, NO_RANK);
		assert_int_equal(result.ranks[rank].started_ns, TIME_UNKNOWN);
		assert_int_equal(result.ranks[rank].ended_ns, TIME_UNKNOWN);
		assert_int_equal(result.ranks[rank].pid, 0);
	}
	job_result_finish(&result);
}

/* The sanitizers and valgrind watch this one. */
static void its_texts_are_its_own_and_it_may_be_finished_twice(void **state)
{
	(void)state;
	struct job_result result;
	job_result_init(&result, 2);
	result.ranks[1].stderr_tail = make_lines("one", "two");
	result.ranks[0].lost_detail = memory_copy_text("state D");
	result.error_text = memory_copy_text("output was lost");
	job_result_add_warning(&result, "rank 1 is not bound as planned");
	job_result_add_warning(&result, "memory is not bound");
	assert_string_equal(result.warnings[0], "rank 1 is not bound as planned");
	assert_string_equal(result.warnings[1], "memory is not bound");
	assert_null(result.warnings[2]);
	job_result_finish(&result);
	assert_null(result.ranks);
	assert_int_equal(result.nprocs, 0);
	job_result_finish(&result);
}

static void a_zeroed_result_may_be_finished(void **state)
{
	(void)state;
	struct job_result result = {0};
	job_result_finish(&result);
	assert_int_equal(result.first_failure, NO_RANK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_result_says_that_nothing_was_started),
		cmocka_unit_test(its_texts_are_its_own_and_it_may_be_finished_twice),
		cmocka_unit_test(a_zeroed_result_may_be_finished),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
