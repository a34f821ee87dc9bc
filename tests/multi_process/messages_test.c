/* SPDX-License-Identifier: MIT
 *
 * Messages between ranks: whole, in order, matched by tag, of any size and from any memory; to several ranks at once,
 * to oneself. Of several worlds: messages_worlds_test.c.
 */
#include "message_ways.h"
#include "messages.h"
#include "unit_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- whole and in order --- */

static int sends_all_sizes(muster_world *world, void *context)
{
	unsigned char *data = take_way(world, context);
	int peer = 1 - muster_rank(world);
	CHECK(data != NULL);
	for (unsigned i = 0; i < MESSAGE_SIZES * 4; i++) {
		struct muster_message message = {0, 0, 0};
		size_t bytes = message_sizes[i % MESSAGE_SIZES];
		if (i % 2 == (unsigned)muster_rank(world)) {
			fill_message(data, bytes, i);
			CHECK(muster_send(world, peer, TAG, data, bytes, MUSTER_FOREVER) == 0);
			continue;
		}
		memset(data, 0xee, bytes);
		CHECK(muster_recv(world, peer, TAG, data, bytes, &message, MUSTER_FOREVER) == 0);
		CHECK(message.bytes == bytes && message.source == peer && message.tag == TAG);
		CHECK(is_message(data, bytes, i));
	}
	return 0;
}

static void messages_of_every_size_arrive_whole(void **state)
{
	(void)state;
	every_way(sends_all_sizes, 2);
}

/* A word of the sender's that is written for each message is a line that goes from core to core for each. */
static int reads_small_ones(muster_world *world, void *context)
{
	enum { UNSAID = CHANNEL_SLOTS / 4 - 1 };
	int number = 0;
	(void)context;
	if (muster_rank(world) == 0) {
		for (int i = 0; i < UNSAID; i++)
			CHECK(muster_send(world, 1, TAG, &i, sizeof i, MUSTER_FOREVER) == 0);
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
		for (int i = UNSAID; i < CHANNEL_SLOTS; i++) /* for these there is room as it is */
			CHECK(muster_send(world, 1, TAG, &i, sizeof i, 0) == 0);
		return muster_barrier(world, MUSTER_FOREVER, NULL);
	}
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	for (int i = 0; i < UNSAID; i++)
		CHECK(muster_recv(world, 0, TAG, &number, sizeof number, NULL, 0) == 0 && number == i);
	_Atomic uint32_t *consumed = &world->segment->messages->inbox.readers[0]->channel->consumed;
	CHECK(atomic_load(consumed) == 0);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(muster_recv(world, 0, TAG, &number, sizeof number, NULL, 0) == 0 && number == UNSAID);
	CHECK(atomic_load(consumed) == 2 * (UNSAID + 1));
	return 0;
}

static void a_receiver_says_only_now_and_then_how_far_it_has_read(void **state)
{
	(void)state;
	for (int threads = RANKS_FIRST_KIND; threads < 2; threads++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .threads = threads}, reads_small_ones, NULL,
		                      NULL));
}

enum { STREAM = 3000 };

static size_t stream_bytes(int number)
{
	return number % 97 == 0 ? 70000 : number % 13 == 0 ? 5000 : (size_t)number % 120;
}

