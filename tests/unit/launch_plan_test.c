/* SPDX-License-Identifier: MIT
 *
 * launch_plan: what is common is shared, and what exceptions say is each rank's own.
 */
#include "plan_fixture.h"

#include <malloc.h>
#include <time.h>

static void a_rank_runs_the_command_and_then_the_arguments(void **state)
{
	(void)state;
	struct fixture f;
	char *args[] = {(char[]){"--epochs"}, (char[]){"3"}, NULL};
	fixture_begin(&f, 2);
	fixture_place_all(&f);
	f.spec.args = (struct string_list){args, 2};
	struct launch_plan plan = fixture_make_plan(&f);
	assert_string_equal(plan.ranks[1].argv[0], "/bin/work");
	assert_string_equal(plan.ranks[1].argv[1], "--epochs");
	assert_string_equal(plan.ranks[1].argv[2], "3");
	assert_null(plan.ranks[1].argv[3]);
	assert_ptr_equal(plan.ranks[0].argv, plan.ranks[1].argv);
	assert_string_equal(plan.job_name, "work");
	launch_plan_finish(&plan);
	fixture_end(&f);
}

struct directory_case {
	const char *source;
	const char *base_directory;
	const char *working_directory;
	const char *expected;
};

static const struct directory_case directory_cases[] = {
	{NULL, "/users/ada", NULL, NULL},
	{NULL, NULL, NULL, NULL},
	{NULL, "/users/ada", "out", "/users/ada/out"},
	{NULL, NULL, "out", "/users/ada/out"},
	{"job.yaml", "/srv/jobs", NULL, "/srv/jobs"},
	{"job.yaml", "/srv/jobs", ".", "/srv/jobs"},
	{"job.yaml", "/srv/jobs/", "./a//b/", "/srv/jobs/a/b"},
	{"job.yaml", "/srv/jobs", "../data", "/srv/jobs/../data"},
	{"job.yaml", "/srv/jobs", "/tmp", "/tmp"},
	{"job.yaml", "/", ".", "/"},
};

static void the_working_directory_is_relative_to_the_spec_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(directory_cases); i++) {
		const struct directory_case *c = &directory_cases[i];
		struct fixture f;
		fixture_begin(&f, 1);
		fixture_place_all(&f);
		f.spec.source = memory_copy_text(c->source == NULL ? "" : c->source);
		f.spec.base_directory = memory_copy_text(c->base_directory == NULL ? "" : c->base_directory);
		f.spec.working_directory = memory_copy_text(c->working_directory == NULL ? "" : c->working_directory);
		struct job_spec asked = f.spec;
		f.spec.source = c->source == NULL ? NULL : asked.source;
		f.spec.base_directory = c->base_directory == NULL ? NULL : asked.base_directory;
		f.spec.working_directory = c->working_directory == NULL ? NULL : asked.working_directory;
		struct launch_plan plan = fixture_make_plan(&f);
		if (c->expected == NULL)
			assert_null(plan.ranks[0].working_directory);
		else
			assert_string_equal(plan.ranks[0].working_directory, c->expected);
		launch_plan_finish(&plan);
		free(asked.source);
		free(asked.base_directory);
		free(asked.working_directory);
		fixture_end(&f);
	}
}

struct pattern_case {
	const char *pattern;
	const char *rank_0;
	const char *rank_11;
};

static const struct pattern_case pattern_cases[] = {
	{"out.%r", "/users/ada/out.0", "/users/ada/out.11"},
	{"/log/%j/%r.txt", "/log/work-a1/0.txt", "/log/work-a1/11.txt"},
	{"100%%.%r", "/users/ada/100%.0", "/users/ada/100%.11"},
	{"./all.txt", "/users/ada/all.txt", "/users/ada/all.txt"},
	{"%%r", "/users/ada/%r", "/users/ada/%r"},
};

static void patterns_of_output_files_are_filled_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(pattern_cases); i++) {
		struct fixture f;
		fixture_begin(&f, 12);
		fixture_place_all(&f);
		struct sink_spec sinks[] = {{SINK_TERMINAL, NULL},
		                            {SINK_PATH, memory_copy_text(pattern_cases[i].pattern)}};
		f.spec.output.stdout_sinks = (struct sink_list){sinks, 2};
		struct launch_plan plan = fixture_make_plan(&f);
		assert_int_equal(plan.ranks[11].stdout_sinks.count, 2);
		assert_int_equal(plan.ranks[11].stdout_sinks.items[0].kind, SINK_TERMINAL);
		assert_string_equal(plan.ranks[0].stdout_sinks.items[1].path, pattern_cases[i].rank_0);
		assert_string_equal(plan.ranks[11].stdout_sinks.items[1].path, pattern_cases[i].rank_11);
		assert_int_equal(plan.ranks[11].stderr_sinks.count, 1);
		launch_plan_finish(&plan);
		free(sinks[1].pattern);
		fixture_end(&f);
	}
}

