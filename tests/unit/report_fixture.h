/* SPDX-License-Identifier: MIT
 *
 * report_fixture: the plan of a small job and results written as tables, for tests of what is said about them.
 */
#ifndef MUSTER_TESTS_REPORT_FIXTURE_H
#define MUSTER_TESTS_REPORT_FIXTURE_H

#include "plan_fixture.h"

#include "report/rank_words.h"
#include "run/job_result.h"

#include <signal.h>
#include <stdio.h>

/* Ends of ranks: `order` is the death order, and they ended `at_ms` after the start. */
#define EXITED(code, order, at_ms)                                                                                     \
	.end = RANK_EXITED, .exit_code = (code), .death_order = (order), .ended_ns = (at_ms)*INT64_C(1000000)
#define SIGNALED(number, order, at_ms)                                                                                 \
	.end = RANK_SIGNALED, .signal = (number), .death_order = (order), .ended_ns = (at_ms)*INT64_C(1000000)

struct report_fixture {
	struct fixture job;
	struct launch_plan plan;
	struct report_facts facts;
};

/* Rank N has pid 4300 + N and is bound to CPUs N and N + 8; the stop signal is SIGTERM, the grace 5 s. */
static inline void report_fixture_begin(struct report_fixture *f, struct job_result *result)
{
	char cpus[32];
	fixture_begin(&f->job, result->nprocs);
	for (uint32_t rank = 0; rank < result->nprocs; rank++) {
		snprintf(cpus, sizeof cpus, "%u,%u", rank % 8, rank % 8 + 8);
		fixture_place(&f->job, rank, cpus, true);
		result->ranks[rank].pid = result->ranks[rank].end == RANK_NOT_STARTED ? 0 : (pid_t)(4300 + rank);
	}
	f->job.spec.failure.signal = SIGTERM;
	result->asked_with = SIGTERM;
	f->job.spec.failure.grace_ms = 5000;
	f->job.spec.failure.max_restarts = 3;
	f->job.spec.limits.memory_bytes = NOT_SET;
	f->plan = fixture_make_plan(&f->job);
	f->facts = (struct report_facts){.plan = &f->plan, .result = result, .core_pattern = "core"};
}

static inline void report_fixture_end(struct report_fixture *f)
{
	launch_plan_finish(&f->plan);
	fixture_end(&f->job);
}

#endif
