/* SPDX-License-Identifier: MIT
 *
 * segment_record: what stands in the segment comes out as it was meant, and of nonsense comes nothing but bounded
 * numbers and unknown times.
 */
#include "run_fixture.h"

#include "run/job_result.h"
#include "run/job_segment.h"
#include "run/rank_group.h"
#include "run/segment_record.h"
#include "segment_layout.h"
#include "ticks.h"

enum { RANKS = 4, MEMBER_LEFT = -5002 };

struct recorded {
	struct run_fixture f;
	struct job_segment segment;
	struct job_result result;
	struct rank_group group;
	int64_t start_ns;
};

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void begin(struct recorded *r)
{
	struct error err;
	memset(r, 0, sizeof *r);
	fixture_begin_job(&r->f, RANKS);
	assert_int_equal(job_segment_make(&r->segment, &r->f.plan, &err), 0);
	job_result_init(&r->result, RANKS);
	rank_group_init(&r->group, RANKS);
	r->segment.header->attached = 1;
	r->start_ns = now_ns() - INT64_C(10000000000);
}

static void end(struct recorded *r)
{
	rank_group_finish(&r->group);
	job_result_finish(&r->result);
	job_segment_finish(&r->segment);
	fixture_end(&r->f);
}

/* Both clocks at one time: again when this process stood still in between. */
static uint64_t both_clocks(int64_t *ns)
{
	enum { AT_ONCE_NS = 50000 };
	uint64_t ticks;
	do {
		*ns = now_ns();
		ticks = ticks_now();
	} while (now_ns() - *ns > AT_ONCE_NS);
	return ticks;
}

/* A second ago, when its ticks stood as far back as they run in a second. */
static double attach(struct recorded *r, uint32_t rank)
{
	const struct timespec moment = {.tv_nsec = 20000000};
	int64_t begin_ns, end_ns;
	uint64_t begin_ticks = both_clocks(&begin_ns);
	nanosleep(&moment, NULL);
	uint64_t end_ticks = both_clocks(&end_ns);
	double ticks_a_ns = (double)(end_ticks - begin_ticks) / (double)(end_ns - begin_ns);
	struct segment_rank *it = &r->segment.ranks[rank];
	it->presence = RANK_ATTACHED;
	it->attach_ns = (uint64_t)end_ns - 1000000000;
	it->attach_ticks = end_ticks - (uint64_t)(ticks_a_ns * 1e9);
	return ticks_a_ns;
}

static void write_at(const struct recorded *r, uint64_t offset, const void *bytes, size_t count)
{
	assert_int_equal(pwrite(r->segment.fd, bytes, count, (off_t)offset), count);
}

static void add_event(const struct recorded *r, uint32_t rank, uint64_t number, const struct segment_event *event)
{
	uint64_t offset = r->segment.traces_offset + rank * sizeof(struct segment_trace);
	uint64_t written = number + 1;
	write_at(r, offset, &written, sizeof written);
	write_at(r, offset + offsetof(struct segment_trace, events) + number % SEGMENT_TRACE_EVENTS * sizeof *event,
	         event, sizeof *event);
}

static void assert_near(int64_t ns, int64_t expected, int64_t tolerance)
{
	if (ns < expected - tolerance || ns > expected + tolerance)
		fail_msg("%lld is not near %lld", (long long)ns, (long long)expected);
}

static void ticks_become_time(void **state)
{
	(void)state;
	struct recorded r;
	begin(&r);
	double ticks_a_ns = attach(&r, 1);
	struct segment_rank *rank = &r.segment.ranks[1];
	rank->sums = (struct segment_sums){.barriers = 5,
	                                   .barrier_wait_ticks = (uint64_t)(ticks_a_ns * 2e8),
	                                   .barrier_last = 2,
	                                   .messages_sent = 7};
	struct segment_event event = {.ticks = rank->attach_ticks + (uint64_t)(ticks_a_ns * 5e8),
	                              .duration = (uint32_t)(ticks_a_ns * 1e8 / 16),
	                              .kind = TRACE_BARRIER};
	memcpy(event.label, "a label of forty bytes, without its end.", sizeof event.label);
	add_event(&r, 1, 0, &event);
	segment_record_take(&r.segment, &r.result, r.start_ns, true);
	const struct rank_library *library = r.result.ranks[1].library;
	assert_non_null(library);
	assert_int_equal(library->barriers, 5);
	assert_int_equal(library->barrier_last, 2);
	assert_int_equal(library->messages_sent, 7);
	assert_near(library->barrier_wait_ns, 200000000, 40000000);
	assert_int_equal(library->event_count, 1);
	assert_near(library->events[0].at_ns, (int64_t)rank->attach_ns - r.start_ns + 500000000, 100000000);
	assert_near(library->events[0].duration_ns, 100000000, 20000000);
	assert_string_equal(library->events[0].label, "a label of forty bytes, without its end.");
	assert_null(r.result.ranks[0].library);
	end(&r);
}

