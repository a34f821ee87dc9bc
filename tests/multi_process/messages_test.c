/* SPDX-License-Identifier: MIT
 *
 * Messages between ranks: whole, in order, matched by tag, of any size and from any memory; what a call that failed
 * left behind; the end of a rank, told to those who need it, after all that it had sent.
 */
#include "channel.h"
#include "ranks.h"
#include "unit_test.h"
#include "wait.h"
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAG = 7, OTHER_TAG = 8 };

static const size_t sizes[] = {0,
                               1,
                               8,
                               47,
                               48,
                               49,
                               64,
                               1000,
                               8191,
                               EAGER_BYTES - 1,
                               EAGER_BYTES,
                               EAGER_BYTES + 1,
                               100000,
                               1 << 20,
                               (9 << 20) + 13};

enum { SIZE_MAX_TRIED = 10 << 20 };

static void fill(unsigned char *data, size_t bytes, unsigned seed)
{
	for (size_t i = 0; i < bytes; i++)
		data[i] = (unsigned char)(seed + i * 7 + (i >> 8));
}

static bool is_filled(const unsigned char *data, size_t bytes, unsigned seed)
{
	for (size_t i = 0; i < bytes; i++)
		if (data[i] != (unsigned char)(seed + i * 7 + (i >> 8)))
			return false;
	return true;
}

/* How this rank's large messages reach it. */
enum way { READ_MEMORY, STAGED, IN_SEGMENT, WAYS };

struct plan {
	enum way way;
	bool threads;
	int rounds;
};

enum { POOL_RANKS = 8 };

/* Two pieces of memory for each rank, of which no other rank knows. */
static unsigned char *pool;

static unsigned char *take_memory(muster_world *world, int which)
{
	return pool + (size_t)(muster_rank(world) * 2 + which) * SIZE_MAX_TRIED;
}

static unsigned char *take_way(muster_world *world, enum way way)
{
	if (way == STAGED)
		world->segment->reads_memory = false;
	return way == IN_SEGMENT ? muster_alloc(world, SIZE_MAX_TRIED) : take_memory(world, 0);
}

static void every_way(ranks_body *body, int ranks)
{
	for (enum way way = READ_MEMORY; way < WAYS; way++)
		for (int threads = RANKS_FIRST_KIND; threads < 2; threads++) {
			struct plan plan = {.way = way};
			assert_true(ranks_run(&(struct ranks_options){.ranks = ranks,
			                                              .threads = threads,
			                                              .segment_bytes = (size_t)128 << 20},
			                      body, &plan, NULL));
		}
}

/* --- whole and in order --- */

static int sends_all_sizes(muster_world *world, void *context)
{
	const struct plan *plan = context;
	unsigned char *data = take_way(world, plan->way);
	int peer = 1 - muster_rank(world);
	CHECK(data != NULL);
	for (unsigned i = 0; i < COUNT_OF(sizes) * 4; i++) {
		struct muster_message message = {0, 0, 0};
		size_t bytes = sizes[i % COUNT_OF(sizes)];
		if (i % 2 == (unsigned)muster_rank(world)) {
			fill(data, bytes, i);
			CHECK(muster_send(world, peer, TAG, data, bytes, MUSTER_FOREVER) == 0);
			continue;
		}
		memset(data, 0xee, bytes);
		CHECK(muster_recv(world, peer, TAG, data, bytes, &message, MUSTER_FOREVER) == 0);
		CHECK(message.bytes == bytes && message.source == peer && message.tag == TAG);
		CHECK(is_filled(data, bytes, i));
	}
	return 0;
}

static void messages_of_every_size_arrive_whole(void **state)
{
	(void)state;
	every_way(sends_all_sizes, 2);
}

enum { STREAM = 3000 };

static size_t stream_bytes(int number)
{
	return number % 97 == 0 ? 70000 : number % 13 == 0 ? 5000 : (size_t)number % 120;
}

