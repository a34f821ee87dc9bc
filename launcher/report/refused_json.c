/* SPDX-License-Identifier: MIT
 *
 * refused_json: see refused_json.h. It is the record of a plan without ranks.
 */
#include "report/refused_json.h"

#include "plan/launch_plan.h"
#include "report/report_json.h"
#include "run/job_result.h"

char *report_json_format_refused(const struct refused_job *job, const char *host)
{
	const struct placement nothing = {0};
	const struct launch_plan plan = {
		.spec = job->spec,
		.placement = &nothing,
		.job_id = job->id,
		.job_name = job->spec->name,
		.nprocs = job->spec->nprocs,
		.world_size = job->spec->nprocs,
	};
	const struct job_result result = {
		.outcome = OUTCOME_ERROR,
		.exit_code = job->exit_code,
		.first_failure = NO_RANK,
		.error_text = job->why,
		.started = job->began,
		.ended = job->ended,
		.elapsed_ns = (job->ended.tv_sec - job->began.tv_sec) * INT64_C(1000000000) + job->ended.tv_nsec -
	                      job->began.tv_nsec,
		.survivors = job->survivors,
	};
	return report_json_format(&(struct report_facts){.plan = &plan, .result = &result}, host);
}
