/* SPDX-License-Identifier: MIT
 *
 * control_words: what a job answers to what it is asked, and what that does to it: a table of messages, with a
 * supervisor that only notes what it was told.
 */
#include "run_fixture.h"

#include "job/control_server.h"
#include "job/control_words.h"
#include "plan/placement.h"
#include "run/job_result.h"
#include "run/supervisor_control.h"

#include <jansson.h>
#include <sys/prctl.h>

enum { RANKS = 600 };

static struct {
	struct rank_result ranks[RANKS];
	struct rank_plan plans[RANKS];
	struct rank_placement places[RANKS];
	pid_t pids[RANKS];
	struct rank_wait wait; /* of all that run */
	struct job_result result;
	struct launch_plan plan;
	struct control_subject subject;
	int stops, signals; /* how often */
	int64_t grace_ms;
	int signal;
	char chosen[64]; /* "all", or a list */
} job;

struct job_state supervisor_look(const struct supervisor *s)
{
	assert_ptr_equal(s, job.subject.supervisor);
	return (struct job_state){
		.name = "running", .result = &job.result, .pids = job.pids, .running = 2, .elapsed_ns = 1500000000};
}

struct rank_wait supervisor_rank_wait(const struct supervisor *s, uint32_t local_rank)
{
	assert_ptr_equal(s, job.subject.supervisor);
	assert_true(job.pids[local_rank] != 0);
	return job.wait;
}

void supervisor_stop(struct supervisor *s, int64_t grace_ms)
{
	assert_ptr_equal(s, job.subject.supervisor);
	job.stops++;
	job.grace_ms = grace_ms;
}

uint32_t supervisor_signal(struct supervisor *s, int signal, const struct index_set *ranks)
{
	assert_ptr_equal(s, job.subject.supervisor);
	job.signals++;
	job.signal = signal;
	if (ranks == NULL)
		snprintf(job.chosen, sizeof job.chosen, "all");
	else
		index_set_format(ranks, job.chosen, sizeof job.chosen);
	return 2;
}

static void begin(uint32_t nprocs)
{
	static char supervisor; /* of which nothing is known here but where it is */
	memset(&job, 0, sizeof job);
	for (uint32_t r = 0; r < nprocs; r++) {
		index_set_add(&job.places[r].cpus, r);
		job.plans[r] = (struct rank_plan){.rank = r, .place = &job.places[r]};
		job.ranks[r].pid = 1000 + (pid_t)r;
	}
	job.result = (struct job_result){.nprocs = nprocs, .ranks = job.ranks};
	job.plan = (struct launch_plan){.nprocs = nprocs, .ranks = job.plans};
	job.subject = (struct control_subject){(struct supervisor *)&supervisor, &job.plan};
}

static void end(void)
{
	for (uint32_t r = 0; r < job.plan.nprocs; r++)
		index_set_finish(&job.places[r].cpus);
}

static char *ask(const char *message)
{
	return control_words_answer(&job.subject, message, strlen(message));
}

static void expect(const char *message, const char *answer)
{
	char *said = ask(message);
	assert_non_null(said);
	assert_string_equal(said, answer);
	free(said);
}

static json_t *look(const char *message)
{
	char *said = ask(message);
	assert_non_null(said);
	assert_true(strlen(said) < CONTROL_MESSAGE_BYTES);
	json_t *answer = json_loads(said, 0, NULL);
	assert_non_null(answer);
	free(said);
	return answer;
}

static void what_is_no_question_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	static const char no_object[] = "{\"error\":\"a message is an object with \\\"do\\\"\"}";
	static const struct {
		const char *message, *answer;
	} table[] = {
		{"", no_object},
		{"null", no_object},
		{"[]", no_object},
		{"\"stop\"", no_object},
		{"{}", no_object},
		{"{\"do\":1}", no_object},
		{"{\"do\":\"stop\"", no_object},
		{"{\"do\":\"watch\",\"do\":\"stop\"}", no_object},
		{"{\"do\":\"stop\"}{\"do\":\"stop\"}", no_object},
		{"{\"do\":\"st\\u0000op\"}", no_object},
		{"{\"do\":\"st\xff\"}", no_object},
		{"{\"do\":\"dance\"}", "{\"error\":\"do: status, signal, stop or watch\"}"},
	};
	begin(3);
	for (size_t i = 0; i < COUNT_OF(table); i++)
		expect(table[i].message, table[i].answer);
	assert_int_equal(job.stops + job.signals, 0);
	end();
}

