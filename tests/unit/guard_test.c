/* SPDX-License-Identifier: MIT
 *
 * guard: the processes above the supervisor keep the exit code, hand signals on once each, and whichever of them is
 * killed, nothing is left behind.
 */
#include "guard_harness.h"

#include "base/memory.h"

#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

static int return_it(void *context, const struct guards *guards)
{
	(void)guards;
	return *(int *)context;
}

static void the_exit_code_is_kept(void **state)
{
	(void)state;
	static const int codes[] = {0, 1, 7, 124, 125, 127, 139, 255};
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		int code = codes[i];
		struct guard_run run = start_guard(&(struct guard_case){.supervise = return_it, .context = &code});
		assert_int_equal(finish_guard(&run, NULL), code);
	}
}

static int be_killed(void *context, const struct guards *guards)
{
	(void)context;
	(void)guards;
	raise(SIGKILL);
	return 0;
}

static void the_warden_tidies_when_the_supervisor_did_not(void **state)
{
	(void)state;
	char *errors;
	int code = 3;
	struct guard_run run =
		start_guard(&(struct guard_case){.supervise = return_it, .context = &code, .tidies = true});
	assert_int_equal(finish_guard(&run, &errors), 3);
	assert_string_equal(errors, "");
	free(errors);
	run = start_guard(&(struct guard_case){.supervise = be_killed, .tidies = true});
	assert_int_equal(finish_guard(&run, &errors), 125);
	assert_non_null(strstr(errors, "tidied\n"));
	free(errors);
}

/* With somebody below it who left its session. */
static int run_out_of_memory(void *context, const struct guards *guards)
{
	(void)context;
	(void)guards;
	pid_t left = fork();
	child_must(left >= 0);
	if (left == 0) {
		alarm(FIXTURE_LIFE_S);
		setsid();
		report(0);
		for (;;)
			pause();
	}
	memory_exhausted();
}

static void nothing_is_left_of_a_supervisor_that_ran_out_of_memory(void **state)
{
	(void)state;
	char *errors;
	struct guard_run run = start_guard(&(struct guard_case){.supervise = run_out_of_memory, .tidies = true});
	/* Whoever left its session may be killed before it says so. */
	int value;
	ssize_t got = read(run.reports, &value, sizeof value);
	assert_true(got == 0 || got == (ssize_t)sizeof value);
	assert_int_equal(finish_guard(&run, &errors), 125);
	assert_non_null(strstr(errors, "out of memory"));
	assert_non_null(strstr(errors, "could not go on (exit code 125): the job is lost"));
	assert_non_null(strstr(errors, "survivors: 0\ntidied\n"));
	free(errors);
}

static int look_around(void *context, const struct guards *guards)
{
	int death_signal = 0, subreaper = 0;
	(void)context;
	prctl(PR_GET_PDEATHSIG, &death_signal);
	prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	report(getppid() == guards->warden && guards_stand(guards));
	report(getsid(0) == getpid());
	report(getpgid(0) == getpid());
	report(death_signal == SIGNAL_GUARD_DIED);
	report(subreaper == 1);
	return 0;
}

static void the_supervisor_leads_a_session_reaps_orphans_and_is_told_of_its_guards_death(void **state)
{
	(void)state;
	struct guard_run run = start_guard(&(struct guard_case){.supervise = look_around});
	for (int i = 0; i < 5; i++)
		assert_true(next_report(&run));
	assert_int_equal(finish_guard(&run, NULL), 0);
}

static void a_killed_supervisor_leaves_nothing_and_is_told(void **state)
{
	(void)state;
	struct guard_run run = start_guard(&(struct guard_case){.supervise = have_children_and_be_killed});
	for (int i = 0; i < 4; i++)
		assert_int_equal(next_report(&run), 1);
	assert_int_equal(kill(supervisor_of(run.pid), SIGKILL), 0);
	char *said;
	assert_int_equal(finish_guard(&run, &said), 125);
	assert_non_null(strstr(said, "killed by signal 9 (SIGKILL)"));
	assert_non_null(strstr(said, "survivors: 0\n"));
	free(said);
}

