/* SPDX-License-Identifier: MIT
 *
 * rank_key: see rank_key.h.
 */
#include "plan/rank_key.h"

#include "spec/job_spec.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static const struct {
	const char *of_job;
	const char *of_exception;
} names[] = {
	[RANK_COMMAND] = {"command", "command"},
	[RANK_DIRECTORY] = {"working_directory", "working_directory"},
	[RANK_STDOUT] = {"output.stdout", "stdout"},
	[RANK_STDERR] = {"output.stderr", "stderr"},
};

static bool has_part(const struct rank_exception *exception, enum rank_part part)
{
	switch (part) {
	case RANK_COMMAND:
		return exception->command.count > 0;
	case RANK_DIRECTORY:
		return exception->working_directory != NULL;
	case RANK_STDOUT:
		return exception->stdout_sinks.count > 0;
	case RANK_STDERR:
		return exception->stderr_sinks.count > 0;
	}
	return false;
}

const char *rank_key(char key[ERROR_KEY_BYTES], const struct job_spec *spec, uint32_t rank, enum rank_part part)
{
	uint32_t entry = 0;
	while (entry < spec->ranks_count && !index_set_has(&spec->ranks[entry].ranks, rank))
		entry++;
	if (entry < spec->ranks_count && has_part(&spec->ranks[entry], part))
		snprintf(key, ERROR_KEY_BYTES, "ranks[%" PRIu32 "].%s", entry, names[part].of_exception);
	else
		snprintf(key, ERROR_KEY_BYTES, "%s", names[part].of_job);
	return key;
}
