/* SPDX-License-Identifier: MIT
 *
 * job_keeper: see job_keeper.h. Events of the first moments are gathered, for there may be as many ends as ranks then;
 * later each is written as it comes. What is written is whole lines, at once, so that a reader never sees half a one.
 */
#include "job/job_keeper.h"

#include "base/error.h"
#include "base/patient_write.h"
#include "base/text.h"
#include "job/control_server.h"
#include "job/control_words.h"
#include "job/job_json.h"
#include "job/job_places.h"
#include "job/job_prune.h"
#include "job/job_record.h"
#include "job/start_word.h"
#include "plan/launch_plan.h"
#include "report/plan_view.h"
#include "run/job_result.h"
#include "run/output.h"
#include "run/supervisor_control.h"
#include "spec/units.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
	SETTLED_AFTER_MS = 20, /* jobs that are over by then need no socket, and no write for each event */
	/* Of disk that a report will do with, and of a rank in it; of so many ranks at most. */
	REPORT_BYTES = 16 * 1024,
	REPORT_RANK_BYTES = 512,
	REPORT_RANKS = 1024,
};

struct job_keeper {
	struct job_facts facts;
	struct supervision_listener listener;
	struct control_subject subject;
	struct supervisor *supervisor;
	uv_loop_t *loop;
	uv_timer_t settling;
	struct control_server *server;
	struct text events;  /* that are yet to be written */
	struct text warning; /* said once, and to whoever started the job as well */
	int events_fd;       /* -1: not open as yet */
	int report_fd;       /* begun while the ranks run, for nobody waits then */
	int64_t last_ns;     /* when something was last told */
	bool tried;          /* to make the record */
	bool settled;        /* events are written as they come */
	bool complete;       /* plan and spec are there */
};

/* What is lacking, why, and what comes of that. One line, and where a job that nobody watches has no place for records
 * by design, none. Of a detached job the command that started it says it, too, as long as that listens: nobody looks
 * into a log without a reason. */
static void warn(struct job_keeper *keeper, const char *lack, const char *why, const char *effect)
{
	if (keeper->warning.length > 0 || keeper->facts.quiet || !job_places_known())
		return;
	text_add_format(&keeper->warning, "muster: warning: %s: %s%s\n", lack, why, effect);
	if (keeper->supervisor != NULL)
		output_note(keeper->facts.output, keeper->warning.bytes);
	else
		patient_say(keeper->warning.bytes);
}

static void warn_of_record(struct job_keeper *keeper, const struct error *err)
{
	warn(keeper, "no whole record of this job is kept", err->text, "");
}

static bool has_record(const struct job_keeper *keeper)
{
	return keeper->facts.record->directory >= 0;
}

/* --- events --- */

static void begin_event(struct job_keeper *keeper, const char *name)
{
	keeper->last_ns = supervisor_look(keeper->supervisor).elapsed_ns;
	text_add_format(&keeper->events, "{\"t\":%.6f,\"event\":\"%s\"", (double)keeper->last_ns / 1e9, name);
}

static void write_events(struct job_keeper *keeper)
{
	struct error err;
	if (!has_record(keeper)) /* nor will have one */
		keeper->events.length = 0;
	if (keeper->events.length == 0)
		return;
	if (keeper->events_fd < 0)
		keeper->events_fd = job_record_open(keeper->facts.record, "events.jsonl", &err);
	if (keeper->events_fd < 0) {
		warn_of_record(keeper, &err);
		return;
	}
	ssize_t wrote = write(keeper->events_fd, keeper->events.bytes, keeper->events.length);
	if (wrote >= 0 && (size_t)wrote < keeper->events.length) /* a full disk: the next line begins on its own */
		(void)!write(keeper->events_fd, "\n", 1);
	keeper->events.length = 0;
}

static void end_event(struct job_keeper *keeper)
{
	text_add(&keeper->events, "}\n");
	if (keeper->settled)
		write_events(keeper);
}

static void tell_born(struct job_keeper *keeper)
{
	const struct job_state state = supervisor_look(keeper->supervisor);
	begin_event(keeper, "started");
	text_add(&keeper->events, ",\"pids\":[");
	for (uint32_t r = 0; r < state.result->nprocs; r++)
		text_add_format(&keeper->events, "%s%d", r == 0 ? "" : ",", (int)state.result->ranks[r].pid);
	text_add(&keeper->events, "]");
	end_event(keeper);
}