/* "sidecar & exec muster run ..." */
static void who_was_there_before_muster_is_left_alone(void **state)
{
	(void)state;
	enum { CHILDREN = 100 };
	pid_t children[CHILDREN];
	struct guard_run run =
		start_guard(&(struct guard_case){.supervise = have_children_and_be_killed, .children = CHILDREN});
	for (int i = 0; i < CHILDREN; i++)
		children[i] = (pid_t)next_report(&run);
	for (int i = 0; i < 4; i++)
		assert_int_equal(next_report(&run), 1);
	pid_t warden = child_of(run.pid), supervisor = child_of(warden);
	assert_int_equal(kill(warden, SIGKILL), 0);
	assert_int_equal(kill(supervisor, SIGKILL), 0);
	char *said;
	assert_int_equal(finish_guard(&run, &said), 125);
	assert_non_null(strstr(said, "survivors: 0\n"));
	for (int i = 0; i < CHILDREN; i++)
		assert_int_equal(kill(children[i], SIGKILL), 0);
	free(said);
}

static int tell_all_and_be_killed(void *context, const struct guards *guards)
{
	guards->page->outcome = OUTCOME_TIMEOUT;
	guards->page->told = 124 + 1;
	return have_children_and_be_killed(context, guards);
}

static void a_supervisor_that_is_killed_when_all_was_told_changes_nothing(void **state)
{
	(void)state;
	struct guard_run run = start_guard(&(struct guard_case){.supervise = tell_all_and_be_killed, .tidies = true});
	for (int i = 0; i < 4; i++)
		assert_int_equal(next_report(&run), 1);
	assert_int_equal(kill(supervisor_of(run.pid), SIGKILL), 0);
	char *said;
	assert_int_equal(finish_guard(&run, &said), 124);
	assert_string_equal(said, "told timeout 124\ntidied\n");
	free(said);
}

static void the_warden_goes_by_another_name(void **state)
{
	(void)state;
	char path[64];
	struct guard_run run = start_guard(&(struct guard_case){.supervise = have_children_and_be_killed});
	for (int i = 0; i < 4; i++)
		assert_int_equal(next_report(&run), 1);
	pid_t warden = child_of(run.pid);
	static const char *const files[] = {"comm", "cmdline"};
	static const char *const texts[] = {WARDEN_NAME "\n", WARDEN_NAME};
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)warden, files[i]);
		for (;;) { /* it takes the name a moment after the supervisor is on its way */
			char *text = fixture_read_file(path, NULL);
			bool named = strcmp(text, texts[i]) == 0;
			free(text);
			if (named)
				break;
			poll(NULL, 0, 1);
		}
	}
	assert_int_equal(getsid(warden), warden);
	kill(supervisor_of(run.pid), SIGKILL);
	assert_int_equal(finish_guard(&run, NULL), 125);
}

/* Two of the three at once: the one that is left clears, and tidies. */
static void whichever_two_are_killed_the_third_leaves_nothing(void **state)
{
	(void)state;
	static const int pairs[][2] = {{0, 2}, {2, 0}, {1, 2}, {2, 1}};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct guard_run run =
			start_guard(&(struct guard_case){.supervise = have_children_and_be_killed, .tidies = true});
		for (int reported = 0; reported < 4; reported++)
			assert_int_equal(next_report(&run), 1);
		pid_t chain[] = {run.pid, child_of(run.pid), supervisor_of(run.pid)};
		assert_int_equal(kill(chain[pairs[i][0]], SIGKILL), 0);
		assert_int_equal(kill(chain[pairs[i][1]], SIGKILL), 0);
		char *said;
		bool guard_lives = pairs[i][0] != 0 && pairs[i][1] != 0;
		assert_int_equal(finish_guard(&run, &said), guard_lives ? 125 : -SIGKILL);
		assert_non_null(strstr(said, "survivors: 0\n"));
		assert_non_null(strstr(said, "tidied\n"));
		free(said);
	}
}

/* Reports each signal that comes, until SIGTERM; waits a little for a second copy before it says so. */
static int report_signals(void *context, const struct guards *guards)
{
	int fd = signals_open();
	struct signalfd_siginfo info;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	(void)context;
	(void)guards;
	report(0);
	for (;;) {
		child_must(poll(&ready, 1, -1) == 1);
		while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
			report((int)info.ssi_signo);
			if (info.ssi_signo == SIGTERM)
				return 3;
		}
	}
}

