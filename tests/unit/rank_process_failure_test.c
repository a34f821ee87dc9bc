/* SPDX-License-Identifier: MIT
 *
 * rank_process and rank_child: every step between clone and exec that can be made to fail, with the name and the errno
 * that its slot gets, and starts that fail in muster itself.
 */
#include "rank_process_fixture.h"
#include "run_fixture.h"

#include "run/rank_process.h"
#include "run/signals.h"

#include <signal.h>
#include <sys/resource.h>

/* --- every failing step --- */

static void with_a_cgroup_that_cannot_be_written(struct start *s)
{
	s->cgroup_procs = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void with_a_signal_that_cannot_be_reset(struct start *s)
{
	s->launcher.conditions.ignored = UINT64_C(1) << (SIGKILL - 1);
}

static void on_a_cpu_that_is_not_there(struct start *s)
{
	index_set_add(&s->f.places[0].cpus, A_CPU_BEYOND);
	s->f.places[0].bound = true;
}

static void nicer_than_is_allowed(struct start *s)
{
	const struct rlimit none = {0, 0};
	child_must(setrlimit(RLIMIT_NICE, &none) == 0);
	s->f.spec.limits.has_nice = true;
	s->f.spec.limits.nice = -5;
}

static void above_the_hard_limit(struct start *s)
{
	const struct rlimit low = {0, 4096};
	child_must(setrlimit(RLIMIT_CORE, &low) == 0);
	s->f.spec.limits.core_size_bytes = 8192;
}

static void in_a_directory_that_is_gone(struct start *s)
{
	s->f.ranks[0].working_directory = fixture_path(&s->f, "gone");
}

static void in_a_directory_that_is_closed(struct start *s)
{
	s->f.ranks[0].working_directory = fixture_path(&s->f, "closed");
	child_must(mkdir(s->f.ranks[0].working_directory, 0) == 0);
}

static void as_somebody_else(struct start *s)
{
	s->f.plan.become_user = true;
}

static void below_a_supervisor_that_is_gone(struct start *s)
{
	s->launcher.conditions.supervisor = getpid() + 1;
}

static void with_a_closed_descriptor(struct start *s)
{
	close(s->descriptors[1]);
	s->descriptors[1] = 999;
}

static void with_a_command(struct start *s, const char *text)
{
	s->f.argv[0][0] = fixture_path(&s->f, "command");
	fixture_write_file(s->f.argv[0][0], text, 0755);
}

static void with_a_script(struct start *s)
{
	with_a_command(s, "#!/bin/sh\n");
}

static void whose_command_was_removed(struct start *s)
{
	child_must(remove(s->f.argv[0][0]) == 0);
}

static void whose_command_lost_its_permission(struct start *s)
{
	child_must(chmod(s->f.argv[0][0], 0644) == 0);
}

static void whose_command_became_nonsense(struct start *s)
{
	fixture_write_file(s->f.argv[0][0], "\177ELF but no program", 0755);
}

static void whose_interpreter_is_gone(struct start *s)
{
	fixture_write_file(s->f.argv[0][0], "#!/no/such/interpreter\n", 0755);
}

static void whose_command_is_being_written(struct start *s)
{
	child_must(open(s->f.argv[0][0], O_WRONLY | O_CLOEXEC) >= 0);
}

static void with_an_argument_too_long(struct start *s)
{
	static char longest[256 * 1024]; /* a single one may have 128 KiB, MAX_ARG_STRLEN */
	memset(longest, 'x', sizeof longest - 1);
	s->f.argv[0][1] = longest;
}

struct failure_row {
	const char *what;
	prepare *before; /* the launcher is made */
	prepare *after;
	bool unprivileged;
	enum rank_step step;
	int code;
};

static const struct failure_row failures[] = {
	{"cgroup", NULL, with_a_cgroup_that_cannot_be_written, false, STEP_CGROUP, EBADF},
	{"signals", NULL, with_a_signal_that_cannot_be_reset, false, STEP_SIGNALS, EINVAL},
	{"binding", on_a_cpu_that_is_not_there, NULL, false, STEP_AFFINITY, EINVAL},
	{"nice", nicer_than_is_allowed, NULL, true, STEP_NICE, EACCES},
	{"limit", above_the_hard_limit, NULL, true, STEP_CORE_SIZE, EPERM},
	{"directory gone", in_a_directory_that_is_gone, NULL, false, STEP_DIRECTORY, ENOENT},
	{"directory closed", in_a_directory_that_is_closed, NULL, true, STEP_DIRECTORY, EACCES},
	{"user", as_somebody_else, NULL, true, STEP_USER, EPERM},
	{"supervisor gone", NULL, below_a_supervisor_that_is_gone, false, STEP_PARENT_DEATH, ESRCH},
	{"descriptors", NULL, with_a_closed_descriptor, false, STEP_DESCRIPTORS, EBADF},
	{"command removed", with_a_script, whose_command_was_removed, false, STEP_EXECUTE, ENOENT},
	{"command not executable", with_a_script, whose_command_lost_its_permission, false, STEP_EXECUTE, EACCES},
	{"command of no format", with_a_script, whose_command_became_nonsense, false, STEP_EXECUTE, ENOEXEC},
	{"interpreter gone", with_a_script, whose_interpreter_is_gone, false, STEP_EXECUTE, ENOENT},
	{"command being written", with_a_script, whose_command_is_being_written, false, STEP_EXECUTE, ETXTBSY},
	{"argument too long", with_an_argument_too_long, NULL, false, STEP_EXECUTE, E2BIG},
};

static void fail_at_its_step(void *context)
{
	const struct failure_row *row = context;
	struct start s;
	struct error err;
	signals_take_over();
	signals_block();
	if (row->unprivileged && geteuid() == 0) {
		child_must(setresgid(NOBODY, NOBODY, NOBODY) == 0);
		child_must(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	}
	start_begin(&s);
	if (row->before != NULL)
		row->before(&s);
	child_must(rank_launcher_init(&s.launcher, &s.f.plan, &err) == 0);
	child_must(rank_launcher_begin(&s.launcher, &err) == 0);
	if (row->after != NULL)
		row->after(&s);
	start_run(&s);
	const struct rank_slot *slot = &s.launcher.slots[0];
	if (slot->failed_step != (int32_t)row->step || slot->failed_errno != row->code) {
		fprintf(stderr, "%s: failed to %s: %s (status %x)\n", row->what,
		        rank_step_name((enum rank_step)slot->failed_step), strerror(slot->failed_errno),
		        (unsigned int)s.status);
		_exit(1);
	}
	child_must(WIFEXITED(s.status) && WEXITSTATUS(s.status) == 127);
	start_end(&s);
}

static void a_step_that_fails_is_named_with_its_errno(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(failures); i++) {
		struct failure_row row = failures[i];
		fixture_in_child(fail_at_its_step, &row);
	}
}

static void every_step_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (enum rank_step a = STEP_NONE; a < STEP_COUNT; a++)
		for (enum rank_step b = STEP_NONE; b < a; b++)
			assert_string_not_equal(rank_step_name(a), rank_step_name(b));
}

