/* SPDX-License-Identifier: MIT
 *
 * A rank dies after each single instruction of sending and of receiving: its peer gets all of a message or none of it,
 * hears of the death at once, and goes on with others.
 *
 * The victim is rank 0, its peer rank 1; how it is led to its death is said in barrier_steps_test.c. `--every N` leaves
 * out all but each N-th instruction.
 */
#include "message_ways.h"
#include "ranks_path.h"
#include "unit_test.h"
#include "world.h"

#include <signal.h>

enum { VICTIM = 0, PEER = 1, OTHER = 2, RANKS = 3, TOLD_MS = 1000, BYTES_MAX = 200000, SEED = 3 };

struct scene {
	size_t bytes;
	bool receives;   /* the victim does */
	bool staged;     /* memory of others cannot be read */
	bool in_segment; /* the message lies in memory of muster_alloc */
	bool gives_up;   /* the victim's time limit is 0, and its peer comes when it is dead */
	bool not_first;  /* there has been a message before */
};

static int64_t *told_ns;
static struct ranks_path path;
static int every;

static int dies(muster_world *world, const struct scene *scene, unsigned char *data)
{
	int timeout_ms = scene->gives_up ? 0 : MUSTER_FOREVER;
	if (scene->not_first)
		CHECK(muster_send(world, PEER, TAG, data, 8, MUSTER_FOREVER) == 0);
	ranks_path_begin();
	if (scene->receives)
		muster_recv(world, PEER, TAG, data, BYTES_MAX, NULL, timeout_ms);
	else
		muster_send(world, PEER, TAG, data, scene->bytes, timeout_ms);
	ranks_path_end();
	return 0;
}

static int meets_the_victim(muster_world *world, const struct scene *scene, unsigned char *data)
{
	static unsigned char into[BYTES_MAX];
	struct muster_message message;
	int rc = 0;
	if (scene->not_first)
		CHECK(muster_recv(world, VICTIM, TAG, into, sizeof into, NULL, MUSTER_FOREVER) == 0);
	if (scene->gives_up)
		ranks_await_end(world, VICTIM);
	for (int number = 0; rc == 0; number++) {
		CHECK(number < 2 || scene->receives);
		rc = scene->receives ? muster_send(world, VICTIM, TAG, data, scene->bytes, MUSTER_FOREVER)
		                     : muster_recv(world, VICTIM, TAG, into, sizeof into, &message, MUSTER_FOREVER);
		if (rc == 0 && !scene->receives)
			CHECK(message.bytes == scene->bytes && is_message(into, message.bytes, SEED));
	}
	*told_ns = ranks_now_ns();
	CHECK(rc == MUSTER_EGONE && muster_failure_of(world)->rank == VICTIM);
	return 0;
}

static int body(muster_world *world, void *context)
{
	const struct scene *scene = context;
	static unsigned char own[BYTES_MAX];
	unsigned char *data = scene->in_segment ? muster_alloc(world, BYTES_MAX) : own;
	CHECK(data != NULL);
	fill_message(data, BYTES_MAX, SEED);
	world->segment->reads_memory = world->segment->reads_memory && !scene->staged;
	if (muster_rank(world) == VICTIM)
		return dies(world, scene, data);
	if (muster_rank(world) == PEER)
		CHECK(meets_the_victim(world, scene, data) == 0);
	/* Those who live go on. */
	int peer = PEER + OTHER - muster_rank(world);
	static unsigned char into[BYTES_MAX];
	for (size_t bytes = 1; bytes < BYTES_MAX; bytes *= 20) {
		CHECK(muster_sendrecv(world, peer, TAG, data, bytes, peer, TAG, into, bytes, NULL, MUSTER_FOREVER) ==
		      0);
		CHECK(is_message(into, bytes, SEED));
	}
	return 0;
}

static void die_at(const void *context, int point)
{
	struct ranks_outcome outcome[RANKS];
	struct scene scene = *(const struct scene *)context;
	struct ranks_options options = {.ranks = RANKS,
	                                .victim = VICTIM,
	                                .path = &path,
	                                .point = point,
	                                .segment_bytes = 8 << 20,
	                                .leaves = true};
	ranks_run(&options, body, &scene, outcome);
	if (outcome[VICTIM].exit_code == 77)
		skip();
	if (outcome[VICTIM].signal != SIGKILL || outcome[PEER].exit_code != 0 || outcome[OTHER].exit_code != 0)
		fail_msg("point %d: somebody failed or hung", point);
	int64_t took_ns = *told_ns - outcome[VICTIM].killed_ns;
	if (took_ns >= ranks_limit_ns(TOLD_MS))
		fail_msg("point %d: told after %d ms", point, (int)(took_ns / 1000000));
}

static void dies_at_each_step(const struct scene scene)
{
	ranks_path_walk(&path, every, die_at, &scene);
}

static void as_it_sends_for_the_first_time(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){.bytes = 8});
}

static void as_it_sends_a_small_message(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){.bytes = 8, .not_first = true});
	dies_at_each_step((struct scene){.bytes = 3000, .not_first = true});
}

static void as_it_sends_a_large_message(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){.bytes = 50000});
	dies_at_each_step((struct scene){.bytes = BYTES_MAX, .staged = true});
	dies_at_each_step((struct scene){.bytes = BYTES_MAX, .in_segment = true});
}

static void as_it_takes_a_message_back(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){.bytes = 50000, .gives_up = true});
}

static void as_it_receives(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){.bytes = 1000, .receives = true});
	dies_at_each_step((struct scene){.bytes = 50000, .receives = true});
	dies_at_each_step((struct scene){.bytes = BYTES_MAX, .receives = true, .staged = true});
	dies_at_each_step((struct scene){.bytes = BYTES_MAX, .receives = true, .in_segment = true});
}

int main(int argc, char **argv)
{
	every = ranks_path_every(argc, argv);
	told_ns = ranks_share(sizeof *told_ns);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_it_sends_for_the_first_time),
		cmocka_unit_test(as_it_sends_a_small_message),
		cmocka_unit_test(as_it_sends_a_large_message),
		cmocka_unit_test(as_it_takes_a_message_back),
		cmocka_unit_test(as_it_receives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