static void signals_are_handed_on_once_each(void **state)
{
	(void)state;
	static const int handed_on[] = {SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGINT, SIGUSR1};
	static const bool wakes[] = {true, true, true, false, false, false, true, false}; /* a stopped supervisor */
	struct guard_run run = start_supervising(report_signals);
	for (size_t i = 0; i < COUNT_OF(handed_on); i++) {
		assert_int_equal(kill(run.pid, handed_on[i]), 0);
		assert_int_equal(next_report(&run), handed_on[i]);
		if (wakes[i])
			assert_int_equal(next_report(&run), SIGCONT);
	}
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	assert_int_equal(next_report(&run), SIGTERM); /* nothing came twice in between */
	assert_int_equal(finish_guard(&run, NULL), 3);
}

static void the_guards_own_signals_are_not_handed_on(void **state)
{
	(void)state;
	struct guard_run run = start_supervising(report_signals);
	assert_int_equal(kill(run.pid, SIGCHLD), 0);
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	assert_int_equal(next_report(&run), SIGTERM);
	assert_int_equal(finish_guard(&run, NULL), 3);
}

static void stop_and_continuation_go_both_ways_once(void **state)
{
	(void)state;
	int status;
	struct guard_run run = start_supervising(report_signals);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kill(run.pid, SIGTSTP), 0);
		assert_int_equal(waitpid(run.pid, &status, WUNTRACED), run.pid);
		assert_true(WIFSTOPPED(status));
		assert_int_equal(next_report(&run), SIGTSTP);
		assert_int_equal(kill(run.pid, SIGCONT), 0);
		assert_int_equal(next_report(&run), SIGCONT);
	}
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	assert_int_equal(next_report(&run), SIGTERM);
	assert_int_equal(finish_guard(&run, NULL), 3);
}

static void a_killed_guard_is_told_to_the_supervisor(void **state)
{
	(void)state;
	struct guard_run run = start_supervising(report_signals);
	pid_t supervisor = supervisor_of(run.pid);
	assert_int_equal(kill(run.pid, SIGKILL), 0);
	assert_int_equal(next_report(&run), SIGNAL_GUARD_DIED);
	assert_int_equal(kill(supervisor, SIGTERM), 0); /* this one has nothing else to end it */
	assert_int_equal(next_report(&run), SIGTERM);
	assert_int_equal(finish_guard(&run, NULL), -SIGKILL);
}

static void a_killed_warden_is_told_and_the_guard_takes_the_supervisor_over(void **state)
{
	(void)state;
	struct guard_run run = start_supervising(report_signals);
	pid_t supervisor = supervisor_of(run.pid);
	assert_int_equal(kill(child_of(run.pid), SIGKILL), 0);
	assert_int_equal(next_report(&run), SIGNAL_GUARD_DIED);
	while (child_of(run.pid) != supervisor) /* the dead warden comes first until it is reaped */
		poll(NULL, 0, 1);
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	assert_int_equal(next_report(&run), SIGTERM);
	assert_int_equal(finish_guard(&run, NULL), 3);
}

static int see_the_guards_end(void *context, const struct guards *guards)
{
	(void)context;
	report(0);
	while (guards_stand(guards))
		poll(NULL, 0, 1);
	return 5;
}

static void the_supervisor_sees_the_end_of_a_guard_that_is_not_its_parent(void **state)
{
	(void)state;
	struct guard_run run = start_supervising(see_the_guards_end);
	assert_int_equal(kill(run.pid, SIGKILL), 0);
	assert_int_equal(finish_guard(&run, NULL), -SIGKILL);
}

