/* SPDX-License-Identifier: MIT
 *
 * rankless_json: the record of a job that was not started. With --samples the program prints such records instead, for
 * the test that holds them against configs/report.schema.json.
 */
#include "report_members.h"

#include "report/rankless_json.h"
#include "spec/job_spec.h"

#include <signal.h>
#include <stdio.h>

static char *refused_report(const struct job_spec *spec)
{
	const struct rankless_job job = {.spec = spec,
	                                 .why = "command not found: nofile",
	                                 .outcome = OUTCOME_ERROR,
	                                 .exit_code = 127,
	                                 .began = {.tv_sec = 144000},
	                                 .ended = {.tv_sec = 144000}};
	return report_json_format_rankless(&job, "node-7");
}

/* It waited for cores. */
static char *stopped_report(const struct job_spec *spec)
{
	const struct rankless_job job = {.spec = spec,
	                                 .why = "stopped by SIGTERM while waiting for cores",
	                                 .outcome = OUTCOME_STOPPED,
	                                 .exit_code = 143,
	                                 .stop_signal = SIGTERM,
	                                 .elapsed_ns = INT64_C(1204000000),
	                                 .waited_ms = 1204};
	return report_json_format_rankless(&job, "node-7");
}

static void a_refused_job_has_an_error_and_no_ranks(void **state)
{
	(void)state;
	const struct job_spec unread = {0};
	json_t *report = load_report(refused_report(&unread));
	static const struct member members[] = {{"outcome", "\"error\""},
	                                        {"exit_code", "127"},
	                                        {"error", "\"command not found: nofile\""},
	                                        {"started", "\"1970-01-02T16:00:00.000Z\""},
	                                        {"waited_for_cores_s", "null"},
	                                        {"first_failure", "null"},
	                                        {"ranks", "[]"}};
	static const struct member of_job[] = {{"id", "null"}, {"name", "null"}, {"nprocs", "null"}, {"command", "[]"}};
	check_some(report, members, COUNT_OF(members));
	check_some(json_object_get(report, "job"), of_job, COUNT_OF(of_job));
	json_decref(report);
}

static void a_job_that_was_stopped_before_it_was_started_says_so_once(void **state)
{
	(void)state;
	const struct job_spec unread = {0};
	json_t *report = load_report(stopped_report(&unread));
	static const struct member members[] = {
		{"outcome", "\"stopped\""},
		{"exit_code", "143"},
		{"stop_signal", "\"SIGTERM\""},
		{"elapsed_s", "1.204"},
		{"waited_for_cores_s", "1.204"},
		{"summary", "[\"stopped by SIGTERM while waiting for cores\", \"survivors: 0\"]"},
		{"ranks", "[]"}};
	check_some(report, members, COUNT_OF(members));
	json_decref(report);
}

static void each_line_of_what_was_wrong_with_a_spec_is_whole(void **state)
{
	(void)state;
	const struct job_spec unread = {0};
	const struct rankless_job job = {.spec = &unread, .why = "a.yaml:1:1: error: x\nb\nmuster: c"};
	json_t *report = load_report(report_json_format_rankless(&job, "node-7"));
	check_member(report, "summary", "[\"a.yaml:1:1: error: x\", \"b\", \"c\", \"survivors: 0\"]");
	json_decref(report);
}

static void print_samples(void)
{
	const struct job_spec unread = {0};
	char *refused = refused_report(&unread), *stopped = stopped_report(&unread);
	fputs(refused, stdout);
	fputs(stopped, stdout);
	free(refused);
	free(stopped);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_job_has_an_error_and_no_ranks),
		cmocka_unit_test(a_job_that_was_stopped_before_it_was_started_says_so_once),
		cmocka_unit_test(each_line_of_what_was_wrong_with_a_spec_is_whole),
	};
	if (argc > 1 && strcmp(argv[1], "--samples") == 0) {
		print_samples();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
