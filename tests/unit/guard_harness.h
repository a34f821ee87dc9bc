/* SPDX-License-Identifier: MIT
 *
 * guard_harness: a guard in a process of its own; what the "supervisor" sees it tells through a pipe, whose end of file
 * says that nobody of the job is left.
 */
#ifndef MUSTER_TESTS_GUARD_HARNESS_H
#define MUSTER_TESTS_GUARD_HARNESS_H

#include "run_fixture.h"

#include "base/patient_write.h"
#include "run/guard.h"
#include "run/guards.h"
#include "run/job_result.h"
#include "run/signals.h"

#include <signal.h>

static int report_to = -1; /* write end; held by everything below the guard */

static inline void report(int value)
{
	child_must(write(report_to, &value, sizeof value) == (ssize_t)sizeof value);
}

struct guard_run {
	pid_t pid;
	int reports;
	int errors; /* its stderr */
};

struct guard_case {
	int (*supervise)(void *context, const struct guards *guards);
	void *context;
	bool tidies;
	int children; /* before it begins; the first reports are their numbers */
	bool stop_with_owner;
	int64_t patience_ms;
	int64_t time_limit_ms;
	int keeps[GUARD_KEEPS];
};

/* Also in the warden, which has no descriptors left but the first three. */
static inline void tell_tidied(void *context)
{
	(void)context;
	patient_say("tidied\n");
}

static inline void tell_told(void *context, enum job_outcome outcome, int exit_code)
{
	char line[64];
	(void)context;
	snprintf(line, sizeof line, "told %s %d\n", job_outcome_name(outcome), exit_code);
	patient_say(line);
}

static inline void have_child(void)
{
	pid_t pid = fork();
	child_must(pid >= 0);
	if (pid == 0) {
		close_range(STDERR_FILENO, ~0U, 0); /* whose ends are waited for */
		alarm(FIXTURE_LIFE_S);
		for (;;)
			pause();
	}
	report((int)pid);
}

static inline _Noreturn void be_guard(const struct guard_case *how)
{
	struct error err = {0};
	const struct guarded guarded = {.supervise = how->supervise,
	                                .told = tell_told,
	                                .tidy = how->tidies ? tell_tidied : NULL,
	                                .context = how->context,
	                                .owner = how->stop_with_owner ? guard_open_owner(getppid(), &err) : 0,
	                                .patience_ms = how->patience_ms,
	                                .keeps = {how->keeps[0], how->keeps[1]},
	                                .time_limit_ms = how->time_limit_ms};
	setpgid(0, 0);
	alarm(FIXTURE_LIFE_S);
	for (int i = 0; i < how->children; i++)
		have_child();
	signals_take_over();
	signals_block();
	int code = guarded.owner < 0 ? guarded.owner : guard_run(&guarded, &err);
	if (code < 0)
		fprintf(stderr, "%s\n", err.text);
	fflush(NULL);
	_exit(code < 0 ? 99 : code);
}

static inline struct guard_run start_guard(const struct guard_case *how)
{
	int reports[2], errors[2];
	assert_int_equal(pipe2(reports, O_CLOEXEC), 0);
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(reports[0]);
		dup2(errors[1], STDERR_FILENO);
		report_to = reports[1];
		be_guard(how);
	}
	setpgid(pid, pid);
	close(reports[1]);
	close(errors[1]);
	return (struct guard_run){.pid = pid, .reports = reports[0], .errors = errors[0]};
}

static inline int next_report(const struct guard_run *run)
{
	int value = 0;
	assert_int_equal(read(run->reports, &value, sizeof value), sizeof value);
	return value;
}

/* A guard whose supervisor has said that it is there. */
static inline struct guard_run start_supervising(int (*supervise)(void *context, const struct guards *guards))
{
	struct guard_run run = start_guard(&(struct guard_case){.supervise = supervise});
	assert_int_equal(next_report(&run), 0);
	return run;
}

/* Waits until nobody holds the pipe any more, and for the guard; returns its exit code. */
static inline int finish_guard(struct guard_run *run, char **errors)
{
	int value;
	assert_int_equal(read(run->reports, &value, sizeof value), 0);
	int status = fixture_wait(run->pid);
	char *said = fixture_read_all(run->errors, NULL);
	close(run->reports);
	close(run->errors);
	if (errors != NULL)
		*errors = said;
	else
		free(said);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline void stay(void)
{
	alarm(FIXTURE_LIFE_S);
	report(1);
	for (;;)
		pause();
}

/* A child, one in a session of its own, and a daemon that forked twice; then it is killed. */
static inline int have_children_and_be_killed(void *context, const struct guards *guards)
{
	(void)context;
	(void)guards;
	if (fork() == 0)
		stay();
	if (fork() == 0) {
		setsid();
		if (fork() == 0)
			stay();
		stay();
	}
	if (fork() == 0) {
		setsid();
		if (fork() == 0)
			stay();
		_exit(0);
	}
	for (;;)
		pause();
}

/* The one that was made last. */
static inline pid_t child_of(pid_t parent)
{
	char path[64];
	int pid = 0, used;
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	char *text = fixture_read_file(path, NULL);
	for (const char *at = text; sscanf(at, "%d%n", &pid, &used) == 1; at += used)
		;
	assert_int_not_equal(pid, 0);
	free(text);
	return pid;
}

static inline pid_t supervisor_of(pid_t guard)
{
	return child_of(child_of(guard));
}

#endif
