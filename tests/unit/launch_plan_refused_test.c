/* SPDX-License-Identifier: MIT
 *
 * launch_plan: what cannot be planned is refused in words, and who may start ranks as another user.
 */
#include "plan_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

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
	fixture_place_all(&f);
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
	fixture_place_all(&f);
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
	fixture_place_all(&f);
	static char by_name[] = "daemon", by_number[] = "4000000:4000001", other_group[] = "daemon:0";
	f.spec.user = by_name;
	struct launch_plan plan = fixture_make_plan(&f);
	assert_true(plan.become_user);
	assert_int_equal(plan.uid, 1);
	assert_int_equal(plan.gid, 1);
	assert_true(plan.group_count >= 1);
	launch_plan_finish(&plan);
	f.spec.user = other_group;
	plan = fixture_make_plan(&f);
	assert_int_equal(plan.uid, 1);
	assert_int_equal(plan.gid, 0);
	launch_plan_finish(&plan);
	f.spec.user = by_number;
	plan = fixture_make_plan(&f);
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
		fixture_place_all(&f);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_is_refused_and_leaves_no_plan),
		cmocka_unit_test(an_unknown_user_or_group_is_refused_by_name),
		cmocka_unit_test(root_may_become_a_user_by_name_or_by_number),
		cmocka_unit_test(only_root_may_ask_for_a_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
