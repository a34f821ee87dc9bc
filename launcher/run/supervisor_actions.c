/* SPDX-License-Identifier: MIT
 *
 * supervisor_actions: what the table of the supervisor says is done: start, ask, kill, drain, clear, start again.
 */
#include "run/supervision_state.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "run/death_watch.h"
#include "run/descendants.h"
#include "run/guards.h"
#include "run/job_cgroup.h"
#include "run/oom_evidence.h"
#include "run/output.h"
#include "run/process_stat.h"
#include "run/rank_process.h"
#include "run/segment_record.h"
#include "run/stdin_feed.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	STARTS_A_TURN = 16, /* then signals and deaths are looked at */
	DRAIN_MS = 500,     /* how long leftovers may hold the job up */
	PATIENCE_MS = 5000, /* after SIGKILL, for what does not go */
	UNREAD_MS = 500,
	CLEAR_ROUND_MS = 20,
	LEFT_CHECK_MS = 50,
	EXEC_CHECK_MS = 1,
	LONG_STOP_MS = 1000,  /* then a person is told what is being waited for */
	WATCH_AFTER_MS = 2,   /* then it is looked whether a rank attached, and again after twice the time */
	WATCH_LATEST_MS = 64, /* of these times the last: from then on ranks are waited for */
	SETTLED_AFTER_MS = 100,
};

static void start_failed(struct supervisor *s, const struct error *err)
{
	if (s->start_error == NULL)
		s->start_error = strdup(err->text);
	supervisor_set_cause(s, CAUSE_START_FAILED);
	uv_idle_stop(&s->starter);
	supervisor_post(s, EVENT_START_FAILED);
}

/* A job that has come so far may live for days, and its supervisor does nothing meanwhile. Where ranks wait for one
 * another it has to be quick when one dies: a page of text that is not mapped takes as long as to wake somebody. */
static void settle(struct supervisor *s)
{
	if (job_segment_is_used(&s->segment))
		memory_get_ready();
	else
		memory_trim();
}

static void on_settled(uv_timer_t *timer)
{
	settle(timer->data);
}

/* A thread is a good part of the time that a short job takes: those that do not use the library have none. */
static void on_watch_start(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	if (s->watch != NULL || s->group.running == 0)
		return;
	if (job_segment_is_used(&s->segment) || s->watch_after_ms > WATCH_LATEST_MS) {
		s->watch = death_watch_start(&s->lives);
		uv_timer_start(timer, on_settled, SETTLED_AFTER_MS, 0);
		return;
	}
	uv_timer_start(timer, on_watch_start, s->watch_after_ms, 0);
	s->watch_after_ms *= 2;
}

/* Those that failed in between are no longer on their way either. */
void supervisor_check_executed(struct supervisor *s)
{
	struct rank_launcher *launcher = s->how->launcher;
	if (s->executed || !group_starter_is_done(&s->starting) || !rank_launcher_all_left(launcher))
		return;
	uv_timer_stop(&s->exec_check);
	for (uint32_t r = 0; r < s->group.count; r++)
		if (launcher->slots[r].failed_step != STEP_NONE)
			return;
	s->executed = true;
	supervisor_tell(s, MOMENT_EXECUTED, NO_RANK);
}

static void on_exec_check(uv_timer_t *timer)
{
	supervisor_check_executed(timer->data);
}

static void all_started(struct supervisor *s)
{
	uv_idle_stop(&s->starter);
	supervisor_tell(s, MOMENT_BORN, NO_RANK);
	if (s->how->start_awaited && !s->executed)
		uv_timer_start(&s->exec_check, on_exec_check, 0, EXEC_CHECK_MS);
	s->watch_after_ms = WATCH_AFTER_MS * 2;
	if (s->segment.fd >= 0)
		uv_timer_start(&s->watch_start, on_watch_start, WATCH_AFTER_MS, 0);
	stdin_feed_start(s->feed);
	if (s->oom_kills_before < 0)
		s->oom_kills_before = oom_kills_so_far();
	supervisor_post(s, EVENT_STARTED);
	if (s->group.running == 0)
		supervisor_post(s, EVENT_NO_RANK_LEFT);
}

static void on_start_turn(uv_idle_t *idle)
{
	struct supervisor *s = idle->data;
	struct error err;
	for (int i = 0; i < STARTS_A_TURN && !group_starter_is_done(&s->starting); i++) {
		uint32_t local_rank = s->starting.next;
		/* Before: a rank may be far by the time that this goes on. */
		int64_t now_ns = supervisor_since_start_ns(s);
		if (group_starter_start_next(&s->starting, s->result->restarts, &err) < 0) {
			start_failed(s, &err);
			return;
		}
		s->result->ranks[local_rank].pid = s->group.pids[local_rank];
		life_words_started(&s->lives, local_rank, s->group.pids[local_rank]);
		s->result->ranks[local_rank].started_ns = now_ns;
	}
	if (group_starter_is_done(&s->starting))
		all_started(s);
}

