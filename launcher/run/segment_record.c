/* SPDX-License-Identifier: MIT
 *
 * segment_record: see segment_record.h. What is not mapped is read with pread: of what nobody touched it makes no
 * pages, and a copy does not change while it is looked at.
 */
#include "run/segment_record.h"

#include "base/clock.h"
#include "base/printable.h"
#include "run/job_result.h"
#include "run/job_segment.h"
#include "run/rank_group.h"
#include "segment_layout.h"
#include "ticks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the lower half of group_barrier.state: a rank failed or left. Which of the two is asked of its presence: who exits
 * with 0 is taken for dead until it has been reaped. */
enum { CLOSED_SHIFT = 30 };

static_assert(LABEL_BYTES == SEGMENT_LABEL_BYTES + 1, "a label and its end");

static void take_label(char label[LABEL_BYTES], const char *from)
{
	memcpy(label, from, SEGMENT_LABEL_BYTES);
	label[SEGMENT_LABEL_BYTES] = '\0';
}

/* --- what ranks wait for --- */

/* *since_ns is of CLOCK_MONOTONIC, or TIME_UNKNOWN. */
static struct rank_wait read_wait(const struct job_segment *segment, uint32_t rank, int64_t *since_ns)
{
	*since_ns = TIME_UNKNOWN;
	struct rank_wait wait = {.kind = WAITS_FOR_NOTHING};
	if (!job_segment_is_used(segment))
		return wait;
	const struct segment_activity *activity = &segment->ranks[rank].activity;
	uint32_t kind = atomic_load(&activity->kind);
	if (kind < ACTIVITY_BARRIER || kind > ACTIVITY_RECEIVE)
		return wait;
	int64_t said_ns = (int64_t)activity->since_ns, now_ns = clock_ns();
	bool known = said_ns > 0 && said_ns <= now_ns;
	static_assert((int)ACTIVITY_BARRIER == (int)WAITS_IN_BARRIER && (int)ACTIVITY_RECEIVE == (int)WAITS_TO_RECEIVE,
	              "the same order");
	wait.kind = kind;
	wait.peer = activity->peer;
	wait.for_ns = known ? now_ns - said_ns : TIME_UNKNOWN;
	*since_ns = known ? said_ns : TIME_UNKNOWN;
	take_label(wait.label, activity->label);
	return wait;
}

struct rank_wait segment_record_wait(const struct job_segment *segment, uint32_t rank)
{
	int64_t since_ns;
	return read_wait(segment, rank, &since_ns);
}

/* No rank waited before it was started, whatever it says. */
static int64_t since_job_start_ns(const struct rank_result *rank, int64_t since_ns, int64_t job_start_ns)
{
	if (since_ns == TIME_UNKNOWN)
		return TIME_UNKNOWN;
	return since_ns - job_start_ns > rank->started_ns ? since_ns - job_start_ns : rank->started_ns;
}

void segment_record_waits(const struct job_segment *segment, struct job_result *result, const struct rank_group *group,
                          int64_t job_start_ns)
{
	for (uint32_t r = 0; r < group->count; r++) {
		struct rank_result *rank = &result->ranks[r];
		int64_t since_ns;
		if (group->pids[r] == 0 || rank->wait.kind != WAITS_FOR_NOTHING)
			continue;
		rank->wait = read_wait(segment, r, &since_ns);
		rank->waits_since_ns = since_job_start_ns(rank, since_ns, job_start_ns);
	}
}

uint32_t segment_record_not_attached(const struct job_segment *segment, struct job_result *result,
                                     const struct rank_group *group)
{
	uint32_t count = 0;
	for (uint32_t r = 0; r < group->count; r++) {
		result->ranks[r].not_attached =
			group->pids[r] != 0 && atomic_load(&segment->ranks[r].presence) == RANK_STARTED;
		count += result->ranks[r].not_attached;
	}
	return count;
}

/* --- whom others missed --- */

static bool read_at(const struct job_segment *segment, uint64_t offset, void *bytes, size_t count)
{
	return pread(segment->fd, bytes, count, (off_t)offset) == (ssize_t)count;
}

static uint64_t trace_offset(const struct job_segment *segment, uint32_t rank)
{
	return segment->traces_offset + rank * sizeof(struct segment_trace);
}