/* --- starts that fail in muster itself --- */

static void start_beyond(int resource, const char *says, int code)
{
	struct start s;
	struct started_rank started = {.pid = -5, .pidfd = -5};
	struct error err;
	const struct rlimit none = {0, 0};
	signals_take_over();
	signals_block();
	start_begin(&s);
	child_must(rank_launcher_init(&s.launcher, &s.f.plan, &err) == 0);
	child_must(rank_launcher_begin(&s.launcher, &err) == 0);
	child_must(setrlimit((__rlimit_resource_t)resource, &none) == 0);
	child_must(geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0);
	child_must(rank_start(&s.launcher, 0, s.descriptors, 0, -1, &started, &err) == code);
	child_must(strstr(err.text, says) != NULL);
	child_must(started.pid == -5 && started.pidfd == -5); /* outputs change only on success */
	child_must(rank_launcher_all_left(&s.launcher));
	start_end(&s);
}

static void start_beyond_processes(void *unused)
{
	(void)unused;
	start_beyond(RLIMIT_NPROC, "cannot start rank 0: no more processes are allowed: RLIMIT_NPROC (ulimit -u) is 0",
	             -EAGAIN);
}

static void start_beyond_files(void *unused)
{
	(void)unused;
	start_beyond(RLIMIT_NOFILE, "cannot start rank 0: no more open files: raise RLIMIT_NOFILE", -EMFILE);
}

static void a_start_beyond_a_limit_names_it(void **state)
{
	(void)state;
	fixture_in_child(start_beyond_processes, NULL);
	fixture_in_child(start_beyond_files, NULL);
}

static void a_command_that_is_not_there_is_found_out_before_anything_is_started(void **state)
{
	(void)state;
	struct start s;
	struct error err = {0};
	start_begin(&s);
	s.f.argv[0][0] = fixture_text(&s.f, "/no/such/command");
	assert_int_equal(rank_launcher_init(&s.launcher, &s.f.plan, &err), -ENOENT);
	assert_non_null(strstr(err.text, "command not found: /no/such/command"));
	start_end(&s);
	rank_launcher_finish(&s.launcher); /* once more is allowed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_that_fails_is_named_with_its_errno),
		cmocka_unit_test(every_step_has_a_name_of_its_own),
		cmocka_unit_test(a_start_beyond_a_limit_names_it),
		cmocka_unit_test(a_command_that_is_not_there_is_found_out_before_anything_is_started),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