static int streams(muster_world *world, void *context)
{
	const struct plan *plan = context;
	unsigned char *data = take_way(world, plan->way);
	for (int number = 0; number < STREAM; number++) {
		size_t bytes = stream_bytes(number);
		if (muster_rank(world) == 0) {
			fill(data, bytes, (unsigned)number);
			CHECK(muster_send(world, 1, TAG, data, bytes, MUSTER_FOREVER) == 0);
			continue;
		}
		struct muster_message message;
		if (number % 10 == 0) {
			CHECK(muster_probe(world, 0, MUSTER_ANY, &message, MUSTER_FOREVER) == 0);
			CHECK(message.bytes == bytes);
		}
		CHECK(muster_recv(world, number % 3 == 0 ? MUSTER_ANY : 0, number % 2 == 0 ? TAG : MUSTER_ANY, data,
		                  SIZE_MAX_TRIED, &message, MUSTER_FOREVER) == 0);
		CHECK(message.bytes == bytes && message.source == 0 && is_filled(data, bytes, (unsigned)number));
	}
	return 0;
}

static void a_stream_arrives_in_order(void **state)
{
	(void)state;
	every_way(streams, 2);
}

static int receives_by_tag(muster_world *world, void *context)
{
	const struct plan *plan = context;
	unsigned char *data = take_way(world, plan->way);
	enum { TAGS = 6, EACH = 4 };
	if (muster_rank(world) == 0) {
		muster_request *requests[TAGS * EACH];
		unsigned char *parts[TAGS * EACH];
		for (int i = 0; i < TAGS * EACH; i++) {
			size_t bytes = i % 5 == 4 ? 50000 : 100;
			parts[i] = take_memory(world, 1) + i * 50000;
			fill(parts[i], bytes, (unsigned)i);
			CHECK(muster_isend(world, 1, i % TAGS, parts[i], bytes, &requests[i]) == 0);
		}
		CHECK(muster_wait_all(world, requests, TAGS * EACH, MUSTER_FOREVER) == 0);
		return 0;
	}
	for (int tag = TAGS - 1; tag >= 0; tag--)
		for (int each = 0; each < EACH; each++) {
			int i = each * TAGS + tag;
			struct muster_message message;
			CHECK(muster_recv(world, 0, tag, data, 50000, &message, MUSTER_FOREVER) == 0);
			CHECK(message.tag == tag && message.bytes == (i % 5 == 4 ? 50000 : 100));
			CHECK(is_filled(data, message.bytes, (unsigned)i));
		}
	return 0;
}

static void a_tag_is_received_before_what_was_sent_earlier(void **state)
{
	(void)state;
	every_way(receives_by_tag, 2);
}

static int serves_any(muster_world *world, void *context)
{
	enum { ROUNDS = 300 };
	int number = 0, size = muster_size(world), next[16] = {0};
	(void)context;
	if (muster_rank(world) != 0) {
		for (int round = 0; round < ROUNDS; round++) {
			CHECK(muster_send(world, 0, TAG, &round, sizeof round, MUSTER_FOREVER) == 0);
			if (round % 50 == 49)
				CHECK(muster_recv(world, 0, OTHER_TAG, &number, sizeof number, NULL, MUSTER_FOREVER) ==
				      0);
		}
		return 0;
	}
	for (int i = 0; i < ROUNDS * (size - 1); i++) {
		struct muster_message message;
		CHECK(muster_recv(world, MUSTER_ANY, TAG, &number, sizeof number, &message, MUSTER_FOREVER) == 0);
		CHECK(message.source > 0 && message.source < size && number == next[message.source]++);
		if (number % 50 == 49)
			CHECK(muster_send(world, message.source, OTHER_TAG, &i, sizeof i, MUSTER_FOREVER) == 0);
	}
	return 0;
}

static void anybody_is_received_from_in_the_order_of_each(void **state)
{
	(void)state;
	for (int ranks = 2; ranks <= 8; ranks += 3) {
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks}, serves_any, NULL, NULL));
		assert_true(
			ranks_run(&(struct ranks_options){.ranks = ranks, .threads = true}, serves_any, NULL, NULL));
	}
}

/* --- both ways at once --- */

static int exchanges(muster_world *world, void *context)
{
	const struct plan *plan = context;
	int rank = muster_rank(world), size = muster_size(world);
	int right = (rank + 1) % size, left = (rank + size - 1) % size;
	unsigned char *data = take_way(world, plan->way);
	unsigned char *into = take_memory(world, 1);
	for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
		struct muster_message message;
		fill(data, sizes[i], (unsigned)rank + i);
		CHECK(muster_sendrecv(world, right, TAG, data, sizes[i], left, TAG, into, SIZE_MAX_TRIED, &message,
		                      MUSTER_FOREVER) == 0);
		CHECK(message.bytes == sizes[i] && message.source == left);
		CHECK(is_filled(into, sizes[i], (unsigned)left + i));
	}
	return 0;
}

