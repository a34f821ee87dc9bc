/* SPDX-License-Identifier: MIT
 *
 * launch_plan: what is common is shared, what exceptions say is each rank's own, and what cannot be is refused in
 * words.
 */
#include "plan_fixture.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct launch_plan make(struct fixture *f)
{
	struct launch_plan plan = {0};
	struct error err = {0};
	int rc = launch_plan_make(&plan, &f->spec, &f->placement, &f->context, &err);
	if (rc < 0)
		fail_msg("the plan was refused: %s", err.text);
	return plan;
}

static void place_all(struct fixture *f)
{
	char cpus[32];
	for (uint32_t rank = 0; rank < f->placement.nprocs; rank++) {
		uint32_t core = rank % f->machine.core_count;
		snprintf(cpus, sizeof cpus, "%u,%u", core, core + f->machine.core_count);
		fixture_place(f, rank, cpus, true);
	}
}

static void a_rank_runs_the_command_and_then_the_arguments(void **state)
{
	(void)state;
	struct fixture f;
	char *args[] = {(char[]){"--epochs"}, (char[]){"3"}, NULL};
	fixture_begin(&f, 2);
	place_all(&f);
	f.spec.args = (struct string_list){args, 2};
	struct launch_plan plan = make(&f);
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
		place_all(&f);
		f.spec.source = memory_copy_text(c->source == NULL ? "" : c->source);
		f.spec.base_directory = memory_copy_text(c->base_directory == NULL ? "" : c->base_directory);
		f.spec.working_directory = memory_copy_text(c->working_directory == NULL ? "" : c->working_directory);
		struct job_spec asked = f.spec;
		f.spec.source = c->source == NULL ? NULL : asked.source;
		f.spec.base_directory = c->base_directory == NULL ? NULL : asked.base_directory;
		f.spec.working_directory = c->working_directory == NULL ? NULL : asked.working_directory;
		struct launch_plan plan = make(&f);
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
		place_all(&f);
		struct sink_spec sinks[] = {{SINK_TERMINAL, NULL},
		                            {SINK_PATH, memory_copy_text(pattern_cases[i].pattern)}};
		f.spec.output.stdout_sinks = (struct sink_list){sinks, 2};
		struct launch_plan plan = make(&f);
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
		place_all(&f);
		f.spec.stdin_to = cases[i].to;
		f.spec.stdin_rank = cases[i].rank;
		struct launch_plan plan = make(&f);
		for (uint32_t rank = 0; rank < 3; rank++)
			assert_int_equal(plan.ranks[rank].gets_stdin, cases[i].expected[rank]);
		launch_plan_finish(&plan);
		fixture_end(&f);
	}
}