void supervisor_suspend(struct supervisor *s)
{
	s->suspended = true;
	uv_idle_stop(&s->starter);
	rank_group_signal_groups(&s->group, SIGSTOP);
}

void supervisor_resume(struct supervisor *s)
{
	bool pause_over = s->suspended && s->state == GROUP_BACKOFF && !uv_is_active((uv_handle_t *)&s->deadline);
	s->suspended = false;
	rank_group_signal_groups(&s->group, SIGCONT);
	if (s->state == GROUP_STARTING)
		uv_idle_start(&s->starter, on_start_turn);
	if (pause_over)
		supervisor_post(s, EVENT_BACKOFF_OVER);
}

/* Once every child is on its own: their stacks are given back, and what they noted of themselves is told. */
static void on_left_check(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	if (s->state == GROUP_STARTING || !rank_launcher_all_left(s->how->launcher))
		return;
	uv_timer_stop(timer);
	supervisor_check_executed(s);
	for (uint32_t r = 0; r < s->group.count; r++)
		group_starter_tell_binding(&s->starting, r);
	settle(s);
}

static void stop_watch(struct supervisor *s)
{
	death_watch_stop(s->watch);
	s->watch = NULL;
}

void supervisor_drop_segment(struct supervisor *s)
{
	stop_watch(s);
	job_segment_finish(&s->segment);
}

/* Most jobs do not need it: what must have it is refused, the others run without, and muster_init says so to whoever
 * calls it. */
static int make_segment(struct supervisor *s, struct error *err)
{
	const struct job_spec *spec = s->plan->spec;
	struct text line = {0};
	supervisor_drop_segment(s);
	int rc = job_segment_make(&s->segment, s->plan, err);
	life_words_begin(&s->lives, &s->segment);
	if (rc == 0 || spec->shared_memory_given || spec->start_timeout_ms != NOT_SET)
		return rc;
	job_result_add_warning(s->result, err->text);
	text_add_format(&line, "muster: warning: %s; ranks cannot use libmuster\n", err->text);
	if (s->how->verbose)
		output_note(s->how->output, line.bytes);
	text_finish(&line);
	return 0;
}

/* The job's own group was killed when the incarnation before was cleared away. */
static void renew_cgroup(struct supervisor *s)
{
	struct rank_launcher *launcher = s->how->launcher;
	if (s->result->restarts == 0 || launcher->cgroup < 0)
		return;
	if (launcher->cgroup != job_cgroup_descriptor(s->how->job_cgroup))
		close(launcher->cgroup);
	launcher->cgroup = job_cgroup_make_below(s->how->job_cgroup, s->result->restarts);
}

void supervisor_start_group(struct supervisor *s)
{
	struct error err;
	int64_t start_timeout_ms = s->plan->spec->start_timeout_ms;
	s->seen_empty = false;
	s->told_failure = false;
	s->group_start_ns = clock_ns();
	renew_cgroup(s);
	if (make_segment(s, &err) < 0) {
		start_failed(s, &err);
		return;
	}
	if (start_timeout_ms != NOT_SET)
		uv_timer_start(&s->start_limit, supervisor_on_start_limit, (uint64_t)start_timeout_ms, 0);
	if (group_starter_begin(&s->starting, &err) < 0) {
		start_failed(s, &err);
		return;
	}
	uv_idle_start(&s->starter, on_start_turn);
	uv_timer_start(&s->left_check, on_left_check, LEFT_CHECK_MS, LEFT_CHECK_MS);
	on_start_turn(&s->starter);
}

static void set_deadline(struct supervisor *s, int64_t ms, int64_t repeat_ms)
{
	uv_update_time(&s->loop);
	uv_timer_start(&s->deadline, supervisor_on_deadline, (uint64_t)ms, (uint64_t)repeat_ms);
}

/* Before anybody is disturbed: who waits for what, and who is dying by itself although nobody has reaped it yet. A life
 * word says so first, and is not believed alone. */
static void note_library(struct supervisor *s)
{
	if (!job_segment_is_used(&s->segment))
		return;
	segment_record_waits(&s->segment, s->result, &s->group, s->job_start_ns);
	life_words_look(&s->lives, 0, s->group.count, NULL, NULL);
	for (uint32_t r = 0; r < s->group.count; r++)
		s->result->ranks[r].dying =
			life_words_is_released(&s->lives, r) && process_is_exiting(s->group.pids[r]);
	job_segment_note_stopping(&s->segment);
}