static void sendrecv_goes_round_without_a_deadlock(void **state)
{
	(void)state;
	for (int ranks = 1; ranks <= 5; ranks += 2)
		every_way(exchanges, ranks);
}

static int all_to_all_at_once(muster_world *world, void *context)
{
	const struct plan *plan = context;
	enum { BYTES = 200000, MOST = 8 };
	int rank = muster_rank(world), size = muster_size(world);
	unsigned char *data = take_way(world, plan->way);
	unsigned char *into = take_memory(world, 1);
	muster_request *requests[MOST * 2];
	for (int round = 0; round < 5; round++) {
		fill(data, BYTES, (unsigned)(rank + round));
		for (int peer = 0; peer < size; peer++) {
			size_t bytes = round % 2 == 0 ? BYTES : 30;
			CHECK(muster_isend(world, peer, round, data, bytes, &requests[peer]) == 0);
			CHECK(muster_irecv(world, peer, round, into + (size_t)peer * BYTES, BYTES,
			                   &requests[size + peer]) == 0);
		}
		CHECK(muster_wait_all(world, requests, (size_t)size * 2, MUSTER_FOREVER) == 0);
		for (int peer = 0; peer < size; peer++) {
			CHECK(requests[peer] == NULL && requests[size + peer] == NULL);
			CHECK(is_filled(into + (size_t)peer * BYTES, round % 2 == 0 ? BYTES : 30,
			                (unsigned)(peer + round)));
		}
	}
	return 0;
}

static void everybody_sends_large_messages_to_all_at_once(void **state)
{
	(void)state;
	for (int ranks = 1; ranks <= 5; ranks += 2)
		every_way(all_to_all_at_once, ranks);
}

static int tests_requests(muster_world *world, void *context)
{
	int number = 41, got = 0, turns = 0, rc;
	muster_request *request = NULL;
	struct muster_message message;
	(void)context;
	CHECK(muster_test(world, &request, &message) == 1);
	CHECK(muster_wait(world, &request, &message, 0) == 0);
	if (muster_rank(world) == 0) {
		CHECK(muster_irecv(world, 1, TAG, &got, sizeof got, &request) == 0);
		CHECK(muster_test(world, &request, &message) == 0 && request != NULL);
		CHECK(muster_wait(world, &request, &message, 20) == -ETIMEDOUT && request != NULL);
		CHECK(muster_send(world, 1, TAG, &number, sizeof number, MUSTER_FOREVER) == 0);
		while ((rc = muster_test(world, &request, &message)) == 0)
			turns++;
		CHECK(rc == 1 && request == NULL && got == 42 && message.bytes == sizeof got);
		return 0;
	}
	CHECK(muster_recv(world, 0, TAG, &number, sizeof number, NULL, MUSTER_FOREVER) == 0);
	number++;
	CHECK(muster_send(world, 0, TAG, &number, sizeof number, MUSTER_FOREVER) == 0);
	return 0;
}

static void a_request_goes_on_until_it_has_ended(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, tests_requests, NULL, NULL));
}

/* --- what a call that failed left behind --- */

static int lacks_room(muster_world *world, void *context)
{
	const struct plan *plan = context;
	unsigned char *data = take_way(world, plan->way);
	for (unsigned i = 1; i < COUNT_OF(sizes); i++) {
		struct muster_message message = {9, 9, 9};
		muster_request *request;
		if (muster_rank(world) == 0) {
			fill(data, sizes[i], i);
			CHECK(muster_send(world, 1, TAG, data, sizes[i], MUSTER_FOREVER) == 0);
			continue;
		}
		memset(data, 1, sizes[i]);
		CHECK(muster_recv(world, 0, TAG, data, sizes[i] - 1, &message, MUSTER_FOREVER) == -EMSGSIZE);
		CHECK(message.bytes == 9 && data[0] == 1);
		CHECK(muster_irecv(world, 0, MUSTER_ANY, data, 0, &request) == 0);
		CHECK(muster_wait(world, &request, &message, MUSTER_FOREVER) == -EMSGSIZE && request == NULL);
		CHECK(muster_probe(world, MUSTER_ANY, TAG, &message, MUSTER_FOREVER) == 0);
		CHECK(message.bytes == sizes[i]);
		CHECK(muster_recv(world, 0, TAG, data, sizes[i], &message, MUSTER_FOREVER) == 0);
		CHECK(is_filled(data, sizes[i], i));
	}
	return 0;
}