static int locked_file(struct run_fixture *f, const char *name)
{
	int fd = open(fixture_path(f, name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	return fd;
}

/* The first is there to be taken by whoever sees the second one go. */
static void locks_are_let_go_of_in_their_order(void **state)
{
	(void)state;
	for (int times = 0; times < 100; times++) {
		struct run_fixture f;
		int code = 0;
		fixture_begin(&f, 1);
		struct guard_case how = {.supervise = return_it,
		                         .context = &code,
		                         .keeps = {locked_file(&f, "first"), locked_file(&f, "second")}};
		struct guard_run run = start_guard(&how);
		close(how.keeps[0]);
		close(how.keeps[1]);
		int first = open(fixture_path(&f, "first"), O_RDWR | O_CLOEXEC);
		int second = open(fixture_path(&f, "second"), O_RDWR | O_CLOEXEC);
		assert_int_equal(flock(second, LOCK_EX), 0);
		assert_int_equal(flock(first, LOCK_EX | LOCK_NB), 0);
		close(first);
		close(second);
		assert_int_equal(finish_guard(&run, NULL), 0);
		fixture_end(&f);
	}
}

/* The owner: starts a guard, passes its reports on by inheritance, and waits to be killed. */
static void the_owners_end_stops_the_job_where_that_was_asked_for(void **state)
{
	(void)state;
	int reports[2], value = -1;
	assert_int_equal(pipe2(reports, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t owner = fork();
	if (owner == 0) {
		report_to = reports[1];
		if (fork() == 0)
			be_guard(&(struct guard_case){.supervise = report_signals, .stop_with_owner = true});
		stay();
	}
	close(reports[1]);
	assert_int_equal(read(reports[0], &value, sizeof value), sizeof value); /* one of the two */
	assert_int_equal(read(reports[0], &value, sizeof value), sizeof value);
	assert_int_equal(kill(owner, SIGKILL), 0);
	fixture_wait(owner);
	assert_int_equal(read(reports[0], &value, sizeof value), sizeof value);
	assert_int_equal(value, SIGTERM);
	assert_int_equal(read(reports[0], &value, sizeof value), 0);
	close(reports[0]);
}

/* The first process of a container: its parent is nobody that it could name. */
static void an_owner_out_of_sight_is_an_error_where_the_job_is_to_end_with_it(void **state)
{
	(void)state;
	int status;
	fflush(NULL);
	pid_t outside = fork();
	if (outside == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(77);
		pid_t first = fork();
		if (first == 0)
			be_guard(&(struct guard_case){.supervise = report_signals, .stop_with_owner = true});
		_exit(first > 0 && waitpid(first, &status, 0) == first ? WEXITSTATUS(status) : 1);
	}
	assert_int_equal(waitpid(outside, &status, 0), outside);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 99);
}

static void run_without_processes(void *unused)
{
	(void)unused;
	const struct rlimit none = {0, 0};
	const struct guarded guarded = {.supervise = return_it};
	struct error err = {0};
	child_must(setrlimit(RLIMIT_NPROC, &none) == 0);
	child_must(geteuid() != 0 || setresuid(65534, 65534, 65534) == 0);
	signals_take_over();
	signals_block();
	int open_before = dup(0);
	close(open_before);
	child_must(guard_run(&guarded, &err) == -EAGAIN);
	child_must(strstr(err.text, "cannot make the supervising process: fork: ") == err.text);
	child_must(strstr(err.text, "RLIMIT_NPROC") != NULL);
	child_must(dup(0) == open_before); /* nothing was left open */
}

static void without_a_second_process_nothing_is_started_and_the_limit_named(void **state)
{
	(void)state;
	fixture_in_child(run_without_processes, NULL);
}

int main(void)
{
	alarm(FIXTURE_LIFE_S);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exit_code_is_kept),
		cmocka_unit_test(the_warden_tidies_when_the_supervisor_did_not),
		cmocka_unit_test(nothing_is_left_of_a_supervisor_that_ran_out_of_memory),
		cmocka_unit_test(the_supervisor_leads_a_session_reaps_orphans_and_is_told_of_its_guards_death),
		cmocka_unit_test(a_killed_supervisor_leaves_nothing_and_is_told),
		cmocka_unit_test(who_was_there_before_muster_is_left_alone),
		cmocka_unit_test(a_supervisor_that_is_killed_when_all_was_told_changes_nothing),
		cmocka_unit_test(signals_are_handed_on_once_each),
		cmocka_unit_test(the_guards_own_signals_are_not_handed_on),
		cmocka_unit_test(stop_and_continuation_go_both_ways_once),
		cmocka_unit_test(a_killed_guard_is_told_to_the_supervisor),
		cmocka_unit_test(the_warden_goes_by_another_name),
		cmocka_unit_test(whichever_two_are_killed_the_third_leaves_nothing),
		cmocka_unit_test(a_killed_warden_is_told_and_the_guard_takes_the_supervisor_over),
		cmocka_unit_test(the_supervisor_sees_the_end_of_a_guard_that_is_not_its_parent),
		cmocka_unit_test(locks_are_let_go_of_in_their_order),
		cmocka_unit_test(the_owners_end_stops_the_job_where_that_was_asked_for),
		cmocka_unit_test(an_owner_out_of_sight_is_an_error_where_the_job_is_to_end_with_it),
		cmocka_unit_test(without_a_second_process_nothing_is_started_and_the_limit_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
