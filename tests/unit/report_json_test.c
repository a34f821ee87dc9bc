/* SPDX-License-Identifier: MIT
 *
 * report_json: every member of the record, for a job that ended in as many ways as it has ranks. With --samples the
 * program prints such records instead, for the test that holds them against configs/report.schema.json.
 */
#include "report_fixture.h"
#include "report_members.h"

#include "report/report_json.h"

#include <errno.h>
#include <jansson.h>

static char *earlier_tail[] = {(char[]){"Traceback"}, (char[]){"ValueError: 7"}, NULL};
static char *stderr_tail[] = {(char[]){"caf\xc3\xa9 \xff \xed\xa0\x80 \"quoted\"\t\x1b[0m"}, (char[]){"last"}, NULL};
static char *later_warnings[] = {(char[]){"rank 1 runs on CPU 3, not on CPU 1"}, NULL};

static struct rank_event events[] = {
	{EVENT_MARK, .at_ns = 1500000, .label = "epoch \xc3\xa9"},
	{EVENT_BARRIER, .at_ns = 2000000, .duration_ns = 500000, .label = "step"},
	{EVENT_COLLECTIVE, .collective = "allreduce", .at_ns = TIME_UNKNOWN, .duration_ns = TIME_UNKNOWN,
         .bytes = 4096},
};

static struct rank_library library = {
	.barriers = 12,
	.barrier_last = 3,
	.barrier_wait_ns = 250000000,
	.collectives = 4,
	.collective_ns = TIME_UNKNOWN,
	.messages_sent = 5,
	.messages_received = 6,
	.message_wait_ns = 7000000,
	.events = events,
	.event_count = COUNT_OF(events),
	.events_lost = 9,
};

static const struct member library_members[] = {
	{"barriers", "12"},
	{"barrier_last", "3"},
	{"barrier_wait_s", "0.25"},
	{"collectives", "4"},
	{"collective_s", "null"},
	{"messages_sent", "5"},
	{"messages_received", "6"},
	{"message_wait_s", "0.007"},
	{"waiting", "{\"in\": \"send\", \"label\": null, \"peer\": 3, \"for_s\": 4.1, \"since_s\": 8.125}"},
	{"marks", "[{\"at_s\": 0.0015, \"text\": \"epoch \u00e9\"}]"},
	{"events",
         "[{\"kind\": \"barrier\", \"at_s\": 0.002, \"took_s\": 0.0005, \"label\": \"step\", \"bytes\": null},"
         " {\"kind\": \"allreduce\", \"at_s\": null, \"took_s\": null, \"label\": null, \"bytes\": 4096}]"},
	{"events_lost", "9"},
};

/* One rank of each end, on the second day of the epoch. */
static struct job_result failed_job(struct rank_result *ranks)
{
	const struct rank_result ends[] = {
		{EXITED(0, 0, 10), .user_us = 1200000, .system_us = 100000, .max_rss_bytes = 1048576,
	         .started_ns = 2000000},
		{SIGNALED(SIGSEGV, 1, 12100), .core_dumped = true, .stderr_tail = stderr_tail},
		{SIGNALED(SIGTERM, 2, 12300), .stopped = true},
		{SIGNALED(SIGKILL, 3, 17300), .stopped = true, .killed = true, .traceback_ns = 12050000000,
	         .stderr_tail = earlier_tail},
		{EXITED(1, 4, 12105), .in_wake = true},
		{.end = RANK_NOT_EXECUTED,
	         .failed_step = STEP_AFFINITY,
	         .failed_errno = EINVAL,
	         .death_order = 5,
	         .ended_ns = 3000000},
		{.end = RANK_NOT_STARTED, .death_order = NO_RANK, .started_ns = TIME_UNKNOWN, .ended_ns = TIME_UNKNOWN},
		{.end = RANK_LOST, .death_order = NO_RANK, .ended_ns = TIME_UNKNOWN},
	};
	memcpy(ranks, ends, sizeof ends);
	ranks[0].library = &library;
	ranks[0].wait = (struct rank_wait){WAITS_TO_SEND, .peer = 3, .for_ns = 4100000000};
	ranks[0].waits_since_ns = 8125000000;
	ranks[7].lost_detail = borrowed("state D, waits in io_schedule");
	return (struct job_result){
		.outcome = OUTCOME_FAILED,
		.exit_code = 139,
		.nprocs = 8,
		.ranks = ranks,
		.first_failure = 1,
		.restarts = 2,
		.survivors = 1,
		.leftovers = 3,
		.kept = 4,
		.started = {.tv_sec = 144000, .tv_nsec = 7999999},
		.ended = {.tv_sec = 144017, .tv_nsec = 0},
		.elapsed_ns = INT64_C(17350000001),
		.warnings = later_warnings,
	};
}

