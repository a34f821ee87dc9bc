/* SPDX-License-Identifier: MIT
 *
 * supervisor: see supervisor.h. Three parts: what becomes an event (signals, deaths, timers), what an action does, and
 * what is written down of each rank that ends.
 */
#include "run/supervisor.h"

#include "base/error.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "run/deaths.h"
#include "run/descendants.h"
#include "run/group_starter.h"
#include "run/job_result.h"
#include "run/oom_evidence.h"
#include "run/output.h"
#include "run/rank_ending.h"
#include "run/rank_group.h"
#include "run/rank_process.h"
#include "run/signals.h"
#include "run/stdin_feed.h"
#include "run/supervisor_table.h"
#include "run/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <uv.h>

enum {
	STARTS_A_TURN = 16, /* then signals and deaths are looked at */
	DRAIN_MS = 500,     /* how long leftovers may hold the job up */
	PATIENCE_MS = 5000, /* after SIGKILL, for what does not go */
	CLEAR_ROUND_MS = 20,
	LEFT_CHECK_MS = 50,
	LONG_STOP_MS = 1000, /* then a person is told what is being waited for */
};

struct supervisor {
	const struct supervision *how;
	const struct launch_plan *plan;
	struct job_result *result;
	struct rank_group group;
	struct deaths deaths;
	struct stdin_feed *feed;
	struct group_starter starting;
	enum group_state state;
	enum job_cause cause;
	bool must_end; /* told to stop, out of time or unguarded: no further incarnation, no waiting for a reader */
	struct restart_budget budget;
	uint32_t death_count;
	int64_t job_start_ns;
	int64_t group_start_ns;
	int64_t patience_end_ns;
	int64_t oom_kills_before;
	char *start_error;
	int null_fd;
	int signals_fd;
	uv_loop_t loop;
	uv_poll_t signals;
	uv_poll_t deaths_poll;
	uv_idle_t starter;
	uv_timer_t deadline;   /* of the state it is in: grace, drain, patience, backoff */
	uv_timer_t time_limit; /* of the job */
	uv_timer_t left_check; /* are all children on their way out of our memory? */
	uv_timer_t long_stop;
};

static void post(struct supervisor *s, enum group_event event);

static int64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t since_start_ns(const struct supervisor *s)
{
	return monotonic_ns() - s->job_start_ns;
}

static void set_cause(struct supervisor *s, enum job_cause cause)
{
	if (s->cause == CAUSE_NONE)
		s->cause = cause;
}

/* --- starting --- */

static void start_failed(struct supervisor *s, const struct error *err)
{
	if (s->start_error == NULL)
		s->start_error = strdup(err->text);
	set_cause(s, CAUSE_START_FAILED);
	uv_idle_stop(&s->starter);
	post(s, EVENT_START_FAILED);
}

static void all_started(struct supervisor *s)
{
	uv_idle_stop(&s->starter);
	stdin_feed_start(s->feed);
	if (s->oom_kills_before < 0)
		s->oom_kills_before = oom_kills_so_far();
	post(s, EVENT_STARTED);
	if (s->group.running == 0)
		post(s, EVENT_NO_RANK_LEFT);
}

static void on_start_turn(uv_idle_t *idle)
{
	struct supervisor *s = idle->data;
	struct error err;
	for (int i = 0; i < STARTS_A_TURN && !group_starter_is_done(&s->starting); i++) {
		uint32_t local_rank = s->starting.next;
		if (group_starter_start_next(&s->starting, s->result->restarts, &err) < 0) {
			start_failed(s, &err);
			return;
		}
		s->result->ranks[local_rank].pid = s->group.pids[local_rank];
		s->result->ranks[local_rank].started_ns = since_start_ns(s);
	}
	if (group_starter_is_done(&s->starting))
		all_started(s);
}

/* Once every child is on its own: their stacks are given back, and what they noted of themselves is told. */
static void on_left_check(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	if (s->state == GROUP_STARTING || !rank_launcher_all_left(s->how->launcher))
		return;
	uv_timer_stop(timer);
	for (uint32_t r = 0; r < s->group.count; r++)
		group_starter_tell_binding(&s->starting, r);
}

static void start_group(struct supervisor *s)
{
	struct error err;
	s->death_count = 0;
	s->group_start_ns = monotonic_ns();
	if (group_starter_begin(&s->starting, &err) < 0) {
		start_failed(s, &err);
		return;
	}
	uv_idle_start(&s->starter, on_start_turn);
	uv_timer_start(&s->left_check, on_left_check, LEFT_CHECK_MS, LEFT_CHECK_MS);
	on_start_turn(&s->starter);
}

/* --- the end of a rank --- */

