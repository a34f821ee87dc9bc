/* SPDX-License-Identifier: MIT
 *
 * report_json: see report_json.h. Times are seconds since the job's start, with all the digits that were measured.
 */
#include "report/report_json.h"

#include "base/date.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "report/earlier_traceback.h"
#include "report/json_text.h"
#include "report/library_json.h"
#include "report/report_text.h"
#include "run/job_result.h"
#include "spec/units.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* 12.1 is written "12.1", and a week still has its nanoseconds. */
enum { REAL_DIGITS = 15 };

/* --- text --- */

static json_t *make_texts(char *const *list)
{
	json_t *array = json_array();
	for (; list != NULL && *list != NULL; list++)
		json_array_append_new(array, json_text(*list));
	return array;
}

/* --- numbers, times, signals --- */

static json_t *make_date(const struct timespec *time)
{
	char date[DATE_BYTES];
	return json_string(date_format(date, time, 3));
}

static json_t *make_signal(bool is_one, int signal)
{
	char name[UNIT_TEXT_BYTES];
	return is_one ? json_string(signal_format(signal, name)) : json_null();
}

static json_t *make_pid(pid_t pid)
{
	return pid > 0 ? json_integer(pid) : json_null();
}

/* --- ranks --- */

static const char *end_name(enum rank_end end)
{
	switch (end) {
	case RANK_NOT_STARTED:
		return "not-started";
	case RANK_NOT_EXECUTED:
		return "not-executed";
	case RANK_EXITED:
		return "exited";
	case RANK_SIGNALED:
		return "signaled";
	case RANK_LOST:
		break;
	}
	return "lost";
}

/* What a step between clone and exec failed with; null for ranks that ran. */
static json_t *make_failed_step(const struct rank_result *rank)
{
	if (rank->end != RANK_NOT_EXECUTED)
		return json_null();
	const char *name = strerrorname_np(rank->failed_errno);
	json_t *step = json_object();
	json_object_set_new(step, "step", json_string(rank_step_name(rank->failed_step)));
	json_object_set_new(step, "errno", name == NULL ? json_null() : json_string(name));
	json_object_set_new(step, "message", json_text(strerror(rank->failed_errno)));
	return step;
}

static json_t *make_rank(const struct report_facts *facts, const char *host, uint32_t local_rank)
{
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	const struct rank_plan *plan = &facts->plan->ranks[local_rank];
	json_t *made = json_object();
	json_object_set_new(made, "rank", json_integer(plan->rank));
	json_object_set_new(made, "host", json_text(host));
	json_object_set_new(made, "pid", make_pid(rank->pid));
	json_object_set_new(made, "cpus", json_set(&plan->place->cpus));
	json_object_set_new(made, "bound", json_boolean(plan->place->bound));
	json_object_set_new(made, "end", json_string(end_name(rank->end)));
	json_object_set_new(made, "exit_code", rank->end == RANK_EXITED ? json_integer(rank->exit_code) : json_null());
	json_object_set_new(made, "signal", make_signal(rank->end == RANK_SIGNALED, rank->signal));
	json_object_set_new(made, "core_dumped", json_boolean(rank->core_dumped));
	json_object_set_new(made, "out_of_memory", json_boolean(rank->out_of_memory));
	json_object_set_new(made, "failed_step", make_failed_step(rank));
	json_object_set_new(made, "stopped", json_boolean(rank->stopped));
	json_object_set_new(made, "killed", json_boolean(rank->killed));
	json_object_set_new(made, "in_wake", json_boolean(rank->in_wake));
	json_object_set_new(made, "detail", json_text(rank->lost_detail));
	json_object_set_new(made, "death_order",
	                    rank->death_order == NO_RANK ? json_null() : json_integer(rank->death_order));
	json_object_set_new(made, "user_s", json_real((double)rank->user_us / 1e6));
	json_object_set_new(made, "system_s", json_real((double)rank->system_us / 1e6));
	json_object_set_new(made, "max_rss_bytes", json_integer(rank->max_rss_bytes));
	json_object_set_new(made, "started_s", json_seconds(rank->started_ns));
	json_object_set_new(made, "ended_s", json_seconds(rank->ended_ns));
	json_object_set_new(made, "library", library_json(rank));
	return made;
}