static json_t *load(const struct report_facts *facts)
{
	return load_report(report_json_format(facts, "node-7"));
}

static const struct member job_members[] = {
	{"id", "\"work-a1\""},
	{"name", "\"work\""},
	{"nprocs", "8"},
	{"world_size", "8"},
	{"host", "\"node-7\""},
	{"source", "\"jobs/work.yaml\""},
	{"command", "[\"/bin/work\", \"--fast\"]"},
};

static const struct member top_members[] = {
	{"schema", "\"muster.report/1\""},
	{"outcome", "\"failed\""},
	{"exit_code", "139"},
	{"error", "null"},
	{"stop_signal", "null"},
	{"start_timed_out", "false"},
	{"started", "\"1970-01-02T16:00:00.007Z\""},
	{"ended", "\"1970-01-02T16:00:17.000Z\""},
	{"elapsed_s", "17.350000001"},
	{"waited_for_cores_s", "2.5"},
	{"restarts", "2"},
	{"survivors", "1"},
	{"leftovers", "3"},
	{"kept", "4"},
	{"cleanup", "\"cgroup\""},
	{"cgroup", "\"/sys/fs/cgroup/muster-work-abcd\""},
	{"held_cpus", "\"0-7\""},
	{"shared_with", "[\"train-a1\"]"},
	{"earlier_traceback", "{\"rank\": 3, \"at_s\": 12.05, \"stderr_tail\": [\"Traceback\", \"ValueError: 7\"]}"},
	{"warnings", "[\"8 ranks on 8 cores\", \"rank 1 runs on CPU 3, not on CPU 1\"]"},
};

static const struct member first_failure_members[] = {
	{"rank", "1"},
	{"host", "\"node-7\""},
	{"pid", "4301"},
	{"cpus", "\"1,9\""},
	{"kind", "\"signal\""},
	{"code", "null"},
	{"signal", "\"SIGSEGV\""},
	{"core_dumped", "true"},
	{"failed_step", "null"},
	{"what", "\"was killed by SIGSEGV (segmentation fault), core dumped to /users/ada/core\""},
	{"at_s", "12.1"},
	{"stderr_tail", "[\"caf\\u00e9 \\ufffd \\ufffd\\ufffd\\ufffd \\\"quoted\\\"\\t\\u001b[0m\", \"last\"]"},
};

static const struct member rank_0_members[] = {
	{"rank", "0"},
	{"host", "\"node-7\""},
	{"pid", "4300"},
	{"cpus", "\"0,8\""},
	{"bound", "true"},
	{"end", "\"exited\""},
	{"exit_code", "0"},
	{"signal", "null"},
	{"core_dumped", "false"},
	{"out_of_memory", "false"},
	{"failed_step", "null"},
	{"stopped", "false"},
	{"killed", "false"},
	{"in_wake", "false"},
	{"detail", "null"},
	{"death_order", "0"},
	{"user_s", "1.2"},
	{"system_s", "0.1"},
	{"max_rss_bytes", "1048576"},
	{"started_s", "0.002"},
	{"ended_s", "0.01"},
};

struct rank_member {
	uint32_t rank;
	struct member member;
};

static const struct rank_member rank_members[] = {
	{1, {"signal", "\"SIGSEGV\""}},
	{1, {"core_dumped", "true"}},
	{1, {"exit_code", "null"}},
	{1, {"library", "null"}},
	{2, {"stopped", "true"}},
	{2, {"signal", "\"SIGTERM\""}},
	{3, {"killed", "true"}},
	{4, {"in_wake", "true"}},
	{4, {"exit_code", "1"}},
	{5, {"end", "\"not-executed\""}},
	{5,
         {"failed_step",
          "{\"step\": \"set the CPU binding\", \"errno\": \"EINVAL\", \"message\": \"Invalid argument\"}"}},
	{6, {"end", "\"not-started\""}},
	{6, {"pid", "null"}},
	{6, {"started_s", "null"}},
	{6, {"ended_s", "null"}},
	{6, {"death_order", "null"}},
	{7, {"end", "\"lost\""}},
	{7, {"detail", "\"state D, waits in io_schedule\""}},
};