static void an_exception_changes_what_it_names_and_the_later_one_wins(void **state)
{
	(void)state;
	struct fixture f;
	static char other[] = "/bin/other", first[] = "first", second[] = "second", data[] = "data", file[] = "r%r";
	char *command[] = {other, NULL}, *args_1[] = {first, NULL}, *args_2[] = {second, NULL};
	struct sink_spec sink = {SINK_PATH, file};
	struct rank_exception exceptions[3] = {
		{.command = {command, 1}, .has_args = true, .args = {args_1, 1}, .working_directory = data},
		{.has_args = true, .args = {args_2, 1}, .stderr_sinks = {&sink, 1}},
		{.has_args = true},
	};
	fixture_begin(&f, 4);
	place_all(&f);
	f.spec.args = (struct string_list){args_1, 1};
	index_set_add_range(&exceptions[0].ranks, 0, 1);
	index_set_add(&exceptions[1].ranks, 1);
	index_set_add(&exceptions[2].ranks, 3);
	f.spec.ranks = exceptions;
	f.spec.ranks_count = 3;
	struct launch_plan plan = make(&f);
	assert_string_equal(plan.ranks[0].argv[0], "/bin/other");
	assert_string_equal(plan.ranks[0].argv[1], "first");
	assert_string_equal(plan.ranks[0].working_directory, "/users/ada/data");
	assert_string_equal(plan.ranks[1].argv[0], "/bin/other");
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
	place_all(&f);
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
	struct launch_plan plan = make(&f);
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
	place_all(&f);
	f.placement.warnings = warnings;
	f.placement.warning_count = 1;
	index_set_add_range(&exception.ranks, 1, 3);
	f.spec.ranks = &exception;
	f.spec.ranks_count = 1;
	struct launch_plan plan = make(&f);
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
	place_all(&f);
	for (uint32_t rank = 96; rank < 200; rank += 2)
		index_set_add(&exception.ranks, rank);
	f.spec.ranks = &exception;
	f.spec.ranks_count = 1;
	struct launch_plan plan = make(&f);
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
	place_all(&f);
	f.spec.output.raw = f.spec.output.label = true;
	struct launch_plan plan = make(&f);
	assert_int_equal(plan.warning_count, 0); /* labels by default are no wish */
	launch_plan_finish(&plan);
	f.spec.output.label = f.spec.output.label_given = f.spec.output.timestamp = true;
	f.spec.output.on_closed = ON_CLOSED_CONTINUE;
	plan = make(&f);
	assert_int_equal(plan.warning_count, 1);
	assert_string_equal(plan.warnings[0],
	                    "output.raw: ranks write past muster, so that this of output is not used: "
	                    "label, timestamp, on_closed: continue");
	launch_plan_finish(&plan);
	fixture_end(&f);
}

/* --- what is refused --- */

static void assert_refused(struct fixture *f, int code, const char *text)
{
	struct launch_plan plan = {.nprocs = 99};
	struct error err = {0};
	assert_int_equal(launch_plan_make(&plan, &f->spec, &f->placement, &f->context, &err), code);
	char said[sizeof err.key + sizeof err.text + 2];
	snprintf(said, sizeof said, "%s: %s", err.key, err.text);
	assert_string_equal(said, text);
	assert_int_equal(plan.nprocs, 99);
}

static void what_cannot_be_is_refused_and_leaves_no_plan(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		const char *text;
	} patterns[] = {
		{"out.%n", "output.stdout: \"%n\" in \"out.%n\" is not known: %j is the job's id, %r the rank, %% a "
	                   "percent sign"},
		{"out%",
	         "output.stdout: \"%\" in \"out%\" is not known: %j is the job's id, %r the rank, %% a percent sign"},
		{"", "output.stdout: the path is empty"},
	};
	struct fixture f;
	fixture_begin(&f, 4);
	place_all(&f);
	f.spec.stdin_to = STDIN_RANK;
	f.spec.stdin_rank = 4;
	assert_refused(&f, -EINVAL, "stdin: there is no rank 4 in a job of 4 (0 to 3)");
	f.spec.stdin_to = STDIN_NONE;
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		struct sink_spec sink = {SINK_PATH, memory_copy_text(patterns[i].pattern)};
		f.spec.output.stdout_sinks = (struct sink_list){&sink, 1};
		assert_refused(&f, -EINVAL, patterns[i].text);
		free(sink.pattern);
	}
	f.spec.output.stdout_sinks = (struct sink_list){&f.terminal, 1};
	struct sink_spec sink = {SINK_PATH, memory_copy_text("err.%d")};
	struct rank_exception exception = {.stderr_sinks = {&sink, 1}};
	f.spec.ranks = &exception;
	f.spec.ranks_count = 1;
	assert_refused(&f, -EINVAL,
	               "ranks[0].stderr: \"%d\" in \"err.%d\" is not known: %j is the job's id, %r the rank, %% a "
	               "percent sign");
	f.spec.ranks_count = 0;
	free(sink.pattern);
	f.spec.command.count = 0;
	assert_refused(&f, -EINVAL, "command: there is none to run");
	fixture_end(&f);
}

