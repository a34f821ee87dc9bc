/* SPDX-License-Identifier: MIT
 *
 * report_text_case: a way in which a job may end, and the exact words about it.
 */
#ifndef MUSTER_TESTS_REPORT_TEXT_CASE_H
#define MUSTER_TESTS_REPORT_TEXT_CASE_H

#include "report_fixture.h"

#include "base/text.h"
#include "report/report_text.h"

#include <errno.h>

enum { CASE_RANKS = 16, TAIL_MAX = 24 };

struct text_case {
	const char *what;
	uint32_t nprocs; /* 0: 4 */
	enum job_outcome outcome;
	uint32_t first_failure;
	struct rank_result ranks[CASE_RANKS];
	const char *tail[TAIL_MAX]; /* of the first failure */
	bool empty_tail;
	const char *detail; /* of the last rank */
	int stop_signal;
	bool start_timed_out;
	uint32_t restarts, budget_used, survivors, leftovers, kept;
	const char *error_text;
	const char *core_pattern;
	bool core_uses_pid;
	int64_t memory_bytes;
	int64_t cpu_time_s;
	int64_t waited_ms;
	const char *working_directory;
	const char *command;
	bool unbound;
	bool colour;
	enum failure_policy policy;
	const char *expected;
};

#define STOPPED(order)                                                                                                 \
	{                                                                                                              \
		SIGNALED(SIGTERM, order, 13000), .stopped = true                                                       \
	}
#define WAITING(order)                                                                                                 \
	{                                                                                                              \
		SIGNALED(SIGTERM, order, 13000), .stopped = true, .wait = { WAITS_IN_BARRIER, .for_ns = -1 }           \
	}
#define WAITING_FOR(order, ms)                                                                                         \
	{                                                                                                              \
		SIGNALED(SIGTERM, order, 13000), .stopped = true, .wait = {                                            \
			WAITS_IN_BARRIER,                                                                              \
			.for_ns = (ms)*INT64_C(1000000)                                                                \
		}                                                                                                      \
	}
#define WELL(order, at_ms)                                                                                             \
	{                                                                                                              \
		EXITED(0, order, at_ms)                                                                                \
	}
#define THREE_STOPPED STOPPED(1), STOPPED(2), STOPPED(3)
#define OTHERS_STOPPED                                                                                                 \
	"muster: others: 3 stopped by muster (SIGTERM)\n"                                                              \
	"muster: survivors: 0\n"

static inline void fill_result(const struct text_case *c, struct job_result *result, char **tail)
{
	*result = (struct job_result){
		.outcome = c->outcome,
		.first_failure = c->first_failure,
		.stop_signal = c->stop_signal,
		.start_timed_out = c->start_timed_out,
		.restarts = c->restarts,
		.budget_used = c->budget_used,
		.survivors = c->survivors,
		.leftovers = c->leftovers,
		.kept = c->kept,
		.elapsed_ns = INT64_C(15250000000),
		.stop_ns = INT64_C(13250000000),
		.error_text = borrowed(c->error_text),
		.nprocs = c->nprocs == 0 ? 4 : c->nprocs,
	};
	result->ranks = memory_zeroed(result->nprocs * sizeof *result->ranks);
	memcpy(result->ranks, c->ranks, result->nprocs * sizeof *result->ranks);
	result->ranks[result->nprocs - 1].lost_detail = borrowed(c->detail);
	for (uint32_t i = 0; i < TAIL_MAX && c->tail[i] != NULL; i++)
		tail[i] = borrowed(c->tail[i]);
	if (c->first_failure != NO_RANK && (tail[0] != NULL || c->empty_tail))
		result->ranks[c->first_failure].stderr_tail = tail;
}

static inline void fill_job(const struct text_case *c, struct report_fixture *f, char **command)
{
	struct job_spec *spec = &f->job.spec;
	launch_plan_finish(&f->plan);
	spec->timeout_ms = 30000;
	spec->start_timeout_ms = 1500;
	spec->failure.policy = c->policy;
	f->job.context.waited_ms = c->waited_ms;
	spec->limits.cpu_time_s = c->cpu_time_s == 0 ? NOT_SET : c->cpu_time_s;
	spec->limits.memory_bytes = c->memory_bytes == 0 ? NOT_SET : c->memory_bytes;
	spec->working_directory = borrowed(c->working_directory);
	command[0] = borrowed(c->command == NULL ? "/bin/work" : c->command);
	spec->command.items = command;
	for (uint32_t rank = 0; c->unbound && rank < f->job.placement.nprocs; rank++)
		f->job.placement.ranks[rank].bound = false;
	f->plan = fixture_make_plan(&f->job);
	f->facts.core_pattern = c->core_pattern == NULL ? "core" : c->core_pattern;
	f->facts.core_uses_pid = c->core_uses_pid;
	f->facts.colour = c->colour;
}

static inline void check_words(const struct text_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct report_fixture f;
		struct job_result result;
		struct text text = {0};
		char *tail[TAIL_MAX + 1] = {NULL}, *command[2] = {NULL};
		fill_result(&cases[i], &result, tail);
		report_fixture_begin(&f, &result);
		fill_job(&cases[i], &f, command);
		text_add(&text, "");
		report_text_add_failure(&text, &f.facts);
		if (strcmp(text.bytes, cases[i].expected) != 0)
			fail_msg("%s:\n%s\ninstead of\n%s", cases[i].what, text.bytes, cases[i].expected);
		text_finish(&text);
		report_fixture_end(&f);
		free(result.ranks);
	}
}

#endif