static void tell_rank_ended(struct job_keeper *keeper, uint32_t local_rank)
{
	const struct rank_result *rank = &supervisor_look(keeper->supervisor).result->ranks[local_rank];
	char name[UNIT_TEXT_BYTES];
	begin_event(keeper, "rank_ended");
	text_add_format(&keeper->events, ",\"rank\":%" PRIu32, keeper->facts.plan->ranks[local_rank].rank);
	if (rank->end == RANK_SIGNALED)
		text_add_format(&keeper->events, ",\"signal\":\"%s\"", signal_format(rank->signal, name));
	else if (rank->end == RANK_EXITED)
		text_add_format(&keeper->events, ",\"exit_code\":%d", rank->exit_code);
	else
		text_add_format(&keeper->events, ",\"failed_step\":\"%s\"", rank_step_name(rank->failed_step));
	end_event(keeper);
}

/* --- the files --- */

static void put(struct job_keeper *keeper, const char *file, const char *bytes, size_t length)
{
	struct error err;
	if (bytes != NULL && job_record_put(keeper->facts.record, file, bytes, length, &err) < 0)
		warn_of_record(keeper, &err);
}

/* Of a job in the foreground, where it will be in a moment. */
static const char *socket_path(const struct job_keeper *keeper, char path[static PATH_MAX])
{
	if (!keeper->facts.plan->spec->join)
		return control_server_path(keeper->server);
	return control_server_place(path, keeper->facts.record->id) < 0 ? NULL : path;
}

static void put_job(struct job_keeper *keeper)
{
	struct timespec now = supervisor_look(keeper->supervisor).result->started;
	char path[PATH_MAX];
	char *json = job_json_format(keeper->facts.plan, keeper->facts.guards, keeper->facts.held_cpus,
	                             keeper->facts.directory, socket_path(keeper, path), &now);
	size_t length = json == NULL ? 0 : strlen(json);
	struct error err;
	if (json != NULL && job_record_put_job(keeper->facts.record, json, length, &err) < 0)
		warn_of_record(keeper, &err);
	free(json);
}

static void open_socket(struct job_keeper *keeper)
{
	struct error err;
	if (keeper->server != NULL || !has_record(keeper))
		return;
	keeper->server = control_server_create(keeper->facts.record->id, keeper->loop, control_words_answer,
	                                       &keeper->subject, &err);
	if (keeper->server == NULL)
		warn(keeper, "this job has no control socket", err.text,
		     ": muster status and signal cannot reach it, muster stop can");
}

/* Of a job that nobody sees the end of, the disk may be full by then. */
static void begin_report(struct job_keeper *keeper)
{
	const struct launch_plan *plan = keeper->facts.plan;
	size_t ranks = plan->nprocs < REPORT_RANKS ? plan->nprocs : REPORT_RANKS;
	keeper->report_fd = job_record_begin_file(keeper->facts.record, "report.json");
	if (plan->spec->join)
		return;
	int rc = job_record_reserve(keeper->report_fd, REPORT_BYTES + ranks * REPORT_RANK_BYTES);
	if (rc < 0)
		warn(keeper, "no room could be kept for this job's report", strerror(-rc),
		     ": how it ended may be told by its exit code alone");
}

/* The record of a job in the foreground is made here; that of a detached one was there before. */
static void begin_record(struct job_keeper *keeper)
{
	struct error err;
	if (keeper->tried)
		return;
	keeper->tried = true;
	if (!has_record(keeper) && job_record_make(keeper->facts.record, &err) < 0)
		warn_of_record(keeper, &err);
	if (!has_record(keeper))
		return;
	if (!keeper->facts.plan->spec->join)
		open_socket(keeper);
	put_job(keeper);
	begin_report(keeper);
}

static void complete_record(struct job_keeper *keeper)
{
	const struct job_spec *spec = keeper->facts.plan->spec;
	struct text plan = {0};
	if (keeper->complete || !has_record(keeper))
		return;
	keeper->complete = true;
	plan_json(&plan, keeper->facts.view);
	put(keeper, "plan.json", plan.bytes, plan.length);
	put(keeper, "spec.yaml", spec->text, spec->text_length);
	text_finish(&plan);
}