static void an_unknown_user_or_group_is_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *user;
		int code;
		const char *text;
	} cases[] = {
		{"no-such-user", -ENOENT,
	         "user: there is no user \"no-such-user\" in /etc/passwd; one of a directory service can be given as "
	         "numbers, UID:GID"},
		{"nobody:no-such-group", -ENOENT, "user: there is no group \"no-such-group\" in /etc/group"},
		{"4000000", -ENOENT,
	         "user: 4000000 has no entry in /etc/passwd, so its group is not known: write 4000000:GROUP"},
		{":nogroup", -EINVAL, "user: \":nogroup\" is not of the form user or user:group"},
		{"nobody:", -EINVAL, "user: \"nobody:\" is not of the form user or user:group"},
		{"4294967295:0", -ENOENT,
	         "user: there is no user \"4294967295\" in /etc/passwd; one of a directory service can be given as "
	         "numbers, UID:GID"},
	};
	if (geteuid() != 0)
		skip();
	struct fixture f;
	fixture_begin(&f, 1);
	place_all(&f);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		f.spec.user = memory_copy_text(cases[i].user);
		assert_refused(&f, cases[i].code, cases[i].text);
		free(f.spec.user);
	}
	fixture_end(&f);
}

static void root_may_become_a_user_by_name_or_by_number(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct fixture f;
	fixture_begin(&f, 1);
	place_all(&f);
	static char by_name[] = "daemon", by_number[] = "4000000:4000001", other_group[] = "daemon:0";
	f.spec.user = by_name;
	struct launch_plan plan = make(&f);
	assert_true(plan.become_user);
	assert_int_equal(plan.uid, 1);
	assert_int_equal(plan.gid, 1);
	assert_true(plan.group_count >= 1);
	launch_plan_finish(&plan);
	f.spec.user = other_group;
	plan = make(&f);
	assert_int_equal(plan.uid, 1);
	assert_int_equal(plan.gid, 0);
	launch_plan_finish(&plan);
	f.spec.user = by_number;
	plan = make(&f);
	assert_int_equal(plan.uid, 4000000);
	assert_int_equal(plan.gid, 4000001);
	assert_int_equal(plan.group_count, 1);
	assert_int_equal(plan.groups[0], 4000001);
	launch_plan_finish(&plan);
	fixture_end(&f);
}

static void only_root_may_ask_for_a_user(void **state)
{
	(void)state;
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct fixture f;
		struct launch_plan plan = {0};
		struct error err = {0};
		static char user[] = "nobody";
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		fixture_begin(&f, 1);
		place_all(&f);
		f.spec.user = user;
		int rc = launch_plan_make(&plan, &f.spec, &f.placement, &f.context, &err);
		fixture_end(&f);
		_exit(rc == -EPERM && strstr(err.text, "only root may start ranks as another user (\"nobody\"") != NULL
		              ? 0
		              : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
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
		struct launch_plan plan = {0};
		fixture_begin(&f, 1);
		place_all(&f);
		f.spec.timeout_ms = times[i].timeout_ms;
		f.context.waited_ms = times[i].waited_ms;
		assert_int_equal(launch_plan_make(&plan, &f.spec, &f.placement, &f.context, NULL), 0);
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
	place_all(&f);
	size_t held = mallinfo2().uordblks + mallinfo2().hblkhd;
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	struct launch_plan plan = make(&f);
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
		cmocka_unit_test(an_exception_changes_what_it_names_and_the_later_one_wins),
		cmocka_unit_test(exceptions_and_stdin_count_ranks_across_hosts),
		cmocka_unit_test(a_long_list_of_ranks_that_do_not_exist_is_cut_between_two_numbers),
		cmocka_unit_test(what_raw_output_cannot_have_is_told),
		cmocka_unit_test(warnings_are_those_of_the_placement_and_of_ranks_that_do_not_exist),
		cmocka_unit_test(what_cannot_be_is_refused_and_leaves_no_plan),
		cmocka_unit_test(an_unknown_user_or_group_is_refused_by_name),
		cmocka_unit_test(root_may_become_a_user_by_name_or_by_number),
		cmocka_unit_test(only_root_may_ask_for_a_user),
		cmocka_unit_test(what_was_waited_is_part_of_the_time),
		cmocka_unit_test(the_most_ranks_cost_less_than_a_kibibyte_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