static void a_message_that_has_no_room_is_still_there(void **state)
{
	(void)state;
	every_way(lacks_room, 2);
}

static int takes_back(muster_world *world, void *context)
{
	const struct plan *plan = context;
	enum { LARGE = 4 << 20 };
	unsigned char *data = take_way(world, plan->way);
	int number = 5;
	struct muster_message message;
	if (muster_rank(world) == 0) {
		for (int i = 0; i < 20; i++)
			CHECK(muster_send(world, 1, TAG, data, LARGE, i % 3) == -ETIMEDOUT);
		CHECK(muster_failure_of(world)->code == -ETIMEDOUT);
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
		CHECK(muster_send(world, 1, TAG, &number, sizeof number, MUSTER_FOREVER) == 0);
		CHECK(muster_recv(world, 1, TAG, &number, sizeof number, NULL, 0) == -ETIMEDOUT || number == 6);
		return 0;
	}
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(muster_recv(world, 0, TAG, data, SIZE_MAX_TRIED, &message, MUSTER_FOREVER) == 0);
	CHECK(message.bytes == sizeof number);
	number = 6;
	CHECK(muster_send(world, 0, TAG, &number, sizeof number, MUSTER_FOREVER) == 0);
	return 0;
}

static void a_send_that_timed_out_was_never_sent(void **state)
{
	(void)state;
	every_way(takes_back, 2);
}

static int changes_its_mind(muster_world *world, void *context)
{
	enum { LARGE = 8 << 20, ROUNDS = 10 };
	unsigned char *data = take_way(world, ((const struct plan *)context)->way);
	int given_up = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (muster_rank(world) == 0) {
			fill(data, LARGE, round);
			CHECK(muster_send(world, 1, TAG, data, LARGE, MUSTER_FOREVER) == 0);
			continue;
		}
		int rc;
		while ((rc = muster_recv(world, 0, TAG, data, LARGE, NULL, 0)) == -ETIMEDOUT)
			given_up++;
		CHECK(rc == 0 && is_filled(data, LARGE, round));
	}
	return 0;
}

static void a_receive_that_timed_out_leaves_the_message(void **state)
{
	(void)state;
	every_way(changes_its_mind, 2);
}

static int may_both_time_out(muster_world *world, void *context)
{
	enum { LARGE = 600000, ROUNDS = 200 };
	struct both {
		_Atomic int sent, received;
	} *both = *(struct both **)context;
	unsigned char *data = take_way(world, (unsigned)muster_rank(world) < 2 ? STAGED : READ_MEMORY);
	for (unsigned round = 0; round < ROUNDS; round++) {
		int rc = muster_rank(world) == 0 ? muster_send(world, 1, TAG, data, LARGE, 1)
		                                 : muster_recv(world, 0, TAG, data, LARGE, NULL, 1);
		CHECK(rc == 0 || rc == -ETIMEDOUT);
		if (rc == 0)
			atomic_fetch_add(muster_rank(world) == 0 ? &both->sent : &both->received, 1);
	}
	return 0;
}

static void both_sides_agree_whether_a_message_was_received(void **state)
{
	_Atomic int *both = ranks_share(64);
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, may_both_time_out, &both, NULL));
	assert_int_equal(both[0], both[1]);
}

/* --- misuse --- */

static int misuses(muster_world *world, void *context)
{
	int number = 0, size = muster_size(world);
	muster_request *request;
	(void)context;
	CHECK(muster_send(world, size, TAG, &number, 4, 0) == -EINVAL);
	CHECK(muster_send(world, -1, TAG, &number, 4, 0) == -EINVAL);
	CHECK(muster_send(world, 0, -1, &number, 4, 0) == -EINVAL);
	CHECK(muster_send(world, 0, TAG, NULL, 4, 0) == -EINVAL);
	CHECK(muster_recv(world, size, TAG, &number, 4, NULL, 0) == -EINVAL);
	CHECK(muster_recv(world, -2, TAG, &number, 4, NULL, 0) == -EINVAL);
	CHECK(muster_recv(world, 0, -2, &number, 4, NULL, 0) == -EINVAL);
	CHECK(muster_recv(world, 0, TAG, NULL, 4, NULL, 0) == -EINVAL);
	CHECK(muster_isend(world, 0, TAG, &number, 4, NULL) == -EINVAL);
	CHECK(muster_irecv(world, 0, TAG, &number, 4, NULL) == -EINVAL);
	CHECK(muster_wait(world, NULL, NULL, 0) == -EINVAL);
	CHECK(muster_failure_of(world)->code == -EINVAL);
	CHECK(muster_recv(NULL, 0, TAG, &number, 4, NULL, 0) == -EINVAL);
	CHECK(muster_irecv(world, muster_rank(world), TAG, &number, 4, &request) == 0);
	CHECK(muster_wait(world, &request, NULL, 0) == -ETIMEDOUT);
	/* Left behind: the world takes it along. */
	return 0;
}

