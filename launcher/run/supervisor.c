/* SPDX-License-Identifier: MIT
 *
 * supervisor: see supervisor.h. Here is its frame: the loop is made, run and taken down, and the result completed.
 */
#include "run/supervision_state.h"

#include "base/clock.h"
#include "base/error.h"
#include "plan/launch_plan.h"
#include "run/descendants.h"
#include "run/guards.h"
#include "run/job_cgroup.h"
#include "run/output.h"
#include "run/rank_process.h"
#include "run/segment_record.h"
#include "run/signals.h"
#include "run/stdin_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int64_t supervisor_since_start_ns(const struct supervisor *s)
{
	return clock_ns() - s->job_start_ns;
}

void supervisor_set_cause(struct supervisor *s, enum job_cause cause)
{
	if (s->cause == CAUSE_NONE)
		s->cause = cause;
}

void supervisor_tell(struct supervisor *s, enum job_moment moment, uint32_t local_rank)
{
	if (s->how->listener != NULL)
		s->how->listener->tell(s->how->listener->context, moment, local_rank);
}

static int watch_descriptor(struct supervisor *s, uv_poll_t *poll, int fd, uv_poll_cb callback)
{
	int rc = uv_poll_init(&s->loop, poll, fd);
	poll->data = s;
	return rc < 0 ? rc : uv_poll_start(poll, UV_READABLE, callback);
}

static void init_timers(struct supervisor *s)
{
	uv_timer_t *timers[] = {&s->deadline,    &s->time_limit,  &s->left_check, &s->long_stop,
	                        &s->watch_start, &s->start_limit, &s->exec_check};
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
	if (s->signals_fd < 0)
		return error_set(err, s->signals_fd, "cannot listen to signals: %s", strerror(-s->signals_fd));
	s->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s->null_fd < 0)
		return error_set(err, -errno, "cannot open /dev/null, which ranks get as their input: %s",
		                 strerror(errno));
	s->how->launcher->cgroup = job_cgroup_descriptor(s->how->job_cgroup);
	rc = deaths_init(&s->deaths, s->group.pids, s->group.count);
	if (rc == 0)
		rc = watch_descriptor(s, &s->signals, s->signals_fd, supervisor_on_signals);
	if (rc == 0)
		rc = watch_descriptor(s, &s->deaths_poll, s->deaths.epoll, supervisor_on_deaths);
	if (rc < 0)
		return error_set(err, rc, "cannot set up supervision: %s%s", strerror(-rc),
		                 rc == -ENOMEM ? ": raise the memory limit (ulimit -v)" : "");
	rc = output_attach(s->how->output, &s->loop, supervisor_on_output_changed, s, err);
	if (rc == 0)
		rc = stdin_feed_create(&s->feed, s->plan, &s->loop, s->how->guards->guard, err);
	s->starting = (struct group_starter){.how = s->how,
	                                     .group = &s->group,
	                                     .deaths = &s->deaths,
	                                     .feed = s->feed,
	                                     .segment = &s->segment,
	                                     .result = s->result,
	                                     .null_fd = s->null_fd};
	return rc;
}

/* Its own handles first: the result is complete, and what the loop turns for others must not change it any more. */
static void finish_loop(struct supervisor *s)
{
	uv_handle_t *own[] = {(uv_handle_t *)&s->signals,     (uv_handle_t *)&s->deaths_poll,
	                      (uv_handle_t *)&s->starter,     (uv_handle_t *)&s->deadline,
	                      (uv_handle_t *)&s->time_limit,  (uv_handle_t *)&s->left_check,
	                      (uv_handle_t *)&s->long_stop,   (uv_handle_t *)&s->watch_start,
	                      (uv_handle_t *)&s->start_limit, (uv_handle_t *)&s->exec_check};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		uv_close(own[i], NULL);
	if (s->how->listener != NULL)
		s->how->listener->close(s->how->listener->context);
	stdin_feed_destroy(s->feed);
	output_detach(s->how->output);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	deaths_finish(&s->deaths);
	close(s->signals_fd);
	close(s->null_fd);
}

static void count_survivors(struct supervisor *s)
{
	struct process_list list = {0};
	bool reaped = deaths_reap_orphans(&s->deaths);
	if (s->seen_empty || (reaped && job_cgroup_is_empty(s->how->job_cgroup)))
		return;
	descendants_list(&list, 0);
	uint32_t in_group = job_cgroup_count(s->how->job_cgroup);
	uint32_t count = list.count > in_group ? list.count : in_group;
	if (s->plan->spec->failure.leftovers == LEFTOVERS_KEEP && s->group.running == 0)
		s->result->kept = count;
	else
		s->result->survivors = count == 0 && (reaped || !descendants_visible()) ? 1 : count; /* one at least */
	process_list_finish(&list);
}

static void complete_result(struct supervisor *s)
{
	struct job_result *result = s->result;
	const char *output_problem = output_error(s->how->output);
	count_survivors(s);
	segment_record_take(&s->segment, result, s->job_start_ns, s->how->keep_events);
	if (s->how->launcher->cgroup >= 0)
		result->cgroup = strdup(s->how->job_cgroup->directory);
	result->reader_gone = output_reader_gone(s->how->output);
	clock_gettime(CLOCK_REALTIME, &result->ended);
	result->elapsed_ns = supervisor_since_start_ns(s);
	result->error_text = s->start_error;
	if (result->error_text == NULL && output_problem != NULL)
		result->error_text = strdup(output_problem);
	if (result->error_text == NULL && s->cause == CAUSE_GUARD_GONE)
		result->error_text = strdup("a process of muster's own was killed; the job was ended");
	verdict_decide(result, s->cause);
}

static void run_loop(struct supervisor *s)
{
	int64_t limit_ms = launch_plan_time_limit_ms(s->plan);
	clock_gettime(CLOCK_REALTIME, &s->result->started);
	s->job_start_ns = clock_ns();
	if (limit_ms != NOT_SET)
		uv_timer_start(&s->time_limit, supervisor_on_time_limit, (uint64_t)limit_ms, 0);
	s->state = GROUP_STARTING;
	if (s->how->listener != NULL)
		s->how->listener->open(s->how->listener->context, s, &s->loop);
	supervisor_start_group(s);
	if (s->state != GROUP_ENDED)
		uv_run(&s->loop, UV_RUN_DEFAULT);
}

int supervise(const struct supervision *how, struct job_result *result, struct error *err)
{
	struct supervisor s = {
		.how = how,
		.plan = how->plan,
		.result = result,
		.segment = JOB_SEGMENT_NONE,
		.oom_kills_before = -1,
		.grace_ms = how->plan->spec->failure.grace_ms,
	};
	rank_group_init(&s.group, how->plan->nprocs);
	life_words_init(&s.lives, how->plan->nprocs);
	restart_budget_init(&s.budget, &how->plan->spec->failure);
	int rc = init_loop(&s, err);
	if (rc == 0) {
		run_loop(&s);
		complete_result(&s);
		finish_loop(&s);
	}
	supervisor_drop_segment(&s);
	life_words_finish(&s.lives);
	rank_group_finish(&s.group);
	return rc;
}