/* The label of the newest barrier in a rank's trace; "" when it has none. */
static void read_last_barrier(const struct job_segment *segment, uint32_t rank, char label[LABEL_BYTES])
{
	struct segment_event event;
	uint64_t written, offset = trace_offset(segment, rank);
	label[0] = '\0';
	if (!read_at(segment, offset, &written, sizeof written))
		return;
	for (uint64_t back = 1; back <= written && back <= SEGMENT_TRACE_EVENTS; back++) {
		uint64_t at = offset + offsetof(struct segment_trace, events) +
		              (written - back) % SEGMENT_TRACE_EVENTS * sizeof event;
		if (!read_at(segment, at, &event, sizeof event))
			return;
		if (event.kind == TRACE_BARRIER) {
			take_label(label, event.label);
			return;
		}
	}
}

static bool has_left(const struct job_segment *segment, uint32_t rank)
{
	return rank < segment->rank_count && atomic_load(&segment->ranks[rank].presence) == RANK_LEFT;
}

/* The rank for whose sake the last barrier was given up; *breaker is who gave it up. */
static uint32_t missing_in_barrier(const struct job_segment *segment, const struct group_header *group,
                                   uint32_t *breaker)
{
	const struct group_layout layout =
		segment_world_layout(segment->rank_count, segment->domain_count, segment->bytes);
	uint32_t closed = (uint32_t)atomic_load(&group->barrier.state) >> CLOSED_SHIFT;
	uint64_t named = atomic_load(&group->barrier.breaker);
	struct break_record record;
	*breaker = (uint32_t)named;
	if (closed == 0 || named == 0 || *breaker >= segment->rank_count ||
	    !read_at(segment,
	             segment->world_offset + layout.members_offset + *breaker * layout.member_stride +
	                     offsetof(struct group_member, record),
	             &record, sizeof record))
		return NO_RANK;
	uint32_t member = (uint32_t)atomic_load(&record.member);
	return has_left(segment, member) ? member : NO_RANK;
}

static uint32_t missing_in_collective(const struct job_segment *segment, const struct group_header *group)
{
	uint64_t broken = atomic_load(&group->broken);
	return broken != 0 && has_left(segment, (uint32_t)broken) ? (uint32_t)broken : NO_RANK;
}

uint32_t segment_record_missed(const struct job_segment *segment, struct job_result *result)
{
	struct group_header group;
	char label[LABEL_BYTES];
	uint32_t breaker;
	if (!job_segment_is_used(segment) || !read_at(segment, segment->world_offset, &group, sizeof group))
		return NO_RANK;
	uint32_t missing = missing_in_barrier(segment, &group, &breaker);
	bool barrier = missing != NO_RANK;
	if (!barrier)
		missing = missing_in_collective(segment, &group);
	if (missing == NO_RANK)
		return NO_RANK;
	struct rank_result *rank = &result->ranks[missing];
	rank->missed = true;
	snprintf(rank->missed_in, sizeof rank->missed_in, "a collective");
	if (!barrier)
		return missing;
	read_last_barrier(segment, breaker, label);
	make_printable(label);
	snprintf(rank->missed_in, sizeof rank->missed_in, label[0] == '\0' ? "a barrier" : "barrier '%s'", label);
	return missing;
}

/* --- sums and events --- */

/* Makes a rank's ticks into nanoseconds. */
struct rank_clock {
	uint64_t attach_ticks;
	int64_t attach_ns; /* since the job's start */
	double ns_a_tick;  /* 0: the readings cannot be right */
	int64_t end_ns;
};

static struct rank_clock clock_of(const struct segment_rank *rank, int64_t job_start_ns)
{
	int64_t now = clock_ns(), attach_ns = (int64_t)rank->attach_ns;
	struct rank_clock clock = {.attach_ticks = rank->attach_ticks,
	                           .attach_ns = attach_ns - job_start_ns,
	                           .end_ns = now - job_start_ns};
	uint64_t ticks = ticks_now() - clock.attach_ticks;
	if (attach_ns >= job_start_ns && attach_ns < now && ticks > 0)
		clock.ns_a_tick = (double)(now - attach_ns) / (double)ticks;
	if (clock.ns_a_tick < 0.01 || clock.ns_a_tick > 1000) /* from 100 GHz to 1 MHz */
		clock.ns_a_tick = 0;
	return clock;
}

/* No longer than the job. */
static int64_t duration_of(const struct rank_clock *clock, double ticks)
{
	double ns = ticks * clock->ns_a_tick;
	return clock->ns_a_tick > 0 && ns <= (double)clock->end_ns ? (int64_t)ns : TIME_UNKNOWN;
}