static void misuse_is_told(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, misuses, NULL, NULL));
}

static int sends_to_itself(muster_world *world, void *context)
{
	int me = muster_rank(world), number = 3, got = 0;
	unsigned char *data = take_way(world, ((const struct plan *)context)->way);
	unsigned char *into = take_memory(world, 1);
	muster_request *request;
	struct muster_message message;
	CHECK(muster_recv(world, me, TAG, &got, sizeof got, NULL, MUSTER_FOREVER) == -EDEADLK);
	CHECK(muster_send(world, me, TAG, data, SIZE_MAX_TRIED, MUSTER_FOREVER) == -EDEADLK);
	CHECK(muster_send(world, me, TAG, data, SIZE_MAX_TRIED, 1) == -ETIMEDOUT);
	CHECK(muster_send(world, me, TAG, &number, sizeof number, MUSTER_FOREVER) == 0);
	fill(data, SIZE_MAX_TRIED, 1);
	CHECK(muster_isend(world, me, OTHER_TAG, data, SIZE_MAX_TRIED, &request) == 0);
	CHECK(muster_test(world, &request, NULL) == 0);
	CHECK(muster_recv(world, MUSTER_ANY, MUSTER_ANY, &got, sizeof got, &message, MUSTER_FOREVER) == 0);
	CHECK(got == 3 && message.source == me && message.tag == TAG);
	CHECK(muster_recv(world, me, OTHER_TAG, into, SIZE_MAX_TRIED, NULL, MUSTER_FOREVER) == 0);
	CHECK(is_filled(into, SIZE_MAX_TRIED, 1));
	CHECK(muster_wait(world, &request, NULL, MUSTER_FOREVER) == 0);
	return 0;
}

static void a_rank_can_send_to_itself(void **state)
{
	(void)state;
	for (int ranks = 1; ranks < 3; ranks++)
		every_way(sends_to_itself, ranks);
}

/* --- worlds --- */

static int uses_two_worlds(muster_world *world, void *context)
{
	int rank = muster_rank(world), number = 0;
	unsigned char *data = take_way(world, ((const struct plan *)context)->way);
	unsigned char *into = take_memory(world, 1);
	struct muster_message message;
	muster_world *part;
	muster_request *requests[2];
	CHECK(muster_split(world, rank % 2, -rank, &part, MUSTER_FOREVER) == 0);
	int mine = muster_rank(part), peer = 1 - mine, job_peer = muster_job_rank(part, peer);
	fill(data, 300000, 1);
	fill(data + 300000, 300000, 2);
	/* The same tag in both worlds, the larger world first, received the other way round. */
	CHECK(muster_isend(world, job_peer, TAG, data, 300000, &requests[0]) == 0);
	CHECK(muster_isend(part, peer, TAG, data + 300000, 300000, &requests[1]) == 0);
	CHECK(muster_recv(part, MUSTER_ANY, MUSTER_ANY, into, SIZE_MAX_TRIED, &message, MUSTER_FOREVER) == 0);
	CHECK(message.source == peer && is_filled(into, 300000, 2));
	CHECK(muster_recv(part, MUSTER_ANY, MUSTER_ANY, into, SIZE_MAX_TRIED, &message, 1) == -ETIMEDOUT);
	CHECK(muster_wait(part, &requests[0], NULL, 0) == -EINVAL);
	CHECK(muster_recv(world, job_peer, TAG, into, SIZE_MAX_TRIED, &message, MUSTER_FOREVER) == 0);
	CHECK(message.source == job_peer && is_filled(into, 300000, 1));
	CHECK(muster_wait(world, &requests[0], NULL, MUSTER_FOREVER) == 0);
	CHECK(muster_wait(part, &requests[1], NULL, MUSTER_FOREVER) == 0);
	/* What nobody received goes with its world. */
	CHECK(muster_send(part, peer, OTHER_TAG, &rank, sizeof rank, MUSTER_FOREVER) == 0);
	CHECK(muster_irecv(part, peer, TAG, &number, sizeof number, &requests[1]) == 0);
	CHECK(muster_isend(part, peer, OTHER_TAG, data, 300000, &requests[1]) == 0);
	CHECK(muster_send(world, job_peer, TAG, &rank, sizeof rank, MUSTER_FOREVER) == 0);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	muster_world_free(part);
	CHECK(muster_recv(world, MUSTER_ANY, MUSTER_ANY, &number, sizeof number, NULL, MUSTER_FOREVER) == 0);
	CHECK(number == job_peer);
	CHECK(muster_recv(world, MUSTER_ANY, MUSTER_ANY, into, SIZE_MAX_TRIED, NULL, 1) == -ETIMEDOUT);
	return 0;
}

