/* SPDX-License-Identifier: MIT
 *
 * supervisor_events: what happens around the supervisor (signals, deaths, timers, output) becomes an event of its
 * table, and what is to be written down of it is written down.
 */
#include "run/supervision_state.h"

#include "base/clock.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "run/descendants.h"
#include "run/guards.h"
#include "run/job_cgroup.h"
#include "run/output.h"
#include "run/rank_ending.h"
#include "run/rank_process.h"
#include "run/segment_record.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A rank that fails since another one left without it fails in its wake. The other may have been taken for dead: that
 * it left is known once it has been reaped, which may be after those who missed it. */
static void note_missed(struct supervisor *s, struct rank_result *failed)
{
	bool by_itself = failed->end == RANK_EXITED || (failed->end == RANK_SIGNALED && failed->signal == SIGABRT);
	uint32_t missed = by_itself ? segment_record_missed(&s->segment, s->result) : NO_RANK;
	if (missed == NO_RANK || failed == &s->result->ranks[missed])
		return;
	failed->in_wake = true;
	s->result->first_failure = missed;
	if (s->result->ranks[missed].stderr_tail == NULL)
		s->result->ranks[missed].stderr_tail = output_tail(s->how->output, missed);
}

/* Who wrote a traceback before the first failure, and before it wrote one; the earliest of them. */
static void note_earlier_traceback(struct supervisor *s)
{
	const struct output *output = s->how->output;
	struct rank_result *ranks = s->result->ranks, *author = NULL;
	int64_t own_ns = output_traceback_ns(output, s->result->first_failure);
	int64_t earliest_ns = own_ns > 0 ? own_ns : INT64_MAX;
	for (uint32_t r = 0; r < s->result->nprocs; r++) {
		int64_t at_ns = output_traceback_ns(output, r);
		bool ended_well = s->group.pids[r] == 0 && !rank_failed(&ranks[r]);
		ranks[r].traceback_ns = 0;
		if (at_ns > 0 && at_ns < earliest_ns && r != s->result->first_failure && !ended_well) {
			earliest_ns = at_ns;
			author = &ranks[r];
		}
	}
	if (author != NULL)
		author->traceback_ns = earliest_ns - s->job_start_ns;
}

static void note_failure(struct supervisor *s, uint32_t local_rank)
{
	struct rank_result *rank = &s->result->ranks[local_rank];
	rank->stderr_tail = output_tail(s->how->output, local_rank);
	if (s->result->first_failure == NO_RANK)
		note_missed(s, rank);
	uint32_t first = s->result->first_failure;
	bool is_first = first == NO_RANK ||
	                (!s->result->ranks[first].missed && rank->death_order < s->result->ranks[first].death_order);
	if (is_first && first != NO_RANK)
		s->result->ranks[first].in_wake = true; /* it had died before, and took longer to be taken apart */
	if (is_first)
		s->result->first_failure = local_rank;
	else
		rank->in_wake = true;
	if (is_first && s->plan->spec->failure.policy != FAILURE_CONTINUE)
		note_earlier_traceback(s);
}

/* The others may go on for days, or nobody read what was printed: whoever watches learns of the first failure now. */
static void tell_failure(struct supervisor *s,
                         void (*word)(void *context, const struct job_result *result, struct text *line))
{
	struct text line = {0};
	if (word == NULL || s->told_failure || s->how->quiet)
		return;
	s->told_failure = true;
	word(s->how->context, s->result, &line);
	if (line.length > 0)
		output_note(s->how->output, line.bytes);
	text_finish(&line);
}

