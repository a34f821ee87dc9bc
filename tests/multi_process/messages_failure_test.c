/* SPDX-License-Identifier: MIT
 *
 * Calls of messages that fail: no room, no time, no sense, no memory; what such a call left behind, and what it said.
 */
#include "message_ways.h"
#include "unit_test.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* --- what a call that failed left behind --- */

static int lacks_room(muster_world *world, void *context)
{
	unsigned char *data = take_way(world, context);
	for (unsigned i = 1; i < MESSAGE_SIZES; i++) {
		struct muster_message message = {9, 9, 9};
		muster_request *request;
		if (muster_rank(world) == 0) {
			fill_message(data, message_sizes[i], i);
			CHECK(muster_send(world, 1, TAG, data, message_sizes[i], MUSTER_FOREVER) == 0);
			continue;
		}
		memset(data, 1, message_sizes[i]);
		CHECK(muster_recv(world, 0, TAG, data, message_sizes[i] - 1, &message, MUSTER_FOREVER) == -EMSGSIZE);
		CHECK(message.bytes == 9 && data[0] == 1);
		CHECK(muster_irecv(world, 0, MUSTER_ANY, data, 0, &request) == 0);
		CHECK(muster_wait(world, &request, &message, MUSTER_FOREVER) == -EMSGSIZE && request == NULL);
		CHECK(muster_probe(world, MUSTER_ANY, TAG, &message, MUSTER_FOREVER) == 0);
		CHECK(message.bytes == message_sizes[i]);
		CHECK(muster_recv(world, 0, TAG, data, message_sizes[i], &message, MUSTER_FOREVER) == 0);
		CHECK(is_message(data, message_sizes[i], i));
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
	enum { LARGE = 4 << 20 };
	unsigned char *data = take_way(world, context);
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
	unsigned char *data = take_way(world, context);
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (muster_rank(world) == 0) {
			fill_message(data, LARGE, round);
			CHECK(muster_send(world, 1, TAG, data, LARGE, MUSTER_FOREVER) == 0);
			continue;
		}
		int rc;
		do
			rc = muster_recv(world, 0, TAG, data, LARGE, NULL, 0);
		while (rc == -ETIMEDOUT);
		CHECK(rc == 0 && is_message(data, LARGE, round));
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
	enum way way = STAGED;
	unsigned char *data = take_way(world, &way);
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

static bool is_refused(int rc, const char *words)
{
	return rc == -EINVAL && strncmp(muster_error_text(), words, strlen(words)) == 0;
}

static int misuses(muster_world *world, void *context)
{
	int number = 0, size = muster_size(world);
	muster_request *request;
	(void)context;
	CHECK(is_refused(muster_send(world, size, TAG, &number, 4, 0), "muster_send: there is no such rank"));
	CHECK(is_refused(muster_send(world, -1, TAG, &number, 4, 0), "muster_send: there is no such rank"));
	CHECK(is_refused(muster_send(world, 0, -1, &number, 4, 0), "muster_send: a tag is 0 or more"));
	CHECK(is_refused(muster_send(world, 0, TAG, NULL, 4, 0), "muster_send: data is NULL"));
	CHECK(is_refused(muster_recv(world, size, TAG, &number, 4, NULL, 0), "muster_recv: there is no such rank"));
	CHECK(is_refused(muster_recv(world, -2, TAG, &number, 4, NULL, 0), "muster_recv: there is no such rank"));
	CHECK(is_refused(muster_recv(world, 0, -2, &number, 4, NULL, 0),
	                 "muster_recv: a tag is 0 or more, or MUSTER_ANY"));
	CHECK(is_refused(muster_recv(world, 0, TAG, NULL, 4, NULL, 0), "muster_recv: data is NULL"));
	CHECK(is_refused(muster_isend(world, 0, TAG, &number, 4, NULL), "muster_isend: request is NULL"));
	CHECK(is_refused(muster_irecv(world, 0, TAG, &number, 4, NULL), "muster_irecv: request is NULL"));
	CHECK(is_refused(muster_wait(world, NULL, NULL, 0), "muster_wait: requests is NULL"));
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

/* What is offered already is still received, and what is small gets through. */
static int fills_the_segment_while_large_ones_wait(muster_world *world, void *context)
{
	enum { LARGE = 9, LARGE_BYTES = 100000, FIRST_TAG = 100 };
	static unsigned char data[LARGE_BYTES];
	muster_request *requests[LARGE];
	(void)context;
	if (muster_rank(world) == 0) {
		CHECK(muster_send(world, 1, TAG, data, 1, MUSTER_FOREVER) == 0);
		for (size_t bytes = 1 << 20; bytes >= 64; bytes /= 2)
			while (muster_alloc(world, bytes) != NULL)
				;
		for (int i = 0; i < LARGE; i++)
			CHECK(muster_isend(world, 1, FIRST_TAG + i, data, LARGE_BYTES, &requests[i]) == 0);
		CHECK(muster_wait(world, &requests[LARGE - 1], NULL, MUSTER_FOREVER) == -ENOMEM);
		CHECK(muster_send(world, 1, TAG, data, 1, MUSTER_FOREVER) == 0);
		CHECK(muster_wait_all(world, requests, LARGE, MUSTER_FOREVER) == 0);
		return 0;
	}
	CHECK(muster_recv(world, 0, TAG, data, 1, NULL, MUSTER_FOREVER) == 0);
	CHECK(muster_recv(world, 0, TAG, data, 1, NULL, MUSTER_FOREVER) == 0);
	for (int i = LARGE - 2; i >= 0; i--)
		CHECK(muster_recv(world, 0, FIRST_TAG + i, data, LARGE_BYTES, NULL, MUSTER_FOREVER) == 0);
	return 0;
}

static void a_full_segment_is_told(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .segment_bytes = 4 << 20},
	                      fills_the_segment_while_large_ones_wait, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .segment_bytes = 4 << 20}, fills_the_segment, NULL,
	                      NULL));
}

/* An argument: the name of one test, with wildcards. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_has_no_room_is_still_there),
		cmocka_unit_test(a_send_that_timed_out_was_never_sent),
		cmocka_unit_test(a_receive_that_timed_out_leaves_the_message),
		cmocka_unit_test(both_sides_agree_whether_a_message_was_received),
		cmocka_unit_test(misuse_is_told),
		cmocka_unit_test(a_full_segment_is_told),
	};
	prepare_ways();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
