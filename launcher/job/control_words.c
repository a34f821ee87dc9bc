/* SPDX-License-Identifier: MIT
 *
 * control_words: see control_words.h.
 */
#include "job/control_words.h"

#include "base/error.h"
#include "base/index_set.h"
#include "job/job_json.h"
#include "plan/launch_plan.h"
#include "plan/placement.h"
#include "report/library_json.h"
#include "run/job_result.h"
#include "run/process_stat.h"
#include "run/supervisor_control.h"
#include "spec/units.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

/* What is told of so many, with so long lists of CPUs in all, fits into a message, whatever labels they have. */
enum { STATUS_PAGE_RANKS = 100, STATUS_PAGE_LISTS = 16 * 1024 };

static json_t *refuse(const char *text)
{
	return json_pack("{s:s}", "error", text);
}

/* --- status --- */

static const char *state_of(const struct job_state *state, uint32_t local_rank)
{
	struct process_stat stat;
	if (state->pids[local_rank] == 0)
		return state->result->ranks[local_rank].end == RANK_NOT_STARTED ? "not-started" : "ended";
	if (!process_stat_read(state->pids[local_rank], &stat))
		return "running";
	return stat.state == 'T' || stat.state == 't' ? "stopped" : "running";
}

static void add_end(json_t *made, const struct rank_result *rank)
{
	char name[UNIT_TEXT_BYTES];
	if (rank->end == RANK_EXITED)
		json_object_set_new(made, "exit_code", json_integer(rank->exit_code));
	else if (rank->end == RANK_SIGNALED)
		json_object_set_new(made, "signal", json_string(signal_format(rank->signal, name)));
}

static const struct index_set *cpus_of(const struct control_subject *subject, uint32_t local_rank)
{
	return &subject->plan->ranks[local_rank].place->cpus;
}

static json_t *rank_status(const struct control_subject *subject, const struct job_state *state, uint32_t local_rank)
{
	const struct rank_result *rank = &state->result->ranks[local_rank];
	const struct rank_plan *plan = &subject->plan->ranks[local_rank];
	json_t *made =
		json_pack("{s:I, s:I, s:s, s:o}", "rank", (json_int_t)plan->rank, "pid", (json_int_t)rank->pid, "state",
	                  state_of(state, local_rank), "cpus", job_json_list(cpus_of(subject, local_rank)));
	if (state->pids[local_rank] == 0) {
		add_end(made, rank);
	} else {
		const struct rank_wait wait = supervisor_rank_wait(subject->supervisor, local_rank);
		json_object_set_new(made, "waiting", waiting_json(&wait));
	}
	return made;
}

/* Of the page that begins with `first`; one rank at least, unless there is none. */
static uint32_t page_end(const struct control_subject *subject, uint32_t first, uint32_t count)
{
	size_t lists = 0;
	uint32_t end = first;
	while (end < count && end - first < STATUS_PAGE_RANKS) {
		lists += index_set_format(cpus_of(subject, end), NULL, 0);
		if (end > first && lists > STATUS_PAGE_LISTS)
			break;
		end++;
	}
	return end;
}

static json_t *tell_status(const struct control_subject *subject, json_t *request)
{
	const struct job_state state = supervisor_look(subject->supervisor);
	json_int_t from = json_integer_value(json_object_get(request, "from"));
	uint32_t count = state.result->nprocs;
	uint32_t first = from < 0 || from > count ? count : (uint32_t)from;
	uint32_t end = page_end(subject, first, count);
	json_t *ranks = json_array();
	for (uint32_t r = first; r < end; r++)
		json_array_append_new(ranks, rank_status(subject, &state, r));
	json_t *made = json_pack("{s:s, s:I, s:I, s:f, s:I, s:o}", "state", state.name, "nprocs", (json_int_t)count,
	                         "running", (json_int_t)state.running, "elapsed_s", (double)state.elapsed_ns / 1e9,
	                         "restarts", (json_int_t)state.result->restarts, "ranks", ranks);
	if (end < count)
		json_object_set_new(made, "next", json_integer(end));
	return made;
}

/* --- what changes something --- */

static json_t *send_signal(const struct control_subject *subject, json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "signal"));
	json_t *list = json_object_get(request, "ranks");
	struct index_set ranks = {0};
	struct error err;
	int signal;
	if (name == NULL || signal_parse(name, &signal, &err) < 0)
		return refuse(name == NULL ? "signal: which?" : err.text);
	if (list != NULL && !json_is_string(list))
		return refuse("ranks: a list like \"0-3,8\"");
	if (list != NULL && index_set_parse(&ranks, json_string_value(list), subject->plan->nprocs - 1, &err) < 0)
		return refuse(err.text);
	uint32_t sent = supervisor_signal(subject->supervisor, signal, list == NULL ? NULL : &ranks);
	index_set_finish(&ranks);
	return json_pack("{s:I}", "sent", (json_int_t)sent);
}

static json_t *stop(const struct control_subject *subject, json_t *request)
{
	json_t *grace = json_object_get(request, "grace_ms");
	json_int_t grace_ms = grace == NULL ? -1 : json_integer_value(grace);
	if (grace != NULL && (!json_is_integer(grace) || grace_ms < 0 || grace_ms > INT32_MAX))
		return refuse("grace_ms: a number of milliseconds");
	supervisor_stop(subject->supervisor, grace_ms);
	return json_pack("{s:b}", "stopping", true);
}

/* --- all --- */

static json_t *act(const struct control_subject *subject, json_t *request, bool *silent)
{
	const char *what = json_string_value(json_object_get(request, "do"));
	*silent = what != NULL && strcmp(what, "watch") == 0;
	if (what == NULL)
		return refuse("a message is an object with \"do\"");
	if (*silent)
		return NULL;
	if (subject->supervisor == NULL)
		return refuse("the job is at its end");
	if (strcmp(what, "status") == 0)
		return tell_status(subject, request);
	if (strcmp(what, "signal") == 0)
		return send_signal(subject, request);
	if (strcmp(what, "stop") == 0)
		return stop(subject, request);
	return refuse("do: status, signal, stop or watch");
}

char *control_words_answer(void *context, const char *message, size_t length)
{
	bool silent;
	json_error_t where;
	json_t *request = json_loadb(message, length, JSON_REJECT_DUPLICATES, &where);
	json_t *made = act(context, request, &silent);
	char *text = made == NULL ? NULL : json_dumps(made, JSON_COMPACT);
	json_decref(made);
	json_decref(request);
	return silent || text != NULL ? text : strdup("{\"error\":\"no memory\"}");
}