static void a_message_of_a_world_stays_in_it(void **state)
{
	(void)state;
	every_way(uses_two_worlds, 4);
}

/* --- ends --- */

static int leaves_messages_behind(muster_world *world, void *context)
{
	enum { LEFT_BEHIND = 20 };
	char text[1000] = "text";
	(void)context;
	if (muster_rank(world) == 0) {
		for (int i = 0; i < LEFT_BEHIND; i++)
			CHECK(muster_send(world, 1, i, text, i % 2 == 0 ? 8 : sizeof text, MUSTER_FOREVER) == 0);
		return 0;
	}
	usleep(20000);
	for (int i = LEFT_BEHIND - 1; i >= 0; i--)
		CHECK(muster_recv(world, 0, i, text, sizeof text, NULL, MUSTER_FOREVER) == 0);
	CHECK(muster_recv(world, 0, MUSTER_ANY, text, sizeof text, NULL, MUSTER_FOREVER) == MUSTER_ELEFT);
	CHECK(muster_failure_of(world)->rank == 0 && muster_failure_of(world)->end == MUSTER_END_LEFT);
	CHECK(muster_recv(world, MUSTER_ANY, MUSTER_ANY, text, sizeof text, NULL, MUSTER_FOREVER) == MUSTER_ELEFT);
	CHECK(muster_send(world, 0, TAG, text, 8, MUSTER_FOREVER) == MUSTER_ELEFT);
	CHECK(muster_send(world, 0, TAG, text, sizeof text, MUSTER_FOREVER) == MUSTER_ELEFT);
	return 0;
}

static void what_a_rank_sent_before_it_left_is_received_first(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true}, leaves_messages_behind, NULL,
		                      NULL));
}

/* An end that comes between looking who has ended and going to sleep. */
static int does_not_sleep_on_what_it_has_not_looked_at(muster_world *world, void *context)
{
	struct wait wait = wait_for(world, NOBODY, MUSTER_FOREVER);
	(void)context;
	world->segment->wait_mode = WAIT_BLOCK;
	wait.events = atomic_load(&world->segment->header->events);
	CHECK(wait_turn(&wait) == WAIT_SLEEP);
	atomic_fetch_add(&world->segment->header->events, 1);
	CHECK(wait_turn(&wait) == WAIT_AGAIN);
	CHECK(wait_turn(&wait) == WAIT_SLEEP);
	wait_end(&wait);
	return 0;
}

static void nobody_sleeps_before_it_was_looked_who_ended(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 1}, does_not_sleep_on_what_it_has_not_looked_at, NULL,
	                      NULL));
}

struct tally {
	_Atomic uint64_t sent[2], received[2];
	_Atomic int wrong;
};