static json_t *make_first_failure(const struct report_facts *facts, const char *host)
{
	uint32_t local_rank = facts->result->first_failure;
	if (local_rank == NO_RANK)
		return json_null();
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	const struct rank_plan *plan = &facts->plan->ranks[local_rank];
	bool exited = rank->end == RANK_EXITED && !rank->missed;
	struct text words = {0};
	add_rank_end(&words, facts, local_rank);
	json_t *made = json_object();
	json_object_set_new(made, "rank", json_integer(plan->rank));
	json_object_set_new(made, "host", json_text(host));
	json_object_set_new(made, "pid", make_pid(rank->pid));
	json_object_set_new(made, "cpus", json_set(&plan->place->cpus));
	json_object_set_new(made, "kind", json_string(failure_kind(facts->result, local_rank)));
	json_object_set_new(made, "code", exited ? json_integer(rank->exit_code) : json_null());
	json_object_set_new(made, "signal", make_signal(rank->end == RANK_SIGNALED && !rank->missed, rank->signal));
	json_object_set_new(made, "core_dumped", json_boolean(rank->core_dumped));
	json_object_set_new(made, "failed_step", make_failed_step(rank));
	json_object_set_new(made, "what", json_text(words.bytes));
	json_object_set_new(made, "at_s", json_seconds(rank->ended_ns));
	json_object_set_new(made, "stderr_tail", make_texts(rank->stderr_tail));
	text_finish(&words);
	return made;
}

static json_t *make_earlier_traceback(const struct report_facts *facts)
{
	uint32_t local_rank = earlier_traceback(facts->result);
	if (local_rank == NO_RANK)
		return json_null();
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	json_t *made = json_object();
	json_object_set_new(made, "rank", json_integer(facts->plan->ranks[local_rank].rank));
	json_object_set_new(made, "at_s", json_seconds(rank->traceback_ns));
	json_object_set_new(made, "stderr_tail", make_texts(rank->stderr_tail));
	return made;
}

/* --- the whole --- */

/* Of a job that was refused it may not be known. */
static json_t *make_count(uint32_t ranks)
{
	return ranks > 0 ? json_integer(ranks) : json_null();
}

static json_t *make_job(const struct launch_plan *plan, const char *host)
{
	json_t *job = json_object();
	json_t *command = make_texts(plan->spec->command.items);
	json_t *args = make_texts(plan->spec->args.items);
	json_array_extend(command, args);
	json_decref(args);
	json_object_set_new(job, "id", json_text(plan->job_id));
	json_object_set_new(job, "name", json_text(plan->job_name));
	json_object_set_new(job, "nprocs", make_count(plan->nprocs));
	json_object_set_new(job, "world_size", make_count(plan->world_size));
	json_object_set_new(job, "host", json_text(host));
	json_object_set_new(job, "source", json_text(plan->spec->source));
	json_object_set_new(job, "command", command);
	return job;
}

static json_t *make_wait_for_cores(const struct launch_plan *plan)
{
	return plan->waited_ms > 0 ? json_seconds(plan->waited_ms * 1000000) : json_null();
}

/* The plan's, then what came up while the job ran. */
static json_t *make_warnings(const struct report_facts *facts)
{
	json_t *warnings = json_array();
	for (uint32_t i = 0; i < facts->plan->warning_count; i++)
		json_array_append_new(warnings, json_text(facts->plan->warnings[i]));
	json_t *later = make_texts(facts->result->warnings);
	json_array_extend(warnings, later);
	json_decref(later);
	return warnings;
}