static void begin_failed_job(struct report_fixture *f, struct job_result *result, struct rank_result *ranks)
{
	static uint64_t eight = 0xff;
	static const struct index_set held = {&eight, 1};
	static char sharer[] = "train-a1", *sharers[] = {sharer, NULL};
	static char source[] = "jobs/work.yaml", fast[] = "--fast", said[] = "8 ranks on 8 cores";
	static char *args[] = {fast, NULL}, *warnings[] = {said};
	*result = failed_job(ranks);
	result->cgroup = borrowed("/sys/fs/cgroup/muster-work-abcd");
	report_fixture_begin(f, result);
	launch_plan_finish(&f->plan);
	f->job.spec.source = source;
	f->job.spec.args = (struct string_list){args, 1};
	f->job.placement.warnings = warnings;
	f->job.placement.warning_count = 1;
	f->job.placement.shared_with = sharers;
	f->job.context.waited_ms = 2500;
	f->facts.held_cpus = &held;
	f->plan = fixture_make_plan(&f->job);
}

static void every_member_says_what_happened(void **state)
{
	(void)state;
	struct rank_result ranks[8];
	struct job_result result;
	struct report_fixture f;
	begin_failed_job(&f, &result, ranks);
	json_t *report = load(&f.facts);
	for (size_t i = 0; i < COUNT_OF(top_members); i++)
		check_member(report, top_members[i].name, top_members[i].json);
	assert_string_equal(json_string_value(json_object_get(report, "muster")), MUSTER_VERSION);
	assert_int_equal(json_object_size(report), COUNT_OF(top_members) + 5);
	const json_t *summary = json_object_get(report, "summary");
	assert_non_null(strstr(json_string_value(json_array_get(summary, 0)), " was killed by SIGSEGV"));
	assert_non_null(
		strstr(json_string_value(json_array_get(summary, json_array_size(summary) - 1)), "survivors: 1 "));
	check_members(json_object_get(report, "job"), job_members, COUNT_OF(job_members));
	check_members(json_object_get(report, "first_failure"), first_failure_members, COUNT_OF(first_failure_members));
	json_t *list = json_object_get(report, "ranks");
	assert_int_equal(json_array_size(list), 8);
	json_t *of_library = json_incref(json_object_get(json_array_get(list, 0), "library"));
	check_members(of_library, library_members, COUNT_OF(library_members));
	json_decref(of_library);
	json_object_del(json_array_get(list, 0), "library");
	check_members(json_array_get(list, 0), rank_0_members, COUNT_OF(rank_0_members));
	for (size_t i = 0; i < COUNT_OF(rank_members); i++)
		check_member(json_array_get(list, rank_members[i].rank), rank_members[i].member.name,
		             rank_members[i].member.json);
	json_decref(report);
	report_fixture_end(&f);
}

/* --- other ends --- */

struct sample {
	struct job_result result;
	struct rank_result rank;
	struct member members[4];
	struct member failure[3];
};