/* Two ranks send numbered messages of all sizes to each other until one is gone. */
static int goes_on_until_the_other_is_gone(muster_world *world, void *context)
{
	struct tally *tally = *(struct tally **)context;
	int me = muster_rank(world), peer = 1 - me, rc = 0;
	static unsigned char data[2][80000];
	if (ranks_now_ns() % 2 == 0)
		world->segment->reads_memory = false;
	for (unsigned number = 0; rc == 0; number++) {
		size_t bytes = number % 23 == 0 ? sizeof data[0] : number % 5 == 0 ? 3000 : 16;
		struct muster_message message;
		fill(data[0], bytes, number);
		rc = muster_sendrecv(world, peer, TAG, data[0], bytes, peer, TAG, data[1], sizeof data[1], &message,
		                     MUSTER_FOREVER);
		if (rc == 0 && (message.bytes != bytes || !is_filled(data[1], bytes, number)))
			atomic_fetch_add(&tally->wrong, 1);
		if (rc == 0)
			atomic_fetch_add(&tally->received[me], 1);
	}
	CHECK(rc == MUSTER_EGONE);
	CHECK(muster_failure_of(world)->rank == peer);
	CHECK(muster_failure_of(world)->signal == SIGKILL || muster_failure_of(world)->end == MUSTER_END_UNKNOWN);
	return 0;
}

static int rounds_of(int most)
{
	const char *wish = getenv("TEST_ROUNDS");
	return wish != NULL ? atoi(wish) : most;
}

static void the_death_of_a_peer_at_any_instant_is_told(void **state)
{
	struct tally *tally = ranks_share(sizeof *tally);
	(void)state;
	for (int round = 0; round < rounds_of(150); round++) {
		struct ranks_options options = {.ranks = 2,
		                                .kills = true,
		                                .victim = round % 2,
		                                .kill_after_us = round % 40 * 23,
		                                .kill_after_ns = round * 61 % 1000,
		                                .leaves = true};
		assert_true(ranks_run(&options, goes_on_until_the_other_is_gone, &tally, NULL));
		assert_int_equal(tally->wrong, 0);
	}
}

/* Rank 0 takes from anybody while the others send, until one of them is killed. */
static int collects_until_somebody_dies(muster_world *world, void *context)
{
	static unsigned char data[50000];
	int rc = 0;
	(void)context;
	for (unsigned number = 0; rc == 0; number++) {
		size_t bytes = number % 11 == 0 ? sizeof data : 40;
		rc = muster_rank(world) == 0
		             ? muster_recv(world, MUSTER_ANY, TAG, data, sizeof data, NULL, MUSTER_FOREVER)
		             : muster_send(world, 0, TAG, data, bytes, MUSTER_FOREVER);
		if (muster_rank(world) != 0 && number == 300)
			break; /* then nothing is there but the death */
	}
	if (muster_rank(world) == 0) {
		CHECK(rc == MUSTER_EGONE);
		CHECK(muster_failure_of(world)->rank == 2 && muster_failure_of(world)->signal == SIGKILL);
	}
	while (muster_rank(world) == 2)
		pause();
	return 0;
}

static void a_death_ends_the_wait_for_anybody(void **state)
{
	(void)state;
	for (int round = 0; round < rounds_of(40); round++) {
		struct ranks_options options = {
			.ranks = 3, .kills = true, .victim = 2, .kill_after_us = round % 20 * 150, .leaves = true};
		assert_true(ranks_run(&options, collects_until_somebody_dies, NULL, NULL));
	}
}

/* What the victim counts as sent is received, or the call that would have said so had not come back. */
static int counts_what_it_sent(muster_world *world, void *context)
{
	struct tally *tally = *(struct tally **)context;
	static unsigned char data[5000];
	int rc = 0;
	for (unsigned number = 0; rc == 0; number++) {
		size_t bytes = number % 7 == 0 ? sizeof data : 20;
		if (muster_rank(world) == 0) {
			fill(data, bytes, number);
			rc = muster_send(world, 1, TAG, data, bytes, MUSTER_FOREVER);
			if (rc == 0)
				atomic_fetch_add(&tally->sent[0], 1);
			continue;
		}
		struct muster_message message;
		if (number % 200 == 0)
			usleep(200);
		rc = muster_recv(world, 0, TAG, data, sizeof data, &message, MUSTER_FOREVER);
		if (rc == 0 && (message.bytes != bytes || !is_filled(data, bytes, number)))
			atomic_fetch_add(&tally->wrong, 1);
		if (rc == 0)
			atomic_fetch_add(&tally->received[1], 1);
	}
	CHECK(rc == MUSTER_EGONE);
	return 0;
}

