/* SPDX-License-Identifier: MIT
 *
 * Barriers of several ranks: nobody goes on before all have come; a death is told to all, with its cause; ranks of a
 * test can be threads.
 */
#include "ranks.h"
#include "unit_test.h"

#include "world.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static int counts_up(muster_world *world, void *context)
{
	_Atomic int *arrived = context;
	for (int round = 1; round <= 200; round++) {
		atomic_fetch_add(arrived, 1);
		CHECK(muster_barrier(world, MUSTER_FOREVER, "round") == 0);
		CHECK(atomic_load(arrived) >= round * muster_size(world));
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	}
	return 0;
}

static void nobody_passes_a_barrier_before_all_have_come(void **state)
{
	(void)state;
	for (int ranks = 1; ranks <= 16; ranks = ranks * 2 + (ranks == 2)) {
		_Atomic int *arrived = ranks_share(sizeof *arrived);
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks}, counts_up, arrived, NULL));
		_Atomic int *of_threads = ranks_share(sizeof *of_threads);
		assert_true(ranks_run(
			&(struct ranks_options){.ranks = ranks, .threads = true, .domains = ranks > 4 ? 2 : 1},
			counts_up, of_threads, NULL));
	}
}

/* Plain memory, as users have it: what ThreadSanitizer holds the barrier to. */
static int writes_for_the_others(muster_world *world, void *context)
{
	int *words = context, size = muster_size(world), mine = muster_rank(world);
	for (int round = 0; round < 200; round++) {
		words[mine] = round * 100 + mine;
		CHECK(muster_barrier(world, MUSTER_FOREVER, "written") == 0);
		for (int rank = 0; rank < size; rank++)
			CHECK(words[rank] == round * 100 + rank);
		CHECK(muster_barrier(world, MUSTER_FOREVER, "read") == 0);
	}
	return 0;
}

static void what_was_written_before_is_seen_after(void **state)
{
	static const struct ranks_options options[] = {{.ranks = 2},
	                                               {.ranks = 2, .threads = true},
	                                               {.ranks = 6, .domains = 2},
	                                               {.ranks = 6, .domains = 2, .threads = true},
	                                               {.ranks = 7, .domains = 3, .threads = true, .roomy = true}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(options); i++)
		assert_true(ranks_run(&options[i], writes_for_the_others, ranks_share(16 * sizeof(int)), NULL));
}

static int meets_until_somebody_dies(muster_world *world, void *context)
{
	int rc;
	(void)context;
	while ((rc = muster_barrier(world, MUSTER_FOREVER, "again")) == 0)
		;
	CHECK(rc == MUSTER_EGONE);
	CHECK(muster_failure_of(world)->rank == 1);
	CHECK(muster_failure_of(world)->signal == SIGKILL || muster_failure_of(world)->end == MUSTER_END_UNKNOWN);
	return 0;
}

static void a_death_ends_the_barriers_of_all(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		struct ranks_options options = {
			.ranks = 2 + round % 3, .kills = true, .victim = 1, .kill_after_us = round * 100};
		struct ranks_outcome outcome[4];
		assert_true(ranks_run(&options, meets_until_somebody_dies, NULL, outcome));
		assert_int_equal(outcome[1].signal, SIGKILL);
	}
}

static int gives_up(muster_world *world, void *context)
{
	_Atomic int *given_up = context;
	if (muster_rank(world) > 0) {
		while (!atomic_load(given_up))
			sched_yield();
		CHECK(muster_barrier(world, MUSTER_FOREVER, "late") == -ETIMEDOUT);
		return 0;
	}
	CHECK(muster_barrier(world, 20, "nobody else comes") == -ETIMEDOUT);
	CHECK(muster_failure_of(world)->missing_count == muster_size(world) - 1);
	CHECK(muster_failure_of(world)->missing[0] == 1);
	CHECK(strstr(muster_error_text(), muster_size(world) == 2 ? "before rank 1 came" : "before ranks 1, 2 came"));
	atomic_store(given_up, 1);
	return 0;
}

static void a_barrier_that_was_given_up_names_who_had_not_come(void **state)
{
	(void)state;
	for (int ranks = 2; ranks <= 3; ranks++)
		assert_true(
			ranks_run(&(struct ranks_options){.ranks = ranks}, gives_up, ranks_share(sizeof(int)), NULL));
}

/* --- who leaves --- */

struct departure {
	bool finalizes; /* else it exits with 0 */
	int seen[4];
};

static int waits_for_one_who_leaves(muster_world *world, void *context)
{
	struct departure *departure = context;
	int rank = muster_rank(world);
	if (rank == 2) {
		ranks_await_call(world, 0, ACTIVITY_BARRIER);
		if (departure->finalizes)
			muster_finalize(world);
		_exit(0);
	}
	departure->seen[rank] = muster_barrier(world, MUSTER_FOREVER, "in vain");
	CHECK(muster_failure_of(world)->rank == 2);
	CHECK(strstr(muster_error_text(), "barrier 'in vain': rank 2") != NULL);
	CHECK(muster_failure_of(world)->missing_count >= 1);
	uint64_t last = world->segment->me->sums.barrier_last;
	CHECK(muster_barrier(world, 0, NULL) == departure->seen[rank]);
	CHECK(world->segment->me->sums.barrier_last == last); /* it did not come last: nobody came */
	return 0;
}

static void one_who_left_is_named_to_all_who_wait(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++) {
		struct departure *departure = ranks_share(sizeof *departure);
		struct ranks_outcome outcome[4];
		departure->finalizes = round % 2 == 0;
		assert_true(ranks_run(&(struct ranks_options){.ranks = 4, .leaves = true}, waits_for_one_who_leaves,
		                      departure, outcome));
		assert_int_equal(departure->seen[0], departure->seen[1]);
		assert_int_equal(departure->seen[0], departure->seen[3]);
		/* How a process ended is known only some time after that it did. */
		assert_true(departure->seen[0] == MUSTER_ELEFT ||
		            (!departure->finalizes && departure->seen[0] == MUSTER_EGONE));
	}
}