/* What a terminal was told or, of a reader that went away, spared: a line each. */
static json_t *make_summary(const struct report_facts *facts)
{
	static const char prefix[] = "muster: ";
	struct report_facts plain = *facts;
	struct text text = {0};
	json_t *lines = json_array();
	plain.colour = false;
	report_text_add_summary(&text, &plain);
	char *rest = text.bytes;
	for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
		bool own = strncmp(line, prefix, strlen(prefix)) == 0; /* errors of a spec begin with its name */
		json_array_append_new(lines, json_text(own ? line + strlen(prefix) : line));
	}
	text_finish(&text);
	return lines;
}

/* All but the ranks. */
static json_t *make_report(const struct report_facts *facts, const char *host)
{
	const struct job_result *result = facts->result;
	const struct index_set none = {0};
	json_t *report = json_object();
	json_object_set_new(report, "schema", json_string("muster.report/1"));
	json_object_set_new(report, "muster", json_string(MUSTER_VERSION));
	json_object_set_new(report, "job", make_job(facts->plan, host));
	json_object_set_new(report, "outcome", json_string(job_outcome_name(result->outcome)));
	json_object_set_new(report, "exit_code", json_integer(result->exit_code));
	json_object_set_new(report, "error", json_text(result->error_text));
	json_object_set_new(report, "summary", make_summary(facts));
	json_object_set_new(report, "stop_signal",
	                    make_signal(result->outcome == OUTCOME_STOPPED, result->stop_signal));
	json_object_set_new(report, "start_timed_out", json_boolean(result->start_timed_out));
	json_object_set_new(report, "started", make_date(&result->started));
	json_object_set_new(report, "ended", make_date(&result->ended));
	json_object_set_new(report, "elapsed_s", json_real((double)result->elapsed_ns / 1e9));
	json_object_set_new(report, "waited_for_cores_s", make_wait_for_cores(facts->plan));
	json_object_set_new(report, "restarts", json_integer(result->restarts));
	json_object_set_new(report, "survivors", json_integer(result->survivors));
	json_object_set_new(report, "leftovers", json_integer(result->leftovers));
	json_object_set_new(report, "kept", json_integer(result->kept));
	json_object_set_new(report, "cleanup", json_string(result->cgroup != NULL ? "cgroup" : "process tree"));
	json_object_set_new(report, "cgroup", json_text(result->cgroup));
	json_object_set_new(report, "held_cpus", json_set(facts->held_cpus != NULL ? facts->held_cpus : &none));
	json_object_set_new(report, "shared_with", make_texts(facts->plan->placement->shared_with));
	json_object_set_new(report, "warnings", make_warnings(facts));
	json_object_set_new(report, "first_failure", make_first_failure(facts, host));
	json_object_set_new(report, "earlier_traceback", make_earlier_traceback(facts));
	return report;
}

/* Takes `made` over. */
static void add_json(struct text *text, json_t *made, size_t flags)
{
	char *dumped = json_dumps(made, flags | JSON_REAL_PRECISION(REAL_DIGITS));
	json_decref(made);
	if (dumped == NULL)
		memory_exhausted();
	text_add(text, dumped);
	free(dumped);
}

/* Ranks are made and written one by one, a line each: 65,536 of them at once would take hundreds of megabytes. */
char *report_json_format(const struct report_facts *facts, const char *host)
{
	struct text text = {0};
	add_json(&text, make_report(facts, host), JSON_INDENT(1));
	assert(text.length > 2 && strcmp(text.bytes + text.length - 2, "\n}") == 0);
	text.length -= 2;
	text_add(&text, ",\n \"ranks\": [\n");
	for (uint32_t rank = 0; rank < facts->result->nprocs; rank++) {
		text_add(&text, "  ");
		add_json(&text, make_rank(facts, host, rank), 0);
		text_add(&text, rank + 1 < facts->result->nprocs ? ",\n" : "\n");
	}
	text_add(&text, " ]\n}\n");
	return text.bytes;
}