static int streams(muster_world *world, void *context)
{
	unsigned char *data = take_way(world, context);
	for (int number = 0; number < STREAM; number++) {
		size_t bytes = stream_bytes(number);
		if (muster_rank(world) == 0) {
			fill_message(data, bytes, (unsigned)number);
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
		CHECK(message.bytes == bytes && message.source == 0 && is_message(data, bytes, (unsigned)number));
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
	unsigned char *data = take_way(world, context);
	enum { TAGS = 6, EACH = 4 };
	if (muster_rank(world) == 0) {
		muster_request *requests[TAGS * EACH];
		unsigned char *parts[TAGS * EACH];
		for (int i = 0; i < TAGS * EACH; i++) {
			size_t bytes = i % 5 == 4 ? 50000 : 100;
			parts[i] = take_memory(world, 1) + i * 50000;
			fill_message(parts[i], bytes, (unsigned)i);
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
			CHECK(is_message(data, message.bytes, (unsigned)i));
		}
	return 0;
}

static void a_tag_is_received_before_what_was_sent_earlier(void **state)
{
	(void)state;
	every_way(receives_by_tag, 2);
}

/* However many wait to be fetched, what comes later can be asked for first: also what is of another world. */
enum { MANY = 100, LARGE_BYTES = 50000 };

static int sends_many(muster_world *world, muster_world *part, unsigned char *data)
{
	static muster_request *requests[MANY];
	int last = MANY;
	for (int i = 0; i < MANY; i++) {
		fill_message(data + i * LARGE_BYTES, LARGE_BYTES, (unsigned)i);
		CHECK(muster_isend(part, 1, i, data + i * LARGE_BYTES, LARGE_BYTES, &requests[i]) == 0);
	}
	CHECK(muster_send(world, 1, TAG, &last, sizeof last, MUSTER_FOREVER) == 0);
	CHECK(muster_wait_all(part, requests, MANY, MUSTER_FOREVER) == 0);
	return 0;
}

static int receives_many_backwards(muster_world *world, void *context)
{
	unsigned char *data = take_way(world, context);
	muster_world *part;
	int last = 0;
	CHECK(muster_split(world, 0, 0, &part, MUSTER_FOREVER) == 0);
	for (int round = 0; round < 2; round++) {
		if (muster_rank(world) == 0) {
			CHECK(sends_many(world, part, data) == 0);
			continue;
		}
		CHECK(muster_recv(world, 0, TAG, &last, sizeof last, NULL, MUSTER_FOREVER) == 0 && last == MANY);
		for (int i = MANY - 1; i >= 0; i--) {
			CHECK(muster_recv(part, 0, i, data, LARGE_BYTES, NULL, MUSTER_FOREVER) == 0);
			CHECK(is_message(data, LARGE_BYTES, (unsigned)i));
		}
	}
	muster_world_free(part);
	return 0;
}

static void the_last_of_many_large_ones_is_received_first(void **state)
{
	(void)state;
	every_way(receives_many_backwards, 2);
}

/* So many that each side looks at some of them at a time, and of tags that differ, are alike, or are any. */
enum { VERY_MANY = 1500 };

static size_t one_of_many_bytes(int number)
{
	return number % 3 == 0 ? LARGE_BYTES : (size_t)(number % 3) * 100;
}

static int waits_for_very_many(muster_world *world, unsigned char *data)
{
	static _Thread_local muster_request *requests[VERY_MANY];
	fill_message(data, LARGE_BYTES, TAG);
	for (int i = 0; i < VERY_MANY; i++)
		CHECK(muster_isend(world, 1, i, data, one_of_many_bytes(i), &requests[i]) == 0);
	for (int i = 0; i < VERY_MANY / 2; i++)
		CHECK(muster_wait(world, &requests[i * 7 % VERY_MANY], NULL, MUSTER_FOREVER) == 0);
	return muster_wait_all(world, requests, VERY_MANY, MUSTER_FOREVER);
}

static int receives_very_many(muster_world *world, void *context)
{
	unsigned char *data = take_way(world, context);
	struct muster_message message;
	int next = 0;
	if (muster_rank(world) == 0)
		return waits_for_very_many(world, data);
	for (int i = VERY_MANY - 1; i >= VERY_MANY / 2; i--) {
		CHECK(muster_recv(world, 0, i, data, LARGE_BYTES, &message, MUSTER_FOREVER) == 0);
		CHECK(message.tag == i && message.bytes == one_of_many_bytes(i));
		CHECK(is_message(data, message.bytes, TAG));
	}
	for (; next < VERY_MANY / 2; next++) {
		CHECK(muster_recv(world, 0, MUSTER_ANY, data, LARGE_BYTES, &message, MUSTER_FOREVER) == 0);
		CHECK(message.tag == next && message.bytes == one_of_many_bytes(next));
		CHECK(is_message(data, message.bytes, TAG));
	}
	return muster_probe(world, 0, MUSTER_ANY, NULL, 0) < 0 ? 0 : 1;
}

static void very_many_are_received_by_tag_and_then_in_order(void **state)
{
	(void)state;
	every_way(receives_very_many, 2);
}

/* Nobody asks for their tags: what is void goes away all the same. */
static int hears_of_many_taken_back(muster_world *world, void *context)
{
	enum { ROUNDS = 100, OFFERS = CHANNEL_SLOTS / 2, KEPT_MOST = 200 };
	unsigned char *data = take_way(world, context);
	muster_request *offers[OFFERS];
	for (int round = 0; round < ROUNDS; round++) {
		if (muster_rank(world) != 0) {
			CHECK(muster_recv(world, 0, TAG, NULL, 0, NULL, MUSTER_FOREVER) == 0);
			CHECK(muster_send(world, 0, TAG, NULL, 0, MUSTER_FOREVER) == 0);
			continue;
		}
		for (int i = 0; i < OFFERS; i++)
			CHECK(muster_isend(world, 1, TAG + 1 + i, data, LARGE_BYTES, &offers[i]) == 0);
		CHECK(muster_send(world, 1, TAG, NULL, 0, MUSTER_FOREVER) == 0);
		CHECK(muster_recv(world, 1, TAG, NULL, 0, NULL, MUSTER_FOREVER) == 0);
		for (int i = 0; i < OFFERS; i++) { /* what the time limit of muster_send does */
			messages_cancel(world->segment->messages, offers[i], -ETIMEDOUT);
			CHECK(muster_wait(world, &offers[i], NULL, MUSTER_FOREVER) == -ETIMEDOUT);
		}
	}
	CHECK(muster_rank(world) == 0 || world->segment->messages->inbox.readers[0]->aside_count < KEPT_MOST);
	return 0;
}

static void what_was_taken_back_does_not_pile_up(void **state)
{
	(void)state;
	every_way(hears_of_many_taken_back, 2);
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
	int rank = muster_rank(world), size = muster_size(world);
	int right = (rank + 1) % size, left = (rank + size - 1) % size;
	unsigned char *data = take_way(world, context);
	unsigned char *into = take_memory(world, 1);
	for (unsigned i = 0; i < MESSAGE_SIZES; i++) {
		struct muster_message message;
		fill_message(data, message_sizes[i], (unsigned)rank + i);
		CHECK(muster_sendrecv(world, right, TAG, data, message_sizes[i], left, TAG, into, SIZE_MAX_TRIED,
		                      &message, MUSTER_FOREVER) == 0);
		CHECK(message.bytes == message_sizes[i] && message.source == left);
		CHECK(is_message(into, message_sizes[i], (unsigned)left + i));
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
	enum { BYTES = 200000, MOST = 8 };
	int rank = muster_rank(world), size = muster_size(world);
	unsigned char *data = take_way(world, context);
	unsigned char *into = take_memory(world, 1);
	muster_request *requests[MOST * 2];
	for (int round = 0; round < 5; round++) {
		fill_message(data, BYTES, (unsigned)(rank + round));
		for (int peer = 0; peer < size; peer++) {
			size_t bytes = round % 2 == 0 ? BYTES : 30;
			CHECK(muster_isend(world, peer, round, data, bytes, &requests[peer]) == 0);
			CHECK(muster_irecv(world, peer, round, into + (size_t)peer * BYTES, BYTES,
			                   &requests[size + peer]) == 0);
		}
		CHECK(muster_wait_all(world, requests, (size_t)size * 2, MUSTER_FOREVER) == 0);
		for (int peer = 0; peer < size; peer++) {
			CHECK(requests[peer] == NULL && requests[size + peer] == NULL);
			CHECK(is_message(into + (size_t)peer * BYTES, round % 2 == 0 ? BYTES : 30,
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
	int number = 41, got = 0, rc;
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
		do
			rc = muster_test(world, &request, &message);
		while (rc == 0);
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

static int sends_to_itself(muster_world *world, void *context)
{
	int me = muster_rank(world), number = 3, got = 0;
	unsigned char *data = take_way(world, context);
	unsigned char *into = take_memory(world, 1);
	muster_request *request;
	struct muster_message message;
	CHECK(muster_recv(world, me, TAG, &got, sizeof got, NULL, MUSTER_FOREVER) == -EDEADLK);
	CHECK(muster_send(world, me, TAG, data, SIZE_MAX_TRIED, MUSTER_FOREVER) == -EDEADLK);
	CHECK(muster_send(world, me, TAG, data, SIZE_MAX_TRIED, 1) == -ETIMEDOUT);
	CHECK(muster_send(world, me, TAG, &number, sizeof number, MUSTER_FOREVER) == 0);
	fill_message(data, SIZE_MAX_TRIED, 1);
	CHECK(muster_isend(world, me, OTHER_TAG, data, SIZE_MAX_TRIED, &request) == 0);
	CHECK(muster_test(world, &request, NULL) == 0);
	CHECK(muster_recv(world, MUSTER_ANY, MUSTER_ANY, &got, sizeof got, &message, MUSTER_FOREVER) == 0);
	CHECK(got == 3 && message.source == me && message.tag == TAG);
	CHECK(muster_recv(world, me, OTHER_TAG, into, SIZE_MAX_TRIED, NULL, MUSTER_FOREVER) == 0);
	CHECK(is_message(into, SIZE_MAX_TRIED, 1));
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

/* Rank 0 is in nothing but short calls to rank 2, and rank 1 has all of what was begun before. */
static int is_in_short_calls(muster_world *world, void *context)
{
	enum { SMALL = 200, BYTES = 1 << 20 };
	_Atomic int *through = context;
	muster_request *sent[SMALL], *large;
	unsigned char *data = calloc(1, BYTES);
	int rank = muster_rank(world), number = 7;
	for (int i = 0; rank == 0 && i < SMALL; i++)
		CHECK(muster_isend(world, 1, i, &number, sizeof number, &sent[i]) == 0);
	if (rank == 0)
		CHECK(muster_irecv(world, 1, TAG, data, BYTES, &large) == 0);
	for (int i = 0; rank == 1 && i < SMALL; i++)
		CHECK(muster_recv(world, 0, i, data, BYTES, NULL, MUSTER_FOREVER) == 0);
	if (rank == 1)
		CHECK(muster_send(world, 0, TAG, data, BYTES, MUSTER_FOREVER) == 0);
	if (rank == 1)
		atomic_store(through, 1);
	while (rank == 0 && atomic_load(through) == 0)
		CHECK(muster_send(world, 2, 0, NULL, 0, MUSTER_FOREVER) == 0);
	if (rank == 0)
		CHECK(muster_send(world, 2, 1, NULL, 0, MUSTER_FOREVER) == 0);
	for (struct muster_message message = {0}; rank == 2 && message.tag == 0;)
		CHECK(muster_recv(world, 0, MUSTER_ANY, NULL, 0, &message, MUSTER_FOREVER) == 0);
	if (rank == 0)
		CHECK(muster_wait_all(world, sent, SMALL, MUSTER_FOREVER) == 0);
	if (rank == 0)
		CHECK(muster_wait(world, &large, NULL, MUSTER_FOREVER) == 0);
	free(data);
	return 0;
}

static void what_was_begun_moves_on_in_short_calls(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3}, is_in_short_calls, ranks_share(sizeof(_Atomic int)),
	                      NULL));
}

/* An argument: the name of one test, with wildcards. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_every_size_arrive_whole),
		cmocka_unit_test(a_receiver_says_only_now_and_then_how_far_it_has_read),
		cmocka_unit_test(a_stream_arrives_in_order),
		cmocka_unit_test(a_tag_is_received_before_what_was_sent_earlier),
		cmocka_unit_test(the_last_of_many_large_ones_is_received_first),
		cmocka_unit_test(very_many_are_received_by_tag_and_then_in_order),
		cmocka_unit_test(what_was_taken_back_does_not_pile_up),
		cmocka_unit_test(anybody_is_received_from_in_the_order_of_each),
		cmocka_unit_test(sendrecv_goes_round_without_a_deadlock),
		cmocka_unit_test(everybody_sends_large_messages_to_all_at_once),
		cmocka_unit_test(a_request_goes_on_until_it_has_ended),
		cmocka_unit_test(a_rank_can_send_to_itself),
		cmocka_unit_test(what_was_begun_moves_on_in_short_calls),
	};
	prepare_ways();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
