/* SPDX-License-Identifier: MIT
 *
 * rankless_json: see rankless_json.h. It is the record of a plan without ranks.
 */
#include "report/rankless_json.h"

#include "base/memory.h"
#include "plan/launch_plan.h"
#include "report/report_json.h"
#include "run/job_result.h"

#include <stdlib.h>

char *report_json_format_rankless(const struct rankless_job *job, const char *host)
{
	const struct placement nothing = {0};
	uint32_t nprocs = job->nprocs != 0 ? job->nprocs : job->spec->nprocs;
	const struct launch_plan plan = {
		.spec = job->spec,
		.placement = &nothing,
		.job_id = job->id,
		.job_name = job->spec->name,
		.nprocs = nprocs,
		.world_size = nprocs,
		.waited_ms = job->waited_ms,
	};
	char *why = memory_copy_text(job->why);
	const struct job_result result = {
		.outcome = job->outcome,
		.exit_code = job->exit_code,
		.stop_signal = job->stop_signal,
		.first_failure = NO_RANK,
		.error_text = why,
		.started = job->began,
		.ended = job->ended,
		.elapsed_ns = job->elapsed_ns,
		.cgroup = job->cgroup,
		.survivors = job->survivors,
		.restarts = job->restarts,
	};
	const struct report_facts facts = {.plan = &plan, .result = &result, .held_cpus = job->held_cpus};
	char *document = report_json_format(&facts, host);
	free(why);
	return document;
}
