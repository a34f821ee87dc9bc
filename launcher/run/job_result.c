/* SPDX-License-Identifier: MIT
 *
 * job_result: see job_result.h. Its texts are on the heap, each of its own, since they come up while ranks live.
 */
#include "run/job_result.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

const char *job_outcome_name(enum job_outcome outcome)
{
	static const char *const names[] = {[OUTCOME_OK] = "ok",
	                                    [OUTCOME_FAILED] = "failed",
	                                    [OUTCOME_TIMEOUT] = "timeout",
	                                    [OUTCOME_STOPPED] = "stopped",
	                                    [OUTCOME_ERROR] = "error"};
	return names[outcome];
}

void job_result_init(struct job_result *result, uint32_t nprocs)
{
	*result = (struct job_result){.nprocs = nprocs, .first_failure = NO_RANK};
	result->ranks = memory_zeroed(nprocs * sizeof *result->ranks);
	for (uint32_t rank = 0; rank < nprocs; rank++) {
		result->ranks[rank].end = RANK_NOT_STARTED;
		result->ranks[rank].death_order = NO_RANK;
		result->ranks[rank].started_ns = TIME_UNKNOWN;
		result->ranks[rank].ended_ns = TIME_UNKNOWN;
		result->ranks[rank].waits_since_ns = TIME_UNKNOWN;
	}
}

static void free_lines(char **lines)
{
	for (char **line = lines; line != NULL && *line != NULL; line++)
		free(*line);
	free(lines);
}

void job_result_finish(struct job_result *result)
{
	for (uint32_t rank = 0; result->ranks != NULL && rank < result->nprocs; rank++) {
		free(result->ranks[rank].lost_detail);
		if (result->ranks[rank].library != NULL)
			free(result->ranks[rank].library->events);
		free(result->ranks[rank].library);
		free_lines(result->ranks[rank].stderr_tail);
	}
	free(result->ranks);
	free(result->error_text);
	free(result->cgroup);
	free_lines(result->warnings);
	*result = (struct job_result){.first_failure = NO_RANK};
}

void job_result_add_warning(struct job_result *result, const char *text)
{
	size_t count = 0;
	while (result->warnings != NULL && result->warnings[count] != NULL)
		count++;
	char **grown = reallocarray(result->warnings, count + 2, sizeof *grown);
	if (grown == NULL)
		return;
	grown[count] = strdup(text);
	grown[count + 1] = NULL;
	result->warnings = grown;
}
