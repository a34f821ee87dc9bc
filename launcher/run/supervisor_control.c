/* SPDX-License-Identifier: MIT
 *
 * supervisor_control: see supervisor_control.h.
 */
#include "run/supervisor_control.h"

#include "base/index_set.h"
#include "run/segment_record.h"
#include "run/supervision_state.h"

#include <signal.h>

struct job_state supervisor_look(const struct supervisor *s)
{
	return (struct job_state){
		.name = group_state_name(s->state),
		.result = s->result,
		.pids = s->group.pids,
		.running = s->group.running,
		.elapsed_ns = supervisor_since_start_ns(s),
	};
}

struct rank_wait supervisor_rank_wait(const struct supervisor *s, uint32_t local_rank)
{
	return segment_record_wait(&s->segment, local_rank);
}

void supervisor_stop(struct supervisor *s, int64_t grace_ms)
{
	if (grace_ms >= 0)
		s->grace_ms = grace_ms;
	if (s->state == GROUP_STOPPING && grace_ms >= 0)
		uv_timer_start(&s->deadline, supervisor_on_deadline, (uint64_t)grace_ms, 0);
	supervisor_stop_requested(s, SIGTERM);
}

uint32_t supervisor_signal(struct supervisor *s, int signal, const struct index_set *ranks)
{
	uint32_t sent = 0;
	for (uint32_t r = 0; r < s->group.count; r++)
		if (s->group.pids[r] != 0 && (ranks == NULL || index_set_has(ranks, r)))
			sent += kill(s->group.pids[r], signal) == 0;
	return sent;
}
