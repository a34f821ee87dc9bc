/* SPDX-License-Identifier: MIT
 *
 * verdict: see verdict.h.
 */
#include "run/verdict.h"

#include "base/exit_code.h"
#include "run/job_result.h"
#include "spec/job_spec.h"

#include <errno.h>

enum { BACKOFF_MOST_MS = 60 * 1000 };

bool rank_failed(const struct rank_result *rank)
{
	if (rank->stopped)
		return false;
	switch (rank->end) {
	case RANK_EXITED:
		return rank->exit_code != 0;
	case RANK_SIGNALED:
	case RANK_NOT_EXECUTED:
	case RANK_LOST:
		return true;
	case RANK_NOT_STARTED:
		break;
	}
	return false;
}

static int code_of_failed_step(const struct rank_result *rank)
{
	if (rank->failed_step != STEP_EXECUTE)
		return EXIT_MUSTER;
	return rank->failed_errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

int rank_exit_code(const struct rank_result *rank)
{
	switch (rank->end) {
	case RANK_EXITED:
		return rank->exit_code;
	case RANK_SIGNALED:
		return EXIT_SIGNAL_BASE + rank->signal;
	case RANK_NOT_EXECUTED:
		return code_of_failed_step(rank);
	case RANK_LOST:
	case RANK_NOT_STARTED:
		break;
	}
	return EXIT_MUSTER;
}

/* Who others missed may have ended well itself: then the code is of the first that failed for want of it. */
static int code_of_job(const struct job_result *result)
{
	const struct rank_result *first = &result->ranks[result->first_failure];
	if (!first->missed)
		return rank_exit_code(first);
	for (uint32_t r = 0; r < result->nprocs; r++) {
		const struct rank_result *rank = &result->ranks[r];
		if (rank_failed(rank) && (!rank_failed(first) || rank->death_order < first->death_order))
			first = rank;
	}
	return rank_exit_code(first);
}

static void decide(struct job_result *result, enum job_outcome outcome, int exit_code)
{
	result->outcome = outcome;
	result->exit_code = exit_code;
}

void verdict_decide(struct job_result *result, enum job_cause cause)
{
	bool failed = result->first_failure != NO_RANK;
	switch (cause) {
	case CAUSE_TIME_LIMIT:
		decide(result, OUTCOME_TIMEOUT, EXIT_TIME_LIMIT);
		return;
	case CAUSE_STOPPED:
		decide(result, OUTCOME_STOPPED, EXIT_SIGNAL_BASE + result->stop_signal);
		return;
	case CAUSE_START_FAILED:
	case CAUSE_GUARD_GONE:
		decide(result, OUTCOME_ERROR, EXIT_MUSTER);
		return;
	case CAUSE_NONE:
	case CAUSE_RANK_FAILED:
		break;
	}
	if (failed)
		decide(result, OUTCOME_FAILED, code_of_job(result));
	else if (result->error_text != NULL || result->survivors > 0)
		decide(result, OUTCOME_ERROR, EXIT_MUSTER);
	else
		decide(result, OUTCOME_OK, 0);
}

void restart_budget_init(struct restart_budget *budget, const struct failure_spec *failure)
{
	*budget = (struct restart_budget){.used = 0, .backoff_ms = failure->backoff_ms};
}

bool restart_budget_take(struct restart_budget *budget, const struct failure_spec *failure, int64_t lived_ms,
                         int64_t *wait_ms)
{
	if (failure->policy != FAILURE_RESTART)
		return false;
	if (lived_ms >= failure->healthy_after_ms)
		restart_budget_init(budget, failure);
	if (budget->used >= failure->max_restarts)
		return false;
	budget->used++;
	*wait_ms = budget->backoff_ms < BACKOFF_MOST_MS ? budget->backoff_ms : BACKOFF_MOST_MS;
	budget->backoff_ms = *wait_ms * 2;
	return true;
}