static void all_that_the_dead_had_sent_is_received(void **state)
{
	struct tally *tally = ranks_share(sizeof *tally);
	(void)state;
	for (int round = 0; round < rounds_of(100); round++) {
		memset(tally, 0, sizeof *tally);
		struct ranks_options options = {.ranks = 2,
		                                .kills = true,
		                                .victim = 0,
		                                .kill_after_us = round % 30 * 17,
		                                .kill_after_ns = round * 37 % 1000,
		                                .leaves = true};
		assert_true(ranks_run(&options, counts_what_it_sent, &tally, NULL));
		assert_int_equal(tally->wrong, 0);
		assert_true(tally->received[1] == tally->sent[0] || tally->received[1] == tally->sent[0] + 1);
	}
}

static int meets_a_stopped_peer(muster_world *world, void *context)
{
	unsigned char *data = take_way(world, ((const struct plan *)context)->way);
	int64_t until = ranks_now_ns() + 150 * INT64_C(1000000);
	for (unsigned number = 0;; number++) {
		size_t bytes = number % 9 == 0 ? 300000 : 100;
		int go_on = ranks_now_ns() < until, theirs = 0;
		int peer = 1 - muster_rank(world);
		CHECK(muster_sendrecv(world, peer, TAG, data, bytes, peer, TAG, data + 400000, bytes, NULL,
		                      MUSTER_FOREVER) == 0);
		CHECK(muster_sendrecv(world, peer, OTHER_TAG, &go_on, sizeof go_on, peer, OTHER_TAG, &theirs,
		                      sizeof theirs, NULL, MUSTER_FOREVER) == 0);
		if (!go_on || !theirs)
			return 0;
	}
}

static void a_stopped_peer_is_waited_for(void **state)
{
	(void)state;
	for (enum way way = READ_MEMORY; way < WAYS; way++)
		for (int round = 0; round < 3; round++) {
			struct plan plan = {.way = way};
			struct ranks_options options = {.ranks = 2,
			                                .kills = true,
			                                .victim = round % 2,
			                                .kill_after_us = 500 + 300 * round,
			                                .stop_ms = 30,
			                                .segment_bytes = (size_t)128 << 20};
			struct ranks_outcome outcome[2];
			assert_true(ranks_run(&options, meets_a_stopped_peer, &plan, outcome));
			assert_int_equal(outcome[round % 2].exit_code, 0);
		}
}

/* --- memory --- */

static int fills_the_segment(muster_world *world, void *context)
{
	static unsigned char data[2][40000];
	int peer = 1 - muster_rank(world);
	(void)context;
	if (muster_rank(world) == 0)
		while (muster_alloc(world, 4096) != NULL)
			;
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	int rc = muster_send(world, peer, TAG, data[0], 8, 100);
	CHECK(rc == -ENOMEM);
	CHECK(strstr(muster_error_text(), "shared_memory") != NULL);
	return 0;
}

static void a_full_segment_is_told(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .segment_bytes = 4 << 20}, fills_the_segment, NULL,
	                      NULL));
}

/* An argument: the name of one test, with wildcards. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_every_size_arrive_whole),
		cmocka_unit_test(a_stream_arrives_in_order),
		cmocka_unit_test(a_tag_is_received_before_what_was_sent_earlier),
		cmocka_unit_test(anybody_is_received_from_in_the_order_of_each),
		cmocka_unit_test(sendrecv_goes_round_without_a_deadlock),
		cmocka_unit_test(everybody_sends_large_messages_to_all_at_once),
		cmocka_unit_test(a_request_goes_on_until_it_has_ended),
		cmocka_unit_test(a_message_that_has_no_room_is_still_there),
		cmocka_unit_test(a_send_that_timed_out_was_never_sent),
		cmocka_unit_test(a_receive_that_timed_out_leaves_the_message),
		cmocka_unit_test(both_sides_agree_whether_a_message_was_received),
		cmocka_unit_test(misuse_is_told),
		cmocka_unit_test(a_rank_can_send_to_itself),
		cmocka_unit_test(a_message_of_a_world_stays_in_it),
		cmocka_unit_test(what_a_rank_sent_before_it_left_is_received_first),
		cmocka_unit_test(nobody_sleeps_before_it_was_looked_who_ended),
		cmocka_unit_test(the_death_of_a_peer_at_any_instant_is_told),
		cmocka_unit_test(a_death_ends_the_wait_for_anybody),
		cmocka_unit_test(all_that_the_dead_had_sent_is_received),
		cmocka_unit_test(a_stopped_peer_is_waited_for),
		cmocka_unit_test(a_full_segment_is_told),
	};
	pool = ranks_share((size_t)POOL_RANKS * 2 * SIZE_MAX_TRIED);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