static void the_newest_events_are_kept_in_order(void **state)
{
	(void)state;
	struct recorded r;
	begin(&r);
	attach(&r, 0);
	for (uint32_t i = 0; i < SEGMENT_TRACE_EVENTS + 3; i++)
		add_event(&r, 0, i, &(struct segment_event){.kind = TRACE_MARK, .bytes = i});
	segment_record_take(&r.segment, &r.result, r.start_ns, true);
	const struct rank_library *library = r.result.ranks[0].library;
	assert_int_equal(library->event_count, SEGMENT_TRACE_EVENTS);
	assert_int_equal(library->events_lost, 3);
	for (uint32_t i = 0; i < library->event_count; i++)
		assert_int_equal(library->events[i].bytes, i + 3);
	end(&r);
}

static void events_are_read_only_when_they_are_wanted(void **state)
{
	(void)state;
	struct recorded r;
	begin(&r);
	attach(&r, 0);
	add_event(&r, 0, 0, &(struct segment_event){.kind = TRACE_MARK});
	segment_record_take(&r.segment, &r.result, r.start_ns, false);
	assert_int_equal(r.result.ranks[0].library->event_count, 0);
	end(&r);
}

/* Every byte that a rank can write is 0xff, or something at random. */
static void nonsense_is_bounded(void **state)
{
	(void)state;
	for (uint32_t round = 0; round < 50; round++) {
		struct recorded r;
		begin(&r);
		unsigned char *bytes = (unsigned char *)r.segment.header;
		uint64_t random = round * UINT64_C(0x9e3779b97f4a7c15) + 1;
		size_t trace_bytes = RANKS * sizeof(struct segment_trace) + SEGMENT_PAGE;
		unsigned char *trace = malloc(trace_bytes);
		assert_non_null(trace);
		for (size_t i = 0; i < r.segment.mapped_bytes + trace_bytes; i++) {
			random = random * UINT64_C(6364136223846793005) + 1;
			unsigned char byte = round == 0 ? 0xff : (unsigned char)(random >> 56);
			if (i < r.segment.mapped_bytes)
				bytes[i] = byte;
			else
				trace[i - r.segment.mapped_bytes] = byte;
		}
		r.segment.header->attached = 1;
		write_at(&r, r.segment.traces_offset, trace, trace_bytes);
		write_at(&r, r.segment.world_offset, trace, SEGMENT_PAGE);
		free(trace);
		for (uint32_t rank = 0; rank < RANKS; rank++)
			r.group.pids[rank] = getpid();
		segment_record_waits(&r.segment, &r.result, &r.group, r.start_ns);
		segment_record_not_attached(&r.segment, &r.result, &r.group);
		uint32_t missed = segment_record_missed(&r.segment, &r.result);
		assert_true(missed == NO_RANK || missed < RANKS);
		segment_record_take(&r.segment, &r.result, r.start_ns, true);
		for (uint32_t rank = 0; rank < RANKS; rank++) {
			const struct rank_library *library = r.result.ranks[rank].library;
			if (library == NULL)
				continue;
			assert_true(library->barriers <= INT64_MAX && library->event_count <= SEGMENT_TRACE_EVENTS);
			for (uint32_t i = 0; i < library->event_count; i++)
				assert_true(library->events[i].kind <= EVENT_COLLECTIVE &&
				            library->events[i].at_ns >= TIME_UNKNOWN &&
				            library->events[i].at_ns <= now_ns() - r.start_ns);
		}
		end(&r);
	}
}

static void what_a_rank_waits_for_is_noted_once(void **state)
{
	(void)state;
	struct recorded r;
	begin(&r);
	struct segment_activity *activity = &r.segment.ranks[2].activity;
	activity->kind = ACTIVITY_RECEIVE;
	activity->peer = 3;
	activity->since_ns = (uint64_t)now_ns() - 1000000000;
	memset(activity->label, 'x', sizeof activity->label);
	segment_record_waits(&r.segment, &r.result, &r.group, r.start_ns);
	assert_int_equal(r.result.ranks[2].wait.kind, WAITS_FOR_NOTHING); /* it does not run */
	r.group.pids[2] = getpid();
	segment_record_waits(&r.segment, &r.result, &r.group, r.start_ns);
	activity->kind = ACTIVITY_NONE;
	segment_record_waits(&r.segment, &r.result, &r.group, r.start_ns);
	const struct rank_wait *wait = &r.result.ranks[2].wait;
	assert_int_equal(wait->kind, WAITS_TO_RECEIVE);
	assert_int_equal(wait->peer, 3);
	assert_near(wait->for_ns, 1000000000, 900000000);
	assert_int_equal(strlen(wait->label), SEGMENT_LABEL_BYTES);
	end(&r);
}