static const struct sample samples[] = {
	{{.outcome = OUTCOME_OK, .first_failure = NO_RANK},
         {EXITED(0, 0, 1)},
         {{"outcome", "\"ok\""}, {"first_failure", "null"}, {"exit_code", "0"}, {"summary", "[]"}},
         {{0}}},
	{{.outcome = OUTCOME_TIMEOUT, .first_failure = NO_RANK, .exit_code = 124, .start_timed_out = true},
         {SIGNALED(SIGTERM, 0, 1), .stopped = true},
         {{"outcome", "\"timeout\""}, {"start_timed_out", "true"}, {"first_failure", "null"}},
         {{0}}},
	{{.outcome = OUTCOME_STOPPED, .first_failure = NO_RANK, .exit_code = 130, .stop_signal = SIGINT},
         {SIGNALED(SIGTERM, 0, 1), .stopped = true},
         {{"outcome", "\"stopped\""}, {"stop_signal", "\"SIGINT\""}, {"exit_code", "130"}},
         {{0}}},
	{{.outcome = OUTCOME_ERROR, .first_failure = NO_RANK, .exit_code = 125, .error_text = (char[]){"no \xfe"}},
         {.end = RANK_NOT_STARTED, .death_order = NO_RANK, .started_ns = -1, .ended_ns = -1},
         {{"outcome", "\"error\""},
          {"error", "\"no \\ufffd\""},
          {"exit_code", "125"},
          {"summary", "[\"no \\ufffd\", \"ranks: 1 never started\", \"survivors: 0\"]"}},
         {{0}}},
	{{.outcome = OUTCOME_FAILED, .exit_code = 9},
         {EXITED(9, 0, 1)},
         {{"outcome", "\"failed\""}},
         {{"kind", "\"exit\""}, {"code", "9"}, {"signal", "null"}}},
	{{.outcome = OUTCOME_FAILED, .exit_code = 137},
         {SIGNALED(SIGKILL, 0, 1), .out_of_memory = true},
         {{"outcome", "\"failed\""}},
         {{"kind", "\"oom\""}, {"code", "null"}, {"signal", "\"SIGKILL\""}}},
	{{.outcome = OUTCOME_FAILED, .exit_code = 127},
         {.end = RANK_NOT_EXECUTED, .failed_step = STEP_EXECUTE, .failed_errno = ENOENT},
         {{"outcome", "\"failed\""}},
         {{"kind", "\"exec\""},
          {"failed_step", "{\"step\": \"execute\", \"errno\": \"ENOENT\", \"message\": \"No such file or directory\"}"},
          {"signal", "null"}}},
	{{.outcome = OUTCOME_FAILED, .exit_code = 125},
         {.end = RANK_LOST, .ended_ns = -1},
         {{"outcome", "\"failed\""}},
         {{"kind", "\"lost\""}, {"code", "null"}, {"at_s", "null"}}},
	{{.outcome = OUTCOME_FAILED, .exit_code = 3},
         {EXITED(0, 0, 1), .missed = true, .missed_in = "barrier 'step'"},
         {{"outcome", "\"failed\""}},
         {{"kind", "\"lost\""},
          {"code", "null"},
          {"what", "\"left (exit code 0) while others waited for it in barrier 'step'\""}}},
	{{.outcome = OUTCOME_FAILED, .exit_code = 128},
         {SIGNALED(40, 0, 1), .stderr_tail = stderr_tail + 2},
         {{"outcome", "\"failed\""}},
         {{"kind", "\"signal\""}, {"signal", "\"SIGRTMIN+6\""}, {"stderr_tail", "[]"}}},
};

static void begin_sample(struct report_fixture *f, const struct sample *sample, struct job_result *result,
                         struct rank_result *rank)
{
	*rank = sample->rank;
	*result = sample->result;
	result->nprocs = 1;
	result->ranks = rank;
	report_fixture_begin(f, result);
}

static void each_outcome_and_each_kind_of_failure_has_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(samples); i++) {
		struct report_fixture f;
		struct job_result result;
		struct rank_result rank;
		begin_sample(&f, &samples[i], &result, &rank);
		json_t *report = load(&f.facts);
		for (size_t m = 0; m < COUNT_OF(samples[i].members) && samples[i].members[m].name != NULL; m++)
			check_member(report, samples[i].members[m].name, samples[i].members[m].json);
		for (size_t m = 0; m < 3 && samples[i].failure[m].name != NULL; m++)
			check_member(json_object_get(report, "first_failure"), samples[i].failure[m].name,
			             samples[i].failure[m].json);
		json_decref(report);
		report_fixture_end(&f);
	}
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		const char *expected;
	} texts[] = {
		{"plain", "plain"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xc3", "\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe0\x9f\xbf|", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"},
		{"\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"", ""},
	};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct report_fixture f;
		struct rank_result rank;
		struct job_result result;
		begin_sample(&f, &samples[3], &result, &rank);
		result.error_text = borrowed(texts[i].bytes);
		json_t *report = load(&f.facts);
		assert_string_equal(json_string_value(json_object_get(report, "error")), texts[i].expected);
		json_decref(report);
		report_fixture_end(&f);
	}
}

/* --- for the schema --- */

static void print_sample(const struct report_facts *facts)
{
	char *text = report_json_format(facts, "node-7");
	fputs(text, stdout);
	free(text);
}

static void print_samples(void)
{
	struct report_fixture f;
	struct job_result result;
	struct rank_result ranks[8];
	begin_failed_job(&f, &result, ranks);
	print_sample(&f.facts);
	report_fixture_end(&f);
	for (size_t i = 0; i < COUNT_OF(samples); i++) {
		begin_sample(&f, &samples[i], &result, ranks);
		print_sample(&f.facts);
		report_fixture_end(&f);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_says_what_happened),
		cmocka_unit_test(each_outcome_and_each_kind_of_failure_has_its_name),
		cmocka_unit_test(bytes_that_are_not_utf8_are_replaced_one_by_one),
	};
	if (argc > 1 && strcmp(argv[1], "--samples") == 0) {
		print_samples();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
