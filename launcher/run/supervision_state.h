/* SPDX-License-Identifier: MIT
 *
 * supervision_state: the supervisor's own state, shared by its files and by nobody else: supervisor.c makes it and runs
 * the loop, supervisor_events.c turns descriptors and timers into events, supervisor_actions.c does what the table
 * says.
 */
#ifndef MUSTER_RUN_SUPERVISION_STATE_H
#define MUSTER_RUN_SUPERVISION_STATE_H

#include "run/deaths.h"
#include "run/group_starter.h"
#include "run/job_result.h"
#include "run/job_segment.h"
#include "run/life_words.h"
#include "run/rank_group.h"
#include "run/supervisor.h"
#include "run/supervisor_table.h"
#include "run/verdict.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct supervisor {
	const struct supervision *how;
	const struct launch_plan *plan;
	struct job_result *result;
	struct rank_group group;
	struct deaths deaths;
	struct stdin_feed *feed;
	struct job_segment segment; /* of this incarnation */
	struct life_words lives;
	struct death_watch *watch; /* NULL: none now */
	struct group_starter starting;
	enum group_state state;
	enum job_cause cause;
	/* By a signal, the time limit, the guard's death, at whatever moment; CAUSE_NONE: go on. */
	enum job_cause told_to_end;
	struct restart_budget budget;
	int64_t job_start_ns;
	int64_t group_start_ns;
	int64_t patience_end_ns; /* with what SIGKILL was sent to */
	int64_t unread_end_ns;   /* with a reader who does not read the output of a job that is to end, or has failed */
	int64_t oom_kills_before;
	char *start_error;
	int null_fd;
	int64_t grace_ms; /* the spec's, or as somebody who stops the job wants it */
	bool executed;    /* every rank was; told */
	bool suspended;   /* the job was stopped, by Ctrl-Z: nothing is started meanwhile */
	bool seen_empty;  /* no process of this incarnation is left */
	bool told_failure;
	int signals_fd;
	uv_loop_t loop;
	uv_poll_t signals;
	uv_poll_t deaths_poll;
	uv_idle_t starter;
	uv_timer_t deadline;   /* of the state it is in: grace, drain, patience, backoff */
	uv_timer_t time_limit; /* of the job */
	uv_timer_t left_check; /* are all children on their way out of our memory? */
	uv_timer_t long_stop;
	uv_timer_t watch_start;
	uv_timer_t exec_check;   /* while somebody waits for it: is every rank executed? */
	uint64_t watch_after_ms; /* the next time */
	uv_timer_t start_limit;  /* until every rank has attached */
};

/* --- supervisor.c --- */
int64_t supervisor_since_start_ns(const struct supervisor *s);
void supervisor_set_cause(struct supervisor *s, enum job_cause cause);                   /* the first one stays */
void supervisor_tell(struct supervisor *s, enum job_moment moment, uint32_t local_rank); /* its listener */

/* --- supervisor_actions.c --- */
void supervisor_start_group(struct supervisor *s);
void supervisor_drop_segment(struct supervisor *s);
void supervisor_post(struct supervisor *s, enum group_event event); /* by the table, and what it says is done */
void supervisor_check_executed(struct supervisor *s);
void supervisor_plan_restart(struct supervisor *s, int64_t wait_ms);
void supervisor_suspend(struct supervisor *s);
void supervisor_resume(struct supervisor *s);

/* --- supervisor_events.c --- */
void supervisor_stop_requested(struct supervisor *s, int signal);
bool supervisor_nothing_left(struct supervisor *s);
void supervisor_kill_left(struct supervisor *s);
void supervisor_check_progress(struct supervisor *s); /* is the group drained, cleared? Then that is an event */
void supervisor_on_deaths(uv_poll_t *poll, int status, int events);
void supervisor_on_signals(uv_poll_t *poll, int status, int events);
void supervisor_on_output_changed(void *context);
void supervisor_on_time_limit(uv_timer_t *timer);
void supervisor_on_start_limit(uv_timer_t *timer);
void supervisor_on_deadline(uv_timer_t *timer);
void supervisor_on_long_stop(uv_timer_t *timer);

#endif