static void since_when_a_rank_waits_is_told_from_the_start_of_the_job_as_far_as_it_can_be_true(void **state)
{
	(void)state;
	const int64_t start_ns = now_ns() - INT64_C(10000000000);
	const struct {
		int64_t said_ns, told_ns;
	} cases[] = {
		{start_ns + INT64_C(9000000000), INT64_C(9000000000)},
		{start_ns - 5, 2000000}, /* before it was started */
		{start_ns + 1000000, 2000000},
		{start_ns + INT64_C(3600000000000), TIME_UNKNOWN}, /* in an hour */
		{0, TIME_UNKNOWN},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct recorded r;
		begin(&r);
		r.group.pids[1] = getpid();
		r.result.ranks[1].started_ns = 2000000;
		r.segment.ranks[1].activity.kind = ACTIVITY_BARRIER;
		r.segment.ranks[1].activity.since_ns = (uint64_t)cases[i].said_ns;
		segment_record_waits(&r.segment, &r.result, &r.group, start_ns);
		assert_int_equal(r.result.ranks[1].wait.kind, WAITS_IN_BARRIER);
		assert_int_equal(r.result.ranks[1].waits_since_ns, cases[i].told_ns);
		assert_int_equal(r.result.ranks[0].waits_since_ns, TIME_UNKNOWN);
		end(&r);
	}
}

static void who_runs_and_has_not_attached_is_found(void **state)
{
	(void)state;
	struct recorded r;
	begin(&r);
	attach(&r, 0);
	r.group.pids[0] = r.group.pids[2] = getpid();
	assert_int_equal(segment_record_not_attached(&r.segment, &r.result, &r.group), 1);
	assert_true(r.result.ranks[2].not_attached);
	assert_false(r.result.ranks[0].not_attached || r.result.ranks[1].not_attached);
	end(&r);
}

static void who_left_a_barrier_in_need_is_found(void **state)
{
	(void)state;
	struct recorded r;
	begin(&r);
	const struct group_layout layout = segment_world_layout(RANKS, 1, r.segment.bytes);
	struct group_header group = {0};
	struct break_record record = {.generation = 8, .code = MEMBER_LEFT, .member = 3};
	group.barrier.state = UINT64_C(8) << 33 | UINT64_C(2) << 30 | 1 << 17;
	group.barrier.breaker = UINT64_C(8) << 32 | 1;
	write_at(&r,
	         r.segment.world_offset + layout.members_offset + layout.member_stride +
	                 offsetof(struct group_member, record),
	         &record, sizeof record);
	add_event(&r, 1, 0, &(struct segment_event){.kind = TRACE_BARRIER, .label = "before"});
	add_event(&r, 1, 1, &(struct segment_event){.kind = TRACE_BARRIER, .label = "epoch 3"});
	add_event(&r, 1, 2, &(struct segment_event){.kind = TRACE_MARK, .label = "after"});
	r.segment.ranks[3].presence = RANK_LEFT;
	assert_int_equal(segment_record_missed(&r.segment, &r.result), NO_RANK); /* no barrier was given up */
	write_at(&r, r.segment.world_offset, &group, sizeof group);
	assert_int_equal(segment_record_missed(&r.segment, &r.result), 3);
	assert_true(r.result.ranks[3].missed);
	assert_string_equal(r.result.ranks[3].missed_in, "barrier 'epoch 3'");
	group.barrier.state = UINT64_C(8) << 33 | UINT64_C(1) << 30 | 1 << 17; /* taken for dead until it was reaped */
	write_at(&r, r.segment.world_offset, &group, sizeof group);
	assert_int_equal(segment_record_missed(&r.segment, &r.result), 3);
	r.segment.ranks[3].presence = RANK_ENDED;
	assert_int_equal(segment_record_missed(&r.segment, &r.result), NO_RANK); /* it failed by itself */
	end(&r);
}

static void who_left_a_collective_in_need_is_found(void **state)
{
	(void)state;
	struct recorded r;
	begin(&r);
	struct group_header group = {0};
	group.broken = UINT64_C(1) << 63 | UINT64_C(5002) << 32 | 2;
	write_at(&r, r.segment.world_offset, &group, sizeof group);
	r.segment.ranks[2].presence = RANK_LEFT;
	assert_int_equal(segment_record_missed(&r.segment, &r.result), 2);
	assert_string_equal(r.result.ranks[2].missed_in, "a collective");
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_become_time),
		cmocka_unit_test(the_newest_events_are_kept_in_order),
		cmocka_unit_test(events_are_read_only_when_they_are_wanted),
		cmocka_unit_test(nonsense_is_bounded),
		cmocka_unit_test(what_a_rank_waits_for_is_noted_once),
		cmocka_unit_test(since_when_a_rank_waits_is_told_from_the_start_of_the_job_as_far_as_it_can_be_true),
		cmocka_unit_test(who_runs_and_has_not_attached_is_found),
		cmocka_unit_test(who_left_a_barrier_in_need_is_found),
		cmocka_unit_test(who_left_a_collective_in_need_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
