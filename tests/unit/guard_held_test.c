/* SPDX-License-Identifier: MIT
 *
 * guard: supervisors and wardens that somebody holds, by SIGSTOP: they keep nobody from ending the job. One that only
 * takes its time is left alone.
 */
#include "guard_harness.h"

#include <dirent.h>
#include <sys/signalfd.h>

/* In the supervisor, which says first that it is there. */
static void await_signal(uint32_t number)
{
	struct signalfd_siginfo info;
	struct pollfd ready = {.fd = signals_open(), .events = POLLIN};
	report(0);
	do
		child_must(poll(&ready, 1, -1) == 1);
	while (read(ready.fd, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo != number);
}

static int be_told_and_stop(void *context, const struct guards *guards)
{
	(void)context;
	(void)guards;
	await_signal(SIGCONT);
	raise(SIGSTOP); /* after the SIGCONT that comes with the signal */
	return 3;
}

static void a_supervisor_that_was_told_to_end_and_is_held_is_killed(void **state)
{
	(void)state;
	struct guard_run run = start_supervising(be_told_and_stop);
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	char *said;
	assert_int_equal(finish_guard(&run, &said), 125);
	assert_non_null(strstr(said, "killed by signal 9 (SIGKILL)"));
	free(said);
}

static int be_told_and_take_time(void *context, const struct guards *guards)
{
	(void)context;
	(void)guards;
	report(0);
	for (int tenth = 0; tenth < 40; tenth++)
		poll(NULL, 0, 100);
	return 3;
}

static void a_supervisor_that_takes_its_time_is_left_alone(void **state)
{
	(void)state;
	struct guard_run run = start_supervising(be_told_and_take_time);
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	assert_int_equal(finish_guard(&run, NULL), 3);
}

static int stop_at_once(void *context, const struct guards *guards)
{
	(void)context;
	(void)guards;
	raise(SIGSTOP);
	return 3;
}

static void a_supervisor_that_is_held_beyond_the_time_limit_is_killed(void **state)
{
	(void)state;
	struct guard_run run =
		start_guard(&(struct guard_case){.supervise = stop_at_once, .patience_ms = 100, .time_limit_ms = 100});
	char *said;
	assert_int_equal(finish_guard(&run, &said), 125);
	assert_non_null(strstr(said, "was to end, but was held by SIGSTOP or a tracer, and was killed by signal 9"));
	free(said);
}

static int stop_when_told(void *context, const struct guards *guards)
{
	(void)guards;
	await_signal(SIGTSTP);
	report(1);
	raise(SIGSTOP);
	if (context != NULL)
		raise(SIGSTOP); /* who continued it did so in vain */
	return 3;
}

/* As by Ctrl-Z: whoever did it goes on with it some day. */
static void a_supervisor_that_is_suspended_beyond_the_time_limit_is_left_alone(void **state)
{
	(void)state;
	enum { LIMIT_MS = 200, LOOKS_MS = 2 * 1000 };
	struct guard_run run = start_guard(
		&(struct guard_case){.supervise = stop_when_told, .patience_ms = 100, .time_limit_ms = LIMIT_MS});
	assert_int_equal(next_report(&run), 0);
	assert_int_equal(kill(run.pid, SIGTSTP), 0);
	assert_int_equal(next_report(&run), 1);
	poll(NULL, 0, LIMIT_MS + 100 + LOOKS_MS + 500);
	assert_int_equal(kill(run.pid, SIGCONT), 0);
	assert_int_equal(finish_guard(&run, NULL), 3);
}

static void one_that_is_suspended_is_held_once_its_guard_is_killed(void **state)
{
	(void)state;
	struct guard_run run =
		start_guard(&(struct guard_case){.supervise = stop_when_told, .context = &run, .patience_ms = 100});
	assert_int_equal(next_report(&run), 0);
	assert_int_equal(kill(run.pid, SIGTSTP), 0);
	assert_int_equal(next_report(&run), 1);
	assert_int_equal(kill(run.pid, SIGKILL), 0);
	char *said;
	assert_int_equal(finish_guard(&run, &said), -SIGKILL);
	assert_non_null(strstr(said, "was held by SIGSTOP or a tracer"));
	free(said);
}

static bool watches_a_process(pid_t pid)
{
	char path[64], target[64];
	bool found = false;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *directory = opendir(path);
	assert_non_null(directory);
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL && !found;) {
		ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
		target[length > 0 ? length : 0] = '\0';
		found = strstr(target, "pidfd") != NULL;
	}
	closedir(directory);
	return found;
}

static void a_warden_that_is_held_when_the_supervisor_is_killed_is_killed(void **state)
{
	(void)state;
	struct guard_run run =
		start_guard(&(struct guard_case){.supervise = have_children_and_be_killed, .tidies = true});
	for (int reported = 0; reported < 4; reported++)
		assert_int_equal(next_report(&run), 1);
	while (!watches_a_process(run.pid))
		poll(NULL, 0, 10);
	pid_t supervisor = supervisor_of(run.pid);
	assert_int_equal(kill(child_of(run.pid), SIGSTOP), 0);
	assert_int_equal(kill(supervisor, SIGKILL), 0);
	char *said;
	assert_int_equal(finish_guard(&run, &said), 125);
	assert_non_null(strstr(said, "its supervising process was killed by signal 9 (SIGKILL)"));
	assert_non_null(strstr(said, "survivors: 0\ntidied\n"));
	free(said);
}

int main(void)
{
	alarm(FIXTURE_LIFE_S);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_supervisor_that_was_told_to_end_and_is_held_is_killed),
		cmocka_unit_test(a_supervisor_that_takes_its_time_is_left_alone),
		cmocka_unit_test(a_supervisor_that_is_held_beyond_the_time_limit_is_killed),
		cmocka_unit_test(a_supervisor_that_is_suspended_beyond_the_time_limit_is_left_alone),
		cmocka_unit_test(one_that_is_suspended_is_held_once_its_guard_is_killed),
		cmocka_unit_test(a_warden_that_is_held_when_the_supervisor_is_killed_is_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