static void note_failure(struct supervisor *s, uint32_t local_rank)
{
	struct rank_result *rank = &s->result->ranks[local_rank];
	rank->stderr_tail = output_tail(s->how->output, local_rank);
	if (s->result->first_failure == NO_RANK)
		s->result->first_failure = local_rank;
	else
		rank->in_wake = true;
}

static void rank_ended(struct supervisor *s, const struct death *death)
{
	uint32_t local_rank = death->local_rank;
	struct rank_result *rank = &s->result->ranks[local_rank];
	rank->death_order = s->death_count++;
	rank->ended_ns = since_start_ns(s);
	rank_ending_note(rank, death, &s->how->launcher->slots[local_rank], s->oom_kills_before);
	rank_group_remove(&s->group, local_rank);
	group_starter_tell_binding(&s->starting, local_rank);
	output_drain_rank(s->how->output, local_rank);
	if (!rank_failed(rank))
		return;
	note_failure(s, local_rank);
	if (rank->end == RANK_NOT_EXECUTED) {
		set_cause(s, CAUSE_RANK_FAILED);
		post(s, EVENT_START_FAILED);
	} else if (s->plan->spec->failure.policy != FAILURE_CONTINUE) {
		set_cause(s, CAUSE_RANK_FAILED);
		post(s, EVENT_RANK_FAILED);
	}
}

/* --- events --- */

static bool nothing_left(struct supervisor *s)
{
	return deaths_reap_orphans(&s->deaths) || s->plan->spec->failure.leftovers == LEFTOVERS_KEEP;
}

static bool wants_restart(struct supervisor *s, int64_t *wait_ms)
{
	const struct job_result *result = s->result;
	if (s->must_end || s->cause != CAUSE_RANK_FAILED || result->first_failure == NO_RANK ||
	    result->ranks[result->first_failure].end == RANK_NOT_EXECUTED)
		return false;
	int64_t lived_ms = (monotonic_ns() - s->group_start_ns) / 1000000;
	return restart_budget_take(&s->budget, &s->plan->spec->failure, lived_ms, wait_ms);
}

static void plan_restart(struct supervisor *s, int64_t wait_ms);

static void check_progress(struct supervisor *s)
{
	bool drained = output_is_drained(s->how->output);
	if (s->state == GROUP_LEAVING && drained && nothing_left(s))
		post(s, EVENT_DRAINED);
	if (s->state != GROUP_CLEARING || !nothing_left(s) || !output_is_drained(s->how->output))
		return;
	int64_t wait_ms;
	if (wants_restart(s, &wait_ms))
		plan_restart(s, wait_ms);
	else
		post(s, EVENT_CLEARED);
}

static void take_deaths(struct supervisor *s)
{
	struct death death;
	bool any = false;
	while (deaths_next(&s->deaths, &death)) {
		any = true;
		rank_ended(s, &death);
	}
	deaths_reap_orphans(&s->deaths);
	if (any && s->group.running == 0)
		post(s, EVENT_NO_RANK_LEFT);
	check_progress(s);
}

static void on_deaths(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	take_deaths(poll->data);
}

static void stop_requested(struct supervisor *s, int signal)
{
	bool first = s->result->stop_signal == 0;
	s->must_end = true;
	if (first) {
		s->result->stop_signal = signal;
		if (s->state == GROUP_STARTING || s->state == GROUP_RUNNING || s->state == GROUP_BACKOFF)
			set_cause(s, CAUSE_STOPPED);
		post(s, EVENT_STOP_REQUESTED);
	} else if (signal == SIGINT) {
		post(s, EVENT_KILL_REQUESTED);
	}
}

static void guard_died(struct supervisor *s)
{
	s->must_end = true;
	set_cause(s, CAUSE_GUARD_GONE);
	post(s, EVENT_KILL_REQUESTED);
	if (s->state == GROUP_CLEARING)
		post(s, EVENT_KILL_REQUESTED);
}

static void take_signal(struct supervisor *s, int signal)
{
	switch (signal) {
	case SIGINT:
	case SIGTERM:
	case SIGHUP:
	case SIGQUIT:
		stop_requested(s, signal);
		break;
	case SIGTSTP:
		rank_group_signal_groups(&s->group, SIGSTOP);
		break;
	case SIGCONT:
		rank_group_signal_groups(&s->group, SIGCONT);
		break;
	case SIGUSR1:
	case SIGUSR2:
		rank_group_signal_ranks(&s->group, signal);
		break;
	case SIGNAL_GUARD_DIED:
		guard_died(s);
		break;
	default: /* SIGCHLD: ranks are told by their pidfds, this one is for orphans */
		take_deaths(s);
		break;
	}
}