static void a_signal_goes_to_all_or_to_those_that_were_named(void **state)
{
	(void)state;
	static const struct {
		const char *message;
		int signal;
		const char *chosen;
	} table[] = {
		{"{\"do\":\"signal\",\"signal\":\"USR1\"}", SIGUSR1, "all"},
		{"{\"do\":\"signal\",\"signal\":\"SIGTERM\",\"ranks\":\"0\"}", SIGTERM, "0"},
		{"{\"do\":\"signal\",\"signal\":\"10\",\"ranks\":\"0-1\"}", 10, "0-1"},
		{"{\"do\":\"signal\",\"signal\":\"KILL\",\"ranks\":\"2,0\"}", SIGKILL, "0,2"},
	};
	begin(3);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		expect(table[i].message, "{\"sent\":2}");
		assert_int_equal(job.signal, table[i].signal);
		assert_string_equal(job.chosen, table[i].chosen);
	}
	end();
}

static void a_signal_that_is_none_and_ranks_that_are_none_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *message, *said;
	} table[] = {
		{"{\"do\":\"signal\"}", "signal: which?"},
		{"{\"do\":\"signal\",\"signal\":10}", "signal: which?"},
		{"{\"do\":\"signal\",\"signal\":\"USR3\"}", "USR3"},
		{"{\"do\":\"signal\",\"signal\":\"0\"}", "0"},
		{"{\"do\":\"signal\",\"signal\":\"65\"}", "65"},
		{"{\"do\":\"signal\",\"signal\":\"-9\"}", "-9"},
		{"{\"do\":\"signal\",\"signal\":\"TERM\",\"ranks\":[0]}", "ranks: a list like"},
		{"{\"do\":\"signal\",\"signal\":\"TERM\",\"ranks\":\"3\"}", "3"},
		{"{\"do\":\"signal\",\"signal\":\"TERM\",\"ranks\":\"x\"}", "x"},
		{"{\"do\":\"signal\",\"signal\":\"TERM\",\"ranks\":\"0-4294967295\"}", "4294967295"},
	};
	begin(3);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		json_t *answer = look(table[i].message);
		const char *refused = json_string_value(json_object_get(answer, "error"));
		assert_non_null(refused);
		assert_non_null(strstr(refused, table[i].said));
		json_decref(answer);
	}
	assert_int_equal(job.signals, 0);
	end();
}

/* What a client wrote comes back in the words for it, cut where there is no more room. */
static void the_words_of_a_refusal_are_whole_characters(void **state)
{
	(void)state;
	char message[4096];
	begin(3);
	for (int shift = 0; shift < 4; shift++) {
		int used = snprintf(message, sizeof message, "{\"do\":\"signal\",\"signal\":\"%.*s", shift, "xxxx");
		for (int i = 0; i < 600; i++)
			used += snprintf(message + used, sizeof message - (size_t)used, "\u20ac");
		snprintf(message + used, sizeof message - (size_t)used, "\"}");
		json_t *answer = look(message);
		assert_string_not_equal(json_string_value(json_object_get(answer, "error")), "no memory");
		json_decref(answer);
	}
	end();
}

static void a_stop_takes_a_grace_of_milliseconds_or_the_jobs(void **state)
{
	(void)state;
	static const char *const refused[] = {"-1", "\"5s\"", "1.5", "2147483648", "9223372036854775808", "null"};
	begin(3);
	expect("{\"do\":\"stop\"}", "{\"stopping\":true}");
	assert_int_equal(job.grace_ms, -1);
	expect("{\"do\":\"stop\",\"grace_ms\":0}", "{\"stopping\":true}");
	assert_int_equal(job.grace_ms, 0);
	expect("{\"do\":\"stop\",\"grace_ms\":2147483647}", "{\"stopping\":true}");
	assert_int_equal(job.grace_ms, INT32_MAX);
	assert_int_equal(job.stops, 3);
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		char message[64];
		snprintf(message, sizeof message, "{\"do\":\"stop\",\"grace_ms\":%s}", refused[i]);
		json_t *answer = look(message);
		assert_non_null(json_object_get(answer, "error"));
		json_decref(answer);
	}
	assert_int_equal(job.stops, 3);
	end();
}

static const char *state_of(const json_t *status, size_t rank)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(status, "ranks"), rank), "state"));
}

static pid_t make_stopped(void)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	return child;
}