/* --- who comes late --- */

/* Rank 1 stands still inside of a barrier that was passed, while rank 0 gives up more than the word can count. */
static int outlasts_a_standstill(muster_world *world, void *context)
{
	enum { GIVEN_UP = 9000 };
	_Atomic int *pid = context;
	if (muster_rank(world) == 1) {
		atomic_store(pid, getpid());
		CHECK(muster_barrier(world, MUSTER_FOREVER, "passed") == 0);
		for (int i = 0; i < GIVEN_UP; i++)
			CHECK(muster_barrier(world, MUSTER_FOREVER, "given up") == -ETIMEDOUT);
		CHECK(muster_barrier(world, MUSTER_FOREVER, "together again") == 0);
		return 0;
	}
	ranks_await_call(world, 1, ACTIVITY_BARRIER);
	usleep(1000);
	CHECK(kill(atomic_load(pid), SIGSTOP) == 0);
	CHECK(muster_barrier(world, MUSTER_FOREVER, "passed") == 0);
	for (int i = 0; i < GIVEN_UP; i++)
		CHECK(muster_barrier(world, 0, "given up") == -ETIMEDOUT);
	CHECK(kill(atomic_load(pid), SIGCONT) == 0);
	CHECK(muster_barrier(world, MUSTER_FOREVER, "together again") == 0);
	return 0;
}

static void a_rank_that_stood_still_gets_the_outcomes_of_the_others(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .domains = 1}, outlasts_a_standstill,
	                      ranks_share(sizeof(int)), NULL));
}

/* Time limits that pass all the time, at all ranks: the n-th barrier has one outcome. */
enum { HASTY_ROUNDS = 3000 };

static int is_hasty(muster_world *world, void *context)
{
	signed char *outcomes = (signed char *)context + muster_rank(world) * HASTY_ROUNDS;
	unsigned random = (unsigned)muster_rank(world) * 7919;
	for (int round = 0; round < HASTY_ROUNDS; round++) {
		random = random * 1103515245 + 12345;
		for (volatile unsigned i = 0; i < (random >> 16) % 3000; i++)
			;
		int rc = muster_barrier(world, (int)((random >> 8) % 4 != 0), "hasty");
		CHECK(rc == 0 || rc == -ETIMEDOUT);
		outcomes[round] = rc == 0 ? 1 : 2;
	}
	return 0;
}

static void hasty_ranks_agree_on_every_barrier(void **state)
{
	static const struct ranks_options options[] = {{.ranks = 2, .roomy = true},
	                                               {.ranks = 4},
	                                               {.ranks = 5, .domains = 2},
	                                               {.ranks = 4, .domains = 2, .threads = true}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		signed char *outcomes = ranks_share(8 * HASTY_ROUNDS);
		assert_true(ranks_run(&options[i], is_hasty, outcomes, NULL));
		int passed = 0;
		for (int round = 0; round < HASTY_ROUNDS; round++) {
			passed += outcomes[round] == 1;
			for (int rank = 1; rank < options[i].ranks; rank++)
				assert_int_equal(outcomes[round], outcomes[rank * HASTY_ROUNDS + round]);
		}
		print_message("             %d ranks: %d of %d passed\n", options[i].ranks, passed, HASTY_ROUNDS);
	}
}

/* --- who writes where it should not --- */

/* Rank 0 writes random bytes over the whole segment; the others may fail as they like, crash even, but with time limits
 * they come to an end. */
static int scribbles(muster_world *world, void *context)
{
	struct segment *segment = world->segment;
	uint32_t random = 88172645u + *(uint32_t *)context;
	uint64_t used = segment->header->heap_offset;
	muster_barrier(world, MUSTER_FOREVER, NULL);
	if (muster_rank(world) == 0) {
		usleep(300);
		for (uint32_t i = 0; i < 200000; i++) {
			random ^= random << 13;
			random ^= random >> 17;
			random ^= random << 5;
			segment->base[random % (i % 2 == 0 ? SEGMENT_PAGE : used)] = (char)(random >> 24);
		}
		_exit(0);
	}
	for (int round = 0; round < 100; round++)
		muster_barrier(world, 5, "scribbled");
	_exit(0);
}

static void a_rank_that_scribbles_hangs_nobody_who_has_a_time_limit(void **state)
{
	uint32_t *seed = ranks_share(sizeof *seed);
	(void)state;
	for (; *seed < 20; ++*seed) {
		struct ranks_outcome outcome[4];
		ranks_run(&(struct ranks_options){.ranks = 4, .leaves = true, .limit_ms = 10000}, scribbles, seed,
		          outcome);
		for (int rank = 0; rank < 4; rank++)
			if (outcome[rank].signal == SIGKILL)
				fail_msg("seed %u: rank %d hung", *seed, rank);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_passes_a_barrier_before_all_have_come),
		cmocka_unit_test(what_was_written_before_is_seen_after),
		cmocka_unit_test(a_death_ends_the_barriers_of_all),
		cmocka_unit_test(a_barrier_that_was_given_up_names_who_had_not_come),
		cmocka_unit_test(one_who_left_is_named_to_all_who_wait),
		cmocka_unit_test(a_rank_that_stood_still_gets_the_outcomes_of_the_others),
		cmocka_unit_test(hasty_ranks_agree_on_every_barrier),
		cmocka_unit_test(a_rank_that_scribbles_hangs_nobody_who_has_a_time_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