static void on_signals(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct supervisor *s = poll->data;
	struct signalfd_siginfo info;
	while (read(s->signals_fd, &info, sizeof info) == (ssize_t)sizeof info)
		take_signal(s, (int)info.ssi_signo);
}

static void on_output_changed(void *context)
{
	check_progress(context);
}

static void on_time_limit(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	s->must_end = true;
	if (s->state != GROUP_STARTING && s->state != GROUP_RUNNING && s->state != GROUP_BACKOFF)
		return;
	set_cause(s, CAUSE_TIME_LIMIT);
	rank_group_describe(&s->group, s->result);
	post(s, EVENT_TIME_LIMIT);
}

/* While leftovers are cleared, what forked in between is looked for again and again; and an output that nobody reads
 * holds a job that was told to end no longer than the patience. */
static void clear_round(struct supervisor *s)
{
	bool left = !nothing_left(s);
	bool patient = monotonic_ns() < s->patience_end_ns;
	if (left && patient)
		descendants_kill(0);
	if (!left && !patient && s->must_end)
		output_abandon(s->how->output);
	if (left && !patient)
		post(s, EVENT_PATIENCE_OVER);
	else
		check_progress(s);
}

static void on_deadline(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	switch (s->state) {
	case GROUP_STOPPING:
		post(s, EVENT_GRACE_OVER);
		break;
	case GROUP_KILLING:
		post(s, EVENT_PATIENCE_OVER);
		break;
	case GROUP_LEAVING:
		post(s, EVENT_DRAIN_OVER);
		break;
	case GROUP_CLEARING:
		clear_round(s);
		break;
	case GROUP_BACKOFF:
		post(s, EVENT_BACKOFF_OVER);
		break;
	default:
		break;
	}
}

static void on_long_stop(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	if (s->state != GROUP_STOPPING || s->group.running == 0)
		return;
	struct text text = {0};
	text_add_format(&text, "muster: waiting for %u rank%s to stop; SIGKILL %.1f s after the stop signal\n",
	                s->group.running, s->group.running == 1 ? "" : "s",
	                (double)s->plan->spec->failure.grace_ms / 1000);
	output_note(s->how->output, text.bytes);
	text_finish(&text);
}

/* --- actions --- */

static void set_deadline(struct supervisor *s, int64_t ms, int64_t repeat_ms)
{
	uv_update_time(&s->loop);
	uv_timer_start(&s->deadline, on_deadline, (uint64_t)ms, (uint64_t)repeat_ms);
}

static void ask_ranks(struct supervisor *s)
{
	bool quit = s->cause == CAUSE_STOPPED && s->result->stop_signal == SIGQUIT;
	uv_idle_stop(&s->starter);
	rank_group_ask(&s->group, quit ? SIGQUIT : s->plan->spec->failure.signal, s->result);
	set_deadline(s, s->plan->spec->failure.grace_ms, 0);
	uv_timer_start(&s->long_stop, on_long_stop, LONG_STOP_MS, 0);
	if (s->group.running == 0)
		post(s, EVENT_NO_RANK_LEFT);
}

static void kill_ranks(struct supervisor *s)
{
	uv_idle_stop(&s->starter);
	rank_group_kill(&s->group, s->result);
	set_deadline(s, PATIENCE_MS, 0);
	if (s->group.running == 0)
		post(s, EVENT_NO_RANK_LEFT);
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
	stdin_feed_close_ranks(s->feed);
	set_deadline(s, DRAIN_MS, 0);
	if (!deaths_reap_orphans(&s->deaths) && s->plan->spec->failure.leftovers == LEFTOVERS_STOP)
		s->result->leftovers += descendants_signal(s->plan->spec->failure.signal, 0);
	check_progress(s);
}

static void clear(struct supervisor *s)
{
	s->patience_end_ns = monotonic_ns() + PATIENCE_MS * INT64_C(1000000);
	if (!nothing_left(s))
		descendants_kill(0);
	set_deadline(s, CLEAR_ROUND_MS, CLEAR_ROUND_MS);
	output_close_when_empty(s->how->output);
	check_progress(s);
}

static void plan_restart(struct supervisor *s, int64_t wait_ms)
{
	struct text line = {0};
	s->cause = CAUSE_NONE; /* what ends the job from now on is the cause */
	s->result->restarts++;
	if (s->how->word_restart != NULL)
		s->how->word_restart(s->how->context, s->result, wait_ms, &line);
	if (line.length > 0)
		output_note(s->how->output, line.bytes);
	text_finish(&line);
	set_deadline(s, wait_ms, 0);
	post(s, EVENT_CLEARED_RESTART);
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
		check_progress(s);
		break;
	case ACTION_START_GROUP:
		forget_incarnation(s->result);
		start_group(s);
		break;
	case ACTION_FINISH:
		uv_stop(&s->loop);
		break;
	}
}