static void rank_ended(struct supervisor *s, const struct death *death)
{
	uint32_t local_rank = death->local_rank;
	struct rank_result *rank = &s->result->ranks[local_rank];
	rank->death_order = life_words_tell(&s->lives, local_rank);
	rank->ended_ns = supervisor_since_start_ns(s);
	rank_ending_note(rank, death, &s->how->launcher->slots[local_rank], s->oom_kills_before);
	job_segment_note_end(&s->segment, local_rank, rank);
	rank_group_remove(&s->group, local_rank);
	supervisor_tell(s, MOMENT_RANK_ENDED, local_rank);
	group_starter_tell_binding(&s->starting, local_rank);
	output_drain_rank(s->how->output, local_rank);
	uint32_t first = s->result->first_failure;
	if (!rank_failed(rank)) {
		if (rank->traceback_ns > 0 && rank->stderr_tail == NULL)
			rank->stderr_tail = output_tail(s->how->output, local_rank);
		if (first != NO_RANK && !s->result->ranks[first].missed)
			note_missed(s, &s->result->ranks[first]);
		return;
	}
	note_failure(s, local_rank);
	if (rank->end == RANK_NOT_EXECUTED) {
		supervisor_set_cause(s, CAUSE_RANK_FAILED);
		supervisor_post(s, EVENT_START_FAILED);
	} else if (s->plan->spec->failure.policy != FAILURE_CONTINUE) {
		supervisor_set_cause(s, CAUSE_RANK_FAILED);
		supervisor_post(s, EVENT_RANK_FAILED);
	} else if (s->cause == CAUSE_NONE && local_rank == s->result->first_failure && s->group.running > 0) {
		tell_failure(s, s->how->word_failure);
	}
}

/* The group at one stroke, then the tree: for who was moved out of the group, and for when there is none. */
void supervisor_kill_left(struct supervisor *s)
{
	job_cgroup_kill(s->how->job_cgroup);
	descendants_kill(0);
}

bool supervisor_nothing_left(struct supervisor *s)
{
	if (s->plan->spec->failure.leftovers == LEFTOVERS_KEEP)
		return true;
	if (!s->seen_empty) /* from then on nobody is there who could start anybody */
		s->seen_empty = deaths_reap_orphans(&s->deaths) && job_cgroup_is_empty(s->how->job_cgroup);
	return s->seen_empty;
}

static bool wants_restart(struct supervisor *s, int64_t *wait_ms)
{
	const struct job_result *result = s->result;
	if (output_reader_gone(s->how->output) || s->cause != CAUSE_RANK_FAILED || result->first_failure == NO_RANK ||
	    result->ranks[result->first_failure].end == RANK_NOT_EXECUTED)
		return false;
	int64_t lived_ms = (clock_ns() - s->group_start_ns) / 1000000;
	if (!restart_budget_take(&s->budget, &s->plan->spec->failure, lived_ms, wait_ms))
		return false;
	if (s->told_to_end == CAUSE_NONE)
		return true;
	s->cause = s->told_to_end; /* but for that, the job would have gone on */
	return false;
}

void supervisor_check_progress(struct supervisor *s)
{
	if (s->state == GROUP_LEAVING && output_is_drained(s->how->output) && supervisor_nothing_left(s))
		supervisor_post(s, EVENT_DRAINED);
	if (s->state != GROUP_CLEARING || !supervisor_nothing_left(s) || !output_is_drained(s->how->output))
		return;
	int64_t wait_ms;
	if (wants_restart(s, &wait_ms))
		supervisor_plan_restart(s, wait_ms);
	else
		supervisor_post(s, EVENT_CLEARED);
}

static void take_deaths(struct supervisor *s)
{
	struct death death;
	bool any = false;
	if (job_segment_is_used(&s->segment)) /* who is gone by now was gone before whoever is reaped from now on */
		life_words_look(&s->lives, 0, s->group.count, NULL, NULL);
	while (deaths_next(&s->deaths, &death)) {
		any = true;
		rank_ended(s, &death);
	}
	deaths_reap_orphans(&s->deaths);
	if (any)
		supervisor_check_executed(s);
	if (any && s->group.running == 0)
		supervisor_post(s, EVENT_NO_RANK_LEFT);
	supervisor_check_progress(s);
}

void supervisor_on_deaths(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	take_deaths(poll->data);
}

static void told_to_end(struct supervisor *s, enum job_cause cause)
{
	if (s->told_to_end == CAUSE_NONE)
		s->told_to_end = cause;
}

void supervisor_stop_requested(struct supervisor *s, int signal)
{
	bool first = s->result->stop_signal == 0;
	told_to_end(s, CAUSE_STOPPED);
	if (first) {
		s->result->stop_signal = signal;
		s->result->stop_ns = supervisor_since_start_ns(s);
		if (s->state == GROUP_STARTING || s->state == GROUP_RUNNING || s->state == GROUP_BACKOFF)
			supervisor_set_cause(s, CAUSE_STOPPED);
		supervisor_post(s, EVENT_STOP_REQUESTED);
	} else if (signal == SIGINT) {
		supervisor_post(s, EVENT_KILL_REQUESTED);
	}
}