/* SIGQUIT goes to the ranks as it is: many programs say on it what they are doing. */
static void ask_ranks(struct supervisor *s)
{
	bool quit = s->cause == CAUSE_STOPPED && s->result->stop_signal == SIGQUIT;
	uv_idle_stop(&s->starter);
	note_library(s);
	s->result->asked_with = quit ? SIGQUIT : s->plan->spec->failure.signal;
	rank_group_ask(&s->group, s->result->asked_with, s->result);
	set_deadline(s, s->grace_ms, 0);
	supervisor_tell(s, MOMENT_STOPPING, NO_RANK);
	uv_timer_start(&s->long_stop, supervisor_on_long_stop, LONG_STOP_MS, 0);
	if (s->group.running == 0)
		supervisor_post(s, EVENT_NO_RANK_LEFT);
}

static void kill_ranks(struct supervisor *s)
{
	uv_idle_stop(&s->starter);
	job_segment_note_stopping(&s->segment);
	rank_group_kill(&s->group, s->result);
	supervisor_kill_left(s);
	set_deadline(s, PATIENCE_MS, 0);
	if (s->group.running == 0)
		supervisor_post(s, EVENT_NO_RANK_LEFT);
}

static void give_up_ranks(struct supervisor *s)
{
	rank_group_describe(&s->group, s->result);
	for (uint32_t r = 0; r < s->group.count; r++)
		if (s->group.pids[r] != 0)
			s->result->ranks[r].end = RANK_LOST;
	output_abandon(s->how->output);
	uv_stop(&s->loop);
}

static void ask_leftovers(struct supervisor *s)
{
	uv_timer_stop(&s->long_stop);
	uv_timer_stop(&s->watch_start);
	uv_timer_stop(&s->start_limit);
	stop_watch(s);
	stdin_feed_close_ranks(s->feed);
	set_deadline(s, DRAIN_MS, 0);
	if (!deaths_reap_orphans(&s->deaths) && s->plan->spec->failure.leftovers == LEFTOVERS_STOP)
		s->result->leftovers += descendants_signal(s->plan->spec->failure.signal, 0);
	supervisor_check_progress(s);
}

static void clear(struct supervisor *s)
{
	s->patience_end_ns = clock_ns() + PATIENCE_MS * INT64_C(1000000);
	s->unread_end_ns = clock_ns() + UNREAD_MS * INT64_C(1000000);
	if (!supervisor_nothing_left(s))
		supervisor_kill_left(s);
	set_deadline(s, CLEAR_ROUND_MS, CLEAR_ROUND_MS);
	output_close_when_empty(s->how->output);
	supervisor_check_progress(s);
}

void supervisor_plan_restart(struct supervisor *s, int64_t wait_ms)
{
	struct text line = {0};
	const struct restart restart = {
		.number = s->result->restarts + 1, .of_budget = s->budget.used, .wait_ms = wait_ms};
	s->cause = CAUSE_NONE; /* what ends the job from now on is the cause */
	if (s->how->word_restart != NULL && !s->how->quiet)
		s->how->word_restart(s->how->context, s->result, &restart, &line);
	if (line.length > 0)
		output_note(s->how->output, line.bytes);
	text_finish(&line);
	/* Not in this turn of the loop: what is being closed is closed at the end of it. */
	set_deadline(s, wait_ms > 0 ? wait_ms : 1, 0);
	supervisor_tell(s, MOMENT_RESTART, NO_RANK);
	supervisor_post(s, EVENT_CLEARED_RESTART);
}

static void forget_incarnation(struct job_result *result)
{
	struct job_result fresh;
	job_result_init(&fresh, result->nprocs);
	struct rank_result *ranks = result->ranks;
	result->ranks = fresh.ranks;
	fresh.ranks = ranks;
	fresh.nprocs = result->nprocs;
	result->first_failure = NO_RANK;
	job_result_finish(&fresh);
}

static void act(struct supervisor *s, enum group_action action)
{
	switch (action) {
	case ACTION_NONE:
	case ACTION_WAIT_BACKOFF: /* the deadline was set with the decision */
		break;
	case ACTION_ASK_RANKS:
		ask_ranks(s);
		break;
	case ACTION_KILL_RANKS:
		kill_ranks(s);
		break;
	case ACTION_GIVE_UP_RANKS:
		give_up_ranks(s);
		break;
	case ACTION_ASK_LEFTOVERS:
		ask_leftovers(s);
		break;
	case ACTION_CLEAR:
		clear(s);
		break;
	case ACTION_ABANDON_OUTPUT:
		output_abandon(s->how->output);
		supervisor_check_progress(s);
		break;
	case ACTION_START_GROUP:
		forget_incarnation(s->result);
		s->how->guards->page->restarts = ++s->result->restarts;
		s->result->budget_used = s->budget.used;
		supervisor_start_group(s);
		break;
	case ACTION_FINISH:
		uv_stop(&s->loop);
		break;
	}
}

void supervisor_post(struct supervisor *s, enum group_event event)
{
	struct group_step step = group_step(s->state, event);
	s->state = step.next;
	act(s, step.action);
}