static void post(struct supervisor *s, enum group_event event)
{
	struct group_step step = group_step(s->state, event);
	s->state = step.next;
	act(s, step.action);
}

/* --- the whole --- */

static int watch_descriptor(struct supervisor *s, uv_poll_t *poll, int fd, uv_poll_cb callback)
{
	int rc = uv_poll_init(&s->loop, poll, fd);
	poll->data = s;
	return rc < 0 ? rc : uv_poll_start(poll, UV_READABLE, callback);
}

static void init_timers(struct supervisor *s)
{
	uv_timer_t *timers[] = {&s->deadline, &s->time_limit, &s->left_check, &s->long_stop};
	for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
		uv_timer_init(&s->loop, timers[i]);
		timers[i]->data = s;
	}
	uv_idle_init(&s->loop, &s->starter);
	s->starter.data = s;
}

static int init_loop(struct supervisor *s, struct error *err)
{
	int rc = uv_loop_init(&s->loop);
	if (rc < 0)
		return error_set(err, rc, "cannot make the event loop: %s", uv_strerror(rc));
	init_timers(s);
	s->signals_fd = signals_open();
	s->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	rc = s->signals_fd < 0 || s->null_fd < 0 ? -errno : deaths_init(&s->deaths, s->group.pids, s->group.count);
	if (rc == 0)
		rc = watch_descriptor(s, &s->signals, s->signals_fd, on_signals);
	if (rc == 0)
		rc = watch_descriptor(s, &s->deaths_poll, s->deaths.epoll, on_deaths);
	if (rc < 0)
		return error_set(err, rc, "cannot set up supervision: %s", strerror(-rc));
	rc = output_attach(s->how->output, &s->loop, on_output_changed, s, err);
	if (rc == 0)
		rc = stdin_feed_create(&s->feed, s->plan, &s->loop, s->how->guard, err);
	s->starting = (struct group_starter){
		.how = s->how, .group = &s->group, .deaths = &s->deaths, .feed = s->feed, .null_fd = s->null_fd};
	return rc;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
	(void)unused;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void finish_loop(struct supervisor *s)
{
	stdin_feed_destroy(s->feed);
	output_detach(s->how->output);
	uv_walk(&s->loop, close_handle, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	deaths_finish(&s->deaths);
	close(s->signals_fd);
	close(s->null_fd);
}

static void count_survivors(struct supervisor *s)
{
	struct process_list list = {0};
	if (deaths_reap_orphans(&s->deaths))
		return;
	descendants_list(&list, 0);
	if (s->plan->spec->failure.leftovers == LEFTOVERS_KEEP && s->group.running == 0)
		s->result->kept = list.count;
	else
		s->result->survivors = list.count;
	process_list_finish(&list);
}

static void complete_result(struct supervisor *s)
{
	struct job_result *result = s->result;
	const char *output_problem = output_error(s->how->output);
	count_survivors(s);
	result->reader_gone = output_reader_gone(s->how->output);
	clock_gettime(CLOCK_REALTIME, &result->ended);
	result->elapsed_ns = since_start_ns(s);
	result->error_text = s->start_error;
	if (result->error_text == NULL && output_problem != NULL)
		result->error_text = strdup(output_problem);
	if (result->error_text == NULL && s->cause == CAUSE_GUARD_GONE)
		result->error_text = strdup("muster's own first process was killed; the job was ended");
	verdict_decide(result, s->cause);
}

static void run_loop(struct supervisor *s)
{
	int64_t timeout_ms = s->plan->spec->timeout_ms;
	clock_gettime(CLOCK_REALTIME, &s->result->started);
	s->job_start_ns = monotonic_ns();
	if (timeout_ms != NOT_SET)
		uv_timer_start(&s->time_limit, on_time_limit, (uint64_t)timeout_ms, 0);
	s->state = GROUP_STARTING;
	start_group(s);
	if (s->state != GROUP_ENDED)
		uv_run(&s->loop, UV_RUN_DEFAULT);
}

int supervise(const struct supervision *how, struct job_result *result, struct error *err)
{
	struct supervisor s = {.how = how, .plan = how->plan, .result = result, .oom_kills_before = -1};
	rank_group_init(&s.group, how->plan->nprocs);
	restart_budget_init(&s.budget, &how->plan->spec->failure);
	int rc = init_loop(&s, err);
	if (rc < 0) {
		rank_group_finish(&s.group);
		return rc;
	}
	run_loop(&s);
	complete_result(&s);
	finish_loop(&s);
	rank_group_finish(&s.group);
	return 0;
}
