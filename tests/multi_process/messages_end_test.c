/* SPDX-License-Identifier: MIT
 *
 * The end of a rank that messages are exchanged with: told to those who need it, at once, after all that it had sent.
 * One that only stands still is waited for.
 */
#include "message_ways.h"
#include "unit_test.h"
#include "wait.h"
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	ranks_await_end(world, 0);
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

static int hears_of_a_signal(muster_world *world, void *context)
{
	const int *signal = context;
	char nothing;
	if (muster_rank(world) == 0)
		raise(*signal);
	CHECK(muster_recv(world, 0, TAG, &nothing, 1, NULL, MUSTER_FOREVER) == MUSTER_EGONE);
	while (muster_failure_of(world)->end == MUSTER_END_UNKNOWN)
		muster_recv(world, 0, TAG, &nothing, 1, NULL, MUSTER_FOREVER);
	CHECK(muster_failure_of(world)->signal == *signal);
	const char *words = *signal == SIGTERM ? "receive: rank 0 was killed by SIGTERM"
	                                       : "receive: rank 0 was killed by SIGRTMIN+3";
	CHECK(strcmp(muster_error_text(), words) == 0);
	return 0;
}

static void the_signal_that_killed_a_rank_is_named(void **state)
{
	int signals[] = {SIGTERM, SIGRTMIN + 3};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		struct ranks_outcome outcome[2];
		ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true}, hears_of_a_signal, &signals[i], outcome);
		assert_int_equal(outcome[0].signal, signals[i]);
		assert_int_equal(outcome[1].exit_code, 0);
	}
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
		fill_message(data[0], bytes, number);
		rc = muster_sendrecv(world, peer, TAG, data[0], bytes, peer, TAG, data[1], sizeof data[1], &message,
		                     MUSTER_FOREVER);
		if (rc == 0 && (message.bytes != bytes || !is_message(data[1], bytes, number)))
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
			fill_message(data, bytes, number);
			rc = muster_send(world, 1, TAG, data, bytes, MUSTER_FOREVER);
			if (rc == 0)
				atomic_fetch_add(&tally->sent[0], 1);
			continue;
		}
		struct muster_message message;
		if (number % 200 == 0)
			usleep(200);
		rc = muster_recv(world, 0, TAG, data, sizeof data, &message, MUSTER_FOREVER);
		if (rc == 0 && (message.bytes != bytes || !is_message(data, bytes, number)))
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
	unsigned char *data = take_way(world, context);
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
			struct ranks_options options = {.ranks = 2,
			                                .kills = true,
			                                .victim = round % 2,
			                                .kill_after_us = 500 + 300 * round,
			                                .stop_ms = 30,
			                                .segment_bytes = (size_t)128 << 20};
			struct ranks_outcome outcome[2];
			assert_true(ranks_run(&options, meets_a_stopped_peer, &way, outcome));
			assert_int_equal(outcome[round % 2].exit_code, 0);
		}
}

/* An argument: the name of one test, with wildcards. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_rank_sent_before_it_left_is_received_first),
		cmocka_unit_test(nobody_sleeps_before_it_was_looked_who_ended),
		cmocka_unit_test(the_signal_that_killed_a_rank_is_named),
		cmocka_unit_test(the_death_of_a_peer_at_any_instant_is_told),
		cmocka_unit_test(a_death_ends_the_wait_for_anybody),
		cmocka_unit_test(all_that_the_dead_had_sent_is_received),
		cmocka_unit_test(a_stopped_peer_is_waited_for),
	};
	prepare_ways();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
