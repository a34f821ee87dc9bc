/* SPDX-License-Identifier: MIT
 *
 * messages of several worlds: each stays in its own, and what is for one that its receiver freed goes nowhere.
 */
#include "message_ways.h"
#include "messages.h"
#include "unit_test.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* --- whole and in order --- */

static int uses_two_worlds(muster_world *world, void *context)
{
	int rank = muster_rank(world), number = 0;
	unsigned char *data = take_way(world, context);
	unsigned char *into = take_memory(world, 1);
	struct muster_message message;
	muster_world *part;
	muster_request *requests[2];
	CHECK(muster_split(world, rank % 2, -rank, &part, MUSTER_FOREVER) == 0);
	int mine = muster_rank(part), peer = 1 - mine, job_peer = muster_job_rank(part, peer);
	fill_message(data, 300000, 1);
	fill_message(data + 300000, 300000, 2);
	/* The same tag in both worlds, the larger world first, received the other way round. */
	CHECK(muster_isend(world, job_peer, TAG, data, 300000, &requests[0]) == 0);
	CHECK(muster_isend(part, peer, TAG, data + 300000, 300000, &requests[1]) == 0);
	CHECK(muster_recv(part, MUSTER_ANY, MUSTER_ANY, into, SIZE_MAX_TRIED, &message, MUSTER_FOREVER) == 0);
	CHECK(message.source == peer && is_message(into, 300000, 2));
	CHECK(muster_recv(part, MUSTER_ANY, MUSTER_ANY, into, SIZE_MAX_TRIED, &message, 1) == -ETIMEDOUT);
	CHECK(muster_wait(part, &requests[0], NULL, 0) == -EINVAL);
	CHECK(muster_recv(world, job_peer, TAG, into, SIZE_MAX_TRIED, &message, MUSTER_FOREVER) == 0);
	CHECK(message.source == job_peer && is_message(into, 300000, 1));
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

/* What is sent to a world that its receiver has freed is not kept for ever. */
static int sends_to_a_freed_world(muster_world *world, void *context)
{
	enum { ROUNDS = 1000, SENDS = 5, BYTES = 4000, MOST_BYTES = 1 << 20 };
	static unsigned char data[BYTES], large[MOST_BYTES];
	muster_request *request;
	size_t before = mallinfo2().uordblks;
	(void)context;
	for (int round = 0; round < ROUNDS; round++) {
		muster_world *part;
		int number = round;
		CHECK(muster_split(world, 0, 0, &part, MUSTER_FOREVER) == 0);
		if (muster_rank(world) == 1)
			muster_world_free(part);
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
		if (muster_rank(world) == 1) {
			CHECK(muster_recv(world, 0, TAG, &number, sizeof number, NULL, MUSTER_FOREVER) == 0);
			CHECK(number == round);
			continue;
		}
		for (int i = 0; i < SENDS; i++)
			CHECK(muster_send(part, 1, i, data, BYTES, MUSTER_FOREVER) == 0);
		CHECK(round > 0 || muster_isend(part, 1, 0, large, sizeof large, &request) == 0);
		CHECK(muster_send(world, 1, TAG, &number, sizeof number, MUSTER_FOREVER) == 0);
		CHECK(round > 0 || muster_wait(part, &request, NULL, MUSTER_FOREVER) == 0);
		muster_world_free(part);
	}
	CHECK(mallinfo2().uordblks < before + MOST_BYTES);
	return 0;
}

static void what_is_sent_to_a_freed_world_goes_away(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, sends_to_a_freed_world, NULL, NULL));
}

/* The receiver has a large message, read or not, when it frees the world. */
static int frees_with_a_message_there(muster_world *world, void *context)
{
	enum { BYTES = 1 << 20 };
	muster_world *part;
	unsigned char *data = calloc(1, BYTES);
	bool looks = context != NULL, sends = muster_rank(world) == 0;
	CHECK(muster_split(world, 0, 0, &part, MUSTER_FOREVER) == 0);
	if (sends) {
		muster_request *request;
		CHECK(muster_isend(part, 1, TAG, data, BYTES, &request) == 0);
		CHECK(muster_send(part, 1, TAG + 1, NULL, 0, MUSTER_FOREVER) == 0);
		CHECK(muster_send(world, 1, TAG, NULL, 0, MUSTER_FOREVER) == 0);
		CHECK(muster_wait(part, &request, NULL, MUSTER_FOREVER) == 0);
	} else if (looks) {
		CHECK(muster_recv(part, 0, TAG + 1, NULL, 0, NULL, MUSTER_FOREVER) == 0); /* the other lies aside */
	}
	muster_world_free(part);
	if (!sends)
		CHECK(muster_recv(world, 0, TAG, NULL, 0, NULL, MUSTER_FOREVER) == 0);
	free(data);
	return 0;
}

static void a_large_message_to_a_freed_world_has_an_end(void **state)
{
	static bool looks;
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, frees_with_a_message_there, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, frees_with_a_message_there, &looks, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_of_a_world_stays_in_it),
		cmocka_unit_test(what_is_sent_to_a_freed_world_goes_away),
		cmocka_unit_test(a_large_message_to_a_freed_world_has_an_end),
	};
	prepare_ways();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