static int64_t moment_of(const struct rank_clock *clock, uint64_t ticks)
{
	int64_t since =
		ticks >= clock->attach_ticks ? duration_of(clock, (double)(ticks - clock->attach_ticks)) : TIME_UNKNOWN;
	return since < 0 || clock->attach_ns + since > clock->end_ns ? TIME_UNKNOWN : clock->attach_ns + since;
}

static uint64_t bounded(uint64_t count)
{
	return count <= INT64_MAX ? count : INT64_MAX; /* as JSON can have it */
}

static void take_sums(struct rank_library *library, const struct segment_sums *sums, const struct rank_clock *clock)
{
	library->barriers = bounded(sums->barriers);
	library->barrier_last = bounded(sums->barrier_last);
	library->collectives = bounded(sums->collectives);
	library->messages_sent = bounded(sums->messages_sent);
	library->messages_received = bounded(sums->messages_received);
	library->barrier_wait_ns = duration_of(clock, (double)sums->barrier_wait_ticks);
	library->collective_ns = duration_of(clock, (double)sums->collective_ticks);
	library->message_wait_ns = duration_of(clock, (double)sums->message_wait_ticks);
}

static const char *collective_name(const struct segment_event *event)
{
	static const char *const names[] = {
		[COLLECTIVE_BROADCAST] = "broadcast", [COLLECTIVE_REDUCE] = "reduce",
		[COLLECTIVE_ALLREDUCE] = "allreduce", [COLLECTIVE_REDUCE_SCATTER] = "reduce_scatter",
		[COLLECTIVE_GATHER] = "gather",       [COLLECTIVE_ALLGATHER] = "allgather",
		[COLLECTIVE_SCATTER] = "scatter",     [COLLECTIVE_ALLTOALL] = "alltoall",
		[COLLECTIVE_SPLIT] = "split",         [COLLECTIVE_ALLOC_SHARED] = "alloc_shared",
	};
	if (event->kind != TRACE_COLLECTIVE)
		return NULL;
	bool known = event->detail < sizeof names / sizeof *names && names[event->detail] != NULL;
	return known ? names[event->detail] : "collective";
}

static bool take_event(struct rank_event *event, const struct segment_event *from, const struct rank_clock *clock)
{
	if (from->kind < TRACE_MARK || from->kind > TRACE_COLLECTIVE)
		return false;
	static_assert((int)TRACE_BARRIER - (int)TRACE_MARK == (int)EVENT_BARRIER, "the same order");
	*event = (struct rank_event){.kind = from->kind - TRACE_MARK,
	                             .collective = collective_name(from),
	                             .at_ns = moment_of(clock, from->ticks),
	                             .duration_ns = duration_of(clock, from->duration * 16.0),
	                             .bytes = bounded(from->bytes)};
	take_label(event->label, from->label);
	return true;
}

static void take_events(struct rank_library *library, const struct segment_trace *trace, const struct rank_clock *clock)
{
	uint64_t written = atomic_load(&trace->written);
	uint64_t count = written < SEGMENT_TRACE_EVENTS ? written : SEGMENT_TRACE_EVENTS;
	library->events_lost = bounded(written - count);
	library->events = count == 0 ? NULL : calloc(count, sizeof *library->events);
	for (uint64_t i = written - count; library->events != NULL && i < written; i++)
		library->event_count += take_event(&library->events[library->event_count],
		                                   &trace->events[i % SEGMENT_TRACE_EVENTS], clock);
}

void segment_record_take(const struct job_segment *segment, struct job_result *result, int64_t job_start_ns,
                         bool events)
{
	if (!job_segment_is_used(segment))
		return;
	struct segment_trace *trace = events ? aligned_alloc(SEGMENT_LINE, sizeof *trace) : NULL;
	for (uint32_t r = 0; r < segment->rank_count; r++) {
		const struct segment_rank *rank = &segment->ranks[r];
		if (rank->attach_ns == 0)
			continue;
		struct rank_library *library = calloc(1, sizeof *library);
		if (library == NULL)
			break;
		const struct rank_clock clock = clock_of(rank, job_start_ns);
		take_sums(library, &rank->sums, &clock);
		if (trace != NULL && read_at(segment, trace_offset(segment, r), trace, sizeof *trace))
			take_events(library, trace, &clock);
		result->ranks[r].library = library;
	}
	free(trace);
}