static void stdin_goes_to_the_ranks_that_are_named(void **state)
{
	(void)state;
	static const struct {
		enum stdin_to to;
		uint32_t rank;
		bool expected[3];
	} cases[] = {
		{STDIN_NONE, 0, {false, false, false}},
		{STDIN_ALL, 0, {true, true, true}},
		{STDIN_RANK, 0, {true, false, false}},
		{STDIN_RANK, 2, {false, false, true}},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		fixture_begin(&f, 3);
		fixture_place_all(&f);
		f.spec.stdin_to = cases[i].to;
		f.spec.stdin_rank = cases[i].rank;
		struct launch_plan plan = fixture_make_plan(&f);
		for (uint32_t rank = 0; rank < 3; rank++)
			assert_int_equal(plan.ranks[rank].gets_stdin, cases[i].expected[rank]);
		launch_plan_finish(&plan);
		fixture_end(&f);
	}
}

static void an_exception_changes_what_it_names(void **state)
{
	(void)state;
	struct fixture f;
	static char other[] = "/bin/other", first[] = "first", second[] = "second", data[] = "data", file[] = "r%r";
	char *command[] = {other, NULL}, *args_1[] = {first, NULL}, *args_2[] = {second, NULL};
	struct sink_spec sink = {SINK_PATH, file};
	struct rank_exception exceptions[3] = {
		{.command = {command, 1}, .has_args = true, .args = {args_1, 1}, .working_directory = data},
		{.has_args = true, .args = {args_2, 1}, .working_directory = data, .stderr_sinks = {&sink, 1}},
		{.has_args = true},
	};
	fixture_begin(&f, 4);
	fixture_place_all(&f);
	f.spec.args = (struct string_list){args_1, 1};
	index_set_add(&exceptions[0].ranks, 0);
	index_set_add(&exceptions[1].ranks, 1);
	index_set_add(&exceptions[2].ranks, 3);
	f.spec.ranks = exceptions;
	f.spec.ranks_count = 3;
	struct launch_plan plan = fixture_make_plan(&f);
	assert_string_equal(plan.ranks[0].argv[0], "/bin/other");
	assert_string_equal(plan.ranks[0].argv[1], "first");
	assert_string_equal(plan.ranks[0].working_directory, "/users/ada/data");
	assert_string_equal(plan.ranks[1].argv[0], "/bin/work");
	assert_string_equal(plan.ranks[1].argv[1], "second");
	assert_string_equal(plan.ranks[1].working_directory, "/users/ada/data");
	assert_string_equal(plan.ranks[1].stderr_sinks.items[0].path, "/users/ada/r1");
	assert_string_equal(plan.ranks[2].argv[0], "/bin/work");
	assert_string_equal(plan.ranks[2].argv[1], "first");
	assert_int_equal(plan.ranks[2].stderr_sinks.items[0].kind, SINK_TERMINAL);
	assert_null(plan.ranks[3].argv[1]);
	launch_plan_finish(&plan);
	fixture_end(&f);
}

static void exceptions_and_stdin_count_ranks_across_hosts(void **state)
{
	(void)state;
	struct fixture f;
	static char data[] = "data";
	struct rank_exception exception = {.working_directory = data};
	fixture_begin(&f, 4);
	fixture_place_all(&f);
	f.context.first_rank = 4;
	f.context.world_size = 8;
	f.context.node_rank = 1;
	f.context.node_count = 2;
	f.spec.stdin_to = STDIN_RANK;
	f.spec.stdin_rank = 6;
	index_set_add(&exception.ranks, 0);
	index_set_add(&exception.ranks, 5);
	f.spec.ranks = &exception;
	f.spec.ranks_count = 1;
	struct launch_plan plan = fixture_make_plan(&f);
	assert_int_equal(plan.world_size, 8);
	assert_int_equal(plan.ranks[1].rank, 5);
	assert_int_equal(plan.ranks[1].local_rank, 1);
	assert_null(plan.ranks[0].working_directory);
	assert_string_equal(plan.ranks[1].working_directory, "/users/ada/data");
	assert_true(plan.ranks[2].gets_stdin);
	assert_int_equal(plan.warning_count, 0);
	launch_plan_finish(&plan);
	fixture_end(&f);
}