static void on_settled(uv_timer_t *timer)
{
	struct job_keeper *keeper = timer->data;
	open_socket(keeper);
	keeper->settled = true;
	write_events(keeper);
	complete_record(keeper);
}

/* From the first time on: ranks may be started again and again, faster than this settles. */
static void begin_settling(struct job_keeper *keeper)
{
	begin_record(keeper);
	if (!keeper->settled && !uv_is_active((uv_handle_t *)&keeper->settling))
		uv_timer_start(&keeper->settling, on_settled, SETTLED_AFTER_MS, 0);
}

/* --- what is told --- */

static void on_open(void *context, struct supervisor *supervisor, uv_loop_t *loop)
{
	struct job_keeper *keeper = context;
	keeper->supervisor = supervisor;
	keeper->subject = (struct control_subject){supervisor, keeper->facts.plan};
	keeper->loop = loop;
	uv_timer_init(loop, &keeper->settling);
	keeper->settling.data = keeper;
}

static void on_moment(void *context, enum job_moment moment, uint32_t local_rank)
{
	struct job_keeper *keeper = context;
	switch (moment) {
	case MOMENT_BORN:
		tell_born(keeper);
		begin_settling(keeper);
		break;
	case MOMENT_EXECUTED:
		start_word_say(keeper->facts.starter, 0, keeper->warning.bytes != NULL ? keeper->warning.bytes : "");
		break;
	case MOMENT_RANK_ENDED:
		tell_rank_ended(keeper, local_rank);
		break;
	case MOMENT_STOPPING:
		begin_event(keeper, "stopping");
		end_event(keeper);
		break;
	case MOMENT_RESTART:
		begin_event(keeper, "restart");
		text_add_format(&keeper->events, ",\"restarts\":%" PRIu32,
		                supervisor_look(keeper->supervisor).result->restarts + 1);
		end_event(keeper);
		begin_settling(keeper); /* the ranks may never all have been started, nor will be */
		break;
	}
}

static void on_close(void *context)
{
	struct job_keeper *keeper = context;
	begin_record(keeper); /* of a job whose ranks could not all be started */
	uv_close((uv_handle_t *)&keeper->settling, NULL);
	control_server_detach(keeper->server);
	keeper->supervisor = keeper->subject.supervisor = NULL;
}

struct job_keeper *job_keeper_create(const struct job_facts *facts)
{
	struct job_keeper *keeper = calloc(1, sizeof *keeper);
	if (keeper == NULL)
		return NULL;
	keeper->facts = *facts;
	keeper->events_fd = -1;
	json_object_seed(1 + (size_t)getpid()); /* else it reads a file of random numbers; this is to differ, no more */
	keeper->listener =
		(struct supervision_listener){.open = on_open, .tell = on_moment, .close = on_close, .context = keeper};
	return keeper;
}

const struct supervision_listener *job_keeper_listener(const struct job_keeper *keeper)
{
	return keeper == NULL ? NULL : &keeper->listener;
}

void job_keeper_finish(struct job_keeper *keeper, const struct job_result *result, const char *report)
{
	if (keeper == NULL)
		return;
	bool detached = !keeper->facts.plan->spec->join;
	if (detached)
		complete_record(keeper);
	text_add_format(&keeper->events, "{\"t\":%.6f,\"event\":\"ended\",\"outcome\":\"%s\",\"exit_code\":%d}\n",
	                (double)result->elapsed_ns / 1e9, job_outcome_name(result->outcome), result->exit_code);
	/* What was over in a moment is told by the report alone, but for groups before the last. */
	if (keeper->settled || detached || result->restarts > 0)
		write_events(keeper);
	struct error err;
	if (has_record(keeper) && report != NULL &&
	    job_record_finish_file(keeper->facts.record, "report.json", keeper->report_fd, report, strlen(report),
	                           &err) < 0) {
		warn_of_record(keeper, &err);
		write_events(keeper); /* they are all that tells of its end */
	}
}

void job_keeper_destroy(struct job_keeper *keeper)
{
	if (keeper == NULL)
		return;
	control_server_destroy(keeper->server);
	if (has_record(keeper))
		job_prune_now_and_then(keeper->facts.record->id);
	if (keeper->events_fd >= 0)
		close(keeper->events_fd);
	text_finish(&keeper->events);
	text_finish(&keeper->warning);
	free(keeper);
}