static void status_says_of_each_rank_how_it_is(void **state)
{
	(void)state;
	begin(6);
	job.pids[0] = getpid();
	job.pids[1] = make_stopped();
	job.pids[2] = INT32_MAX; /* no such process: it ended a moment ago */
	job.ranks[3] = (struct rank_result){.end = RANK_EXITED, .exit_code = 3};
	job.ranks[4] = (struct rank_result){.end = RANK_SIGNALED, .signal = SIGSEGV};
	json_t *status = look("{\"do\":\"status\"}"), *ranks = json_object_get(status, "ranks");
	assert_string_equal(json_string_value(json_object_get(status, "state")), "running");
	assert_int_equal(json_integer_value(json_object_get(status, "nprocs")), 6);
	assert_int_equal(json_integer_value(json_object_get(status, "running")), 2);
	assert_true(json_number_value(json_object_get(status, "elapsed_s")) == 1.5);
	static const char *const states[] = {"running", "stopped", "running", "ended", "ended", "not-started"};
	for (size_t r = 0; r < COUNT_OF(states); r++)
		assert_string_equal(state_of(status, r), states[r]);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(ranks, 3), "exit_code")), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(ranks, 4), "signal")), "SIGSEGV");
	assert_null(json_object_get(json_array_get(ranks, 0), "exit_code"));
	assert_true(json_is_null(json_object_get(json_array_get(ranks, 0), "waiting")));
	assert_null(json_object_get(json_array_get(ranks, 3), "waiting"));
	json_decref(status);
	kill(job.pids[1], SIGKILL);
	assert_int_equal(waitpid(job.pids[1], NULL, 0), job.pids[1]);
	end();
}

static void status_comes_in_pages_that_fit_into_a_message(void **state)
{
	(void)state;
	uint32_t seen = 0;
	begin(RANKS);
	job.wait = (struct rank_wait){.kind = WAITS_TO_RECEIVE, .peer = INT32_MAX, .for_ns = INT64_MAX};
	memset(job.wait.label, '\x01', LABEL_BYTES - 1); /* six bytes each in JSON */
	for (uint32_t r = 0; r < RANKS; r++)
		job.pids[r] = INT32_MAX;
	for (uint32_t r = 0; r < RANKS; r++)
		for (uint32_t cpu = 0; cpu < 40; cpu++)
			index_set_add(&job.places[r].cpus, 30000 + r + cpu * 2);
	for (json_int_t from = 0; from >= 0;) {
		char message[64];
		snprintf(message, sizeof message, "{\"do\":\"status\",\"from\":%lld}", (long long)from);
		json_t *page = look(message), *next = json_object_get(page, "next");
		size_t i;
		json_t *rank;
		json_array_foreach(json_object_get(page, "ranks"), i, rank)
		{
			assert_int_equal(json_integer_value(json_object_get(rank, "rank")), seen);
			assert_int_equal(json_string_length(json_object_get(rank, "cpus")),
			                 index_set_format(&job.places[seen].cpus, NULL, 0));
			seen++;
		}
		from = next == NULL ? -1 : json_integer_value(next);
		json_decref(page);
	}
	assert_int_equal(seen, RANKS);
	end();
}

static void beyond_the_last_rank_there_is_an_empty_page(void **state)
{
	(void)state;
	static const char *const from[] = {"3", "4", "-1", "9223372036854775807"};
	begin(3);
	for (size_t i = 0; i < COUNT_OF(from); i++) {
		char message[64];
		snprintf(message, sizeof message, "{\"do\":\"status\",\"from\":%s}", from[i]);
		json_t *page = look(message);
		assert_int_equal(json_array_size(json_object_get(page, "ranks")), 0);
		assert_null(json_object_get(page, "next"));
		json_decref(page);
	}
	end();
}

static void who_watches_is_not_answered_and_a_job_at_its_end_does_nothing_more(void **state)
{
	(void)state;
	static const char at_its_end[] = "{\"error\":\"the job is at its end\"}";
	begin(3);
	assert_null(ask("{\"do\":\"watch\"}"));
	job.subject.supervisor = NULL;
	assert_null(ask("{\"do\":\"watch\"}"));
	expect("{\"do\":\"status\"}", at_its_end);
	expect("{\"do\":\"stop\"}", at_its_end);
	expect("{\"do\":\"signal\",\"signal\":\"TERM\"}", at_its_end);
	assert_int_equal(job.stops + job.signals, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_question_is_refused_and_changes_nothing),
		cmocka_unit_test(a_signal_goes_to_all_or_to_those_that_were_named),
		cmocka_unit_test(a_signal_that_is_none_and_ranks_that_are_none_are_refused),
		cmocka_unit_test(the_words_of_a_refusal_are_whole_characters),
		cmocka_unit_test(a_stop_takes_a_grace_of_milliseconds_or_the_jobs),
		cmocka_unit_test(status_says_of_each_rank_how_it_is),
		cmocka_unit_test(status_comes_in_pages_that_fit_into_a_message),
		cmocka_unit_test(beyond_the_last_rank_there_is_an_empty_page),
		cmocka_unit_test(who_watches_is_not_answered_and_a_job_at_its_end_does_nothing_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