static void warnings_are_those_of_the_placement_and_of_ranks_that_do_not_exist(void **state)
{
	(void)state;
	struct fixture f;
	static char said[] = "4 ranks share 2 cores";
	char *warnings[] = {said};
	struct rank_exception exception = {0};
	fixture_begin(&f, 2);
	fixture_place_all(&f);
	f.placement.warnings = warnings;
	f.placement.warning_count = 1;
	index_set_add_range(&exception.ranks, 1, 3);
	f.spec.ranks = &exception;
	f.spec.ranks_count = 1;
	struct launch_plan plan = fixture_make_plan(&f);
	assert_int_equal(plan.warning_count, 2);
	assert_string_equal(plan.warnings[0], said);
	assert_string_equal(plan.warnings[1],
	                    "ranks: there is no rank 2-3 in a job of 2, so what the spec says of it is not used");
	launch_plan_finish(&plan);
	fixture_end(&f);
}

static void a_long_list_of_ranks_that_do_not_exist_is_cut_between_two_numbers(void **state)
{
	(void)state;
	struct fixture f;
	struct rank_exception exception = {0};
	fixture_begin(&f, 2);
	fixture_place_all(&f);
	for (uint32_t rank = 96; rank < 200; rank += 2)
		index_set_add(&exception.ranks, rank);
	f.spec.ranks = &exception;
	f.spec.ranks_count = 1;
	struct launch_plan plan = fixture_make_plan(&f);
	assert_int_equal(plan.warning_count, 1);
	assert_string_equal(plan.warnings[0],
	                    "ranks: there is no rank 96,98,100,102,104,106,108,110,112,114,116,118,120,122,124,... in "
	                    "a job of 2, so what the spec says of it is not used");
	launch_plan_finish(&plan);
	fixture_end(&f);
}

static void what_raw_output_cannot_have_is_told(void **state)
{
	(void)state;
	struct fixture f;
	fixture_begin(&f, 1);
	fixture_place_all(&f);
	f.spec.output.raw = f.spec.output.label = true;
	struct launch_plan plan = fixture_make_plan(&f);
	assert_int_equal(plan.warning_count, 0); /* labels by default are no wish */
	launch_plan_finish(&plan);
	f.spec.output.label = f.spec.output.label_given = f.spec.output.timestamp = true;
	f.spec.output.on_closed = ON_CLOSED_CONTINUE;
	plan = fixture_make_plan(&f);
	assert_int_equal(plan.warning_count, 1);
	assert_string_equal(plan.warnings[0],
	                    "output.raw: ranks write past muster, so that this of output is not used: "
	                    "label, timestamp, on_closed: continue");
	launch_plan_finish(&plan);
	fixture_end(&f);
}

/* --- time --- */

static const struct {
	int64_t timeout_ms, waited_ms, left_ms;
} times[] = {
	{NOT_SET, 0, NOT_SET}, {NOT_SET, 500, NOT_SET}, {2000, 0, 2000},
	{2000, 500, 1500},     {2000, 2000, 1},         {1, 2000, 1},
};

static void what_was_waited_is_part_of_the_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		struct fixture f;
		fixture_begin(&f, 1);
		fixture_place_all(&f);
		f.spec.timeout_ms = times[i].timeout_ms;
		f.context.waited_ms = times[i].waited_ms;
		struct launch_plan plan = fixture_make_plan(&f);
		assert_int_equal(launch_plan_time_limit_ms(&plan), times[i].left_ms);
		launch_plan_finish(&plan);
		fixture_end(&f);
	}
}

/* --- size --- */

static void the_most_ranks_cost_less_than_a_kibibyte_each(void **state)
{
	(void)state;
	struct fixture f;
	fixture_begin(&f, RANKS_MAX);
	fixture_place_all(&f);
	size_t held = mallinfo2().uordblks + mallinfo2().hblkhd;
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	struct launch_plan plan = fixture_make_plan(&f);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(plan.ranks[RANKS_MAX - 1].rank, RANKS_MAX - 1);
	size_t bytes = mallinfo2().uordblks + mallinfo2().hblkhd - held;
	print_message("65536 ranks: %.1f ms, %zu bytes a rank\n",
	              (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6,
	              bytes / RANKS_MAX);
	assert_true(bytes / RANKS_MAX < 1024);
	launch_plan_finish(&plan);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rank_runs_the_command_and_then_the_arguments),
		cmocka_unit_test(the_working_directory_is_relative_to_the_spec_file),
		cmocka_unit_test(patterns_of_output_files_are_filled_in),
		cmocka_unit_test(stdin_goes_to_the_ranks_that_are_named),
		cmocka_unit_test(an_exception_changes_what_it_names),
		cmocka_unit_test(exceptions_and_stdin_count_ranks_across_hosts),
		cmocka_unit_test(a_long_list_of_ranks_that_do_not_exist_is_cut_between_two_numbers),
		cmocka_unit_test(what_raw_output_cannot_have_is_told),
		cmocka_unit_test(warnings_are_those_of_the_placement_and_of_ranks_that_do_not_exist),
		cmocka_unit_test(what_was_waited_is_part_of_the_time),
		cmocka_unit_test(the_most_ranks_cost_less_than_a_kibibyte_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
