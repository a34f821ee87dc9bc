/* SPDX-License-Identifier: MIT
 *
 * job_strays: processes of a job that are known by their environment alone are ended, nobody else is, and where that
 * cannot be looked at nobody says that nothing is left.
 */
#include "run_fixture.h"

#include "job/job_strays.h"

#include <sys/resource.h>

/* A process that was started with this line in its environment. */
static pid_t start(const char *line)
{
	char variable[128];
	char *const environment[] = {variable, NULL};
	int begun[2];
	char byte;
	snprintf(variable, sizeof variable, "%s", line);
	assert_int_equal(pipe2(begun, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		execle("/bin/sleep", "sleep", "60", NULL, environment);
		_exit(127);
	}
	close(begun[1]);
	assert_int_equal(read(begun[0], &byte, 1), 0); /* it has been executed */
	close(begun[0]);
	return child;
}

static bool is_alive(pid_t child)
{
	return waitpid(child, NULL, WNOHANG) == 0;
}

static void end(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void who_has_the_jobs_id_is_ended_and_nobody_else(void **state)
{
	(void)state;
	struct error err;
	alarm(FIXTURE_LIFE_S);
	pid_t stray = start("MUSTER_JOB_ID=train-00000000001"), other = start("MUSTER_JOB_ID=train-000000000012");
	pid_t like = start("X_MUSTER_JOB_ID=train-00000000001");
	assert_int_equal(job_strays_end("train-00000000001", &err), 0);
	assert_int_equal(waitpid(stray, NULL, 0), stray);
	assert_true(is_alive(other) && is_alive(like));
	end(other);
	end(like);
}

static void who_is_in_a_job_that_the_job_started_is_ended_too(void **state)
{
	(void)state;
	static const char *const inside[] = {"MUSTER_OUTER_JOBS=train-00000000001",
	                                     "MUSTER_OUTER_JOBS=a-00000000001 train-00000000001",
	                                     "MUSTER_OUTER_JOBS=train-00000000001 b-00000000001",
	                                     "MUSTER_OUTER_JOBS=xtrain-00000000001 train-00000000001"};
	static const char *const outside[] = {"MUSTER_OUTER_JOBS=xtrain-00000000001 train-000000000012",
	                                      "MUSTER_OUTER_JOBS=a-00000000001", "OUTER_JOBS=train-00000000001"};
	pid_t in[COUNT_OF(inside)], out[COUNT_OF(outside)];
	struct error err;
	alarm(FIXTURE_LIFE_S);
	for (size_t i = 0; i < COUNT_OF(inside); i++)
		in[i] = start(inside[i]);
	for (size_t i = 0; i < COUNT_OF(outside); i++)
		out[i] = start(outside[i]);
	assert_int_equal(job_strays_end("train-00000000001", &err), 0);
	for (size_t i = 0; i < COUNT_OF(inside); i++)
		assert_int_equal(waitpid(in[i], NULL, 0), in[i]);
	for (size_t i = 0; i < COUNT_OF(outside); i++) {
		assert_true(is_alive(out[i]));
		end(out[i]);
	}
}

static void with_too_few_descriptors_nobody_says_that_nothing_is_left(void **state)
{
	(void)state;
	struct error err;
	struct rlimit before;
	alarm(FIXTURE_LIFE_S);
	pid_t stray = start("MUSTER_JOB_ID=train-00000000001");
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (int more = 0; more < 3; more++) { /* for the directory, the process and its environment */
		const struct rlimit few = {(rlim_t)(next + more), before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		int rc = job_strays_end("train-00000000001", &err);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(rc, -EMFILE);
		assert_string_equal(err.text, "nobody can tell what is left of job train-00000000001: /proc: Too many "
		                              "open files");
		assert_true(is_alive(stray));
	}
	end(stray);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_the_jobs_id_is_ended_and_nobody_else),
		cmocka_unit_test(who_is_in_a_job_that_the_job_started_is_ended_too),
		cmocka_unit_test(with_too_few_descriptors_nobody_says_that_nothing_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