static void guard_died(struct supervisor *s)
{
	told_to_end(s, CAUSE_GUARD_GONE);
	supervisor_set_cause(s, CAUSE_GUARD_GONE);
	supervisor_post(s, EVENT_KILL_REQUESTED);
	if (s->state == GROUP_CLEARING)
		supervisor_post(s, EVENT_KILL_REQUESTED);
}

static void take_signal(struct supervisor *s, int signal)
{
	switch (signal) {
	case SIGINT:
	case SIGTERM:
	case SIGHUP:
	case SIGQUIT:
		supervisor_stop_requested(s, signal);
		break;
	case SIGTSTP:
		supervisor_suspend(s);
		break;
	case SIGCONT: /* SIGNAL_GUARD_DIED, too */
		if (!guards_stand(s->how->guards))
			guard_died(s);
		supervisor_resume(s);
		break;
	case SIGUSR1:
	case SIGUSR2:
		rank_group_signal_ranks(&s->group, signal);
		break;
	default: /* SIGCHLD: ranks are told by their pidfds, this one is for orphans */
		take_deaths(s);
		break;
	}
}

void supervisor_on_signals(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct supervisor *s = poll->data;
	struct signalfd_siginfo info;
	while (read(s->signals_fd, &info, sizeof info) == (ssize_t)sizeof info)
		take_signal(s, (int)info.ssi_signo);
}

void supervisor_on_output_changed(void *context)
{
	supervisor_check_progress(context);
}

void supervisor_on_time_limit(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	told_to_end(s, CAUSE_TIME_LIMIT);
	if (s->state != GROUP_STARTING && s->state != GROUP_RUNNING && s->state != GROUP_BACKOFF)
		return;
	supervisor_set_cause(s, CAUSE_TIME_LIMIT);
	segment_record_waits(&s->segment, s->result, &s->group, s->job_start_ns);
	rank_group_describe(&s->group, s->result);
	supervisor_post(s, EVENT_TIME_LIMIT);
}

void supervisor_on_start_limit(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	if (s->state != GROUP_STARTING && s->state != GROUP_RUNNING)
		return;
	if (segment_record_not_attached(&s->segment, s->result, &s->group) == 0)
		return;
	s->result->start_timed_out = s->cause == CAUSE_NONE;
	supervisor_on_time_limit(timer);
}

/* While leftovers are cleared, what forked in between is looked for again and again; and an output that nobody reads
 * holds a job that was told to end no longer than a moment. */
static void clear_round(struct supervisor *s)
{
	bool left = !supervisor_nothing_left(s);
	bool patient = clock_ns() < s->patience_end_ns;
	bool unread = !left && clock_ns() >= s->unread_end_ns && !output_is_drained(s->how->output);
	if (left && patient)
		supervisor_kill_left(s);
	if (unread && s->told_to_end != CAUSE_NONE)
		output_abandon(s->how->output);
	else if (unread && s->result->first_failure != NO_RANK)
		tell_failure(s, s->how->word_unread);
	if (left && !patient)
		supervisor_post(s, EVENT_PATIENCE_OVER);
	else
		supervisor_check_progress(s);
}

void supervisor_on_deadline(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	switch (s->state) {
	case GROUP_STOPPING:
		supervisor_post(s, EVENT_GRACE_OVER);
		break;
	case GROUP_KILLING:
		supervisor_post(s, EVENT_PATIENCE_OVER);
		break;
	case GROUP_LEAVING:
		supervisor_post(s, EVENT_DRAIN_OVER);
		break;
	case GROUP_CLEARING:
		clear_round(s);
		break;
	case GROUP_BACKOFF:
		if (!s->suspended)
			supervisor_post(s, EVENT_BACKOFF_OVER);
		break;
	default:
		break;
	}
}

void supervisor_on_long_stop(uv_timer_t *timer)
{
	struct supervisor *s = timer->data;
	if (s->how->quiet || s->state != GROUP_STOPPING || s->group.running == 0)
		return;
	struct text text = {0};
	text_add_format(&text, "muster: waiting for %u rank%s to stop; SIGKILL %.1f s after the stop signal%s\n",
	                s->group.running, s->group.running == 1 ? "" : "s", (double)s->grace_ms / 1000,
	                s->result->stop_signal == SIGINT ? ", or at once with another Ctrl-C" : "");
	output_note(s->how->output, text.bytes);
	text_finish(&text);
}
