/* SPDX-License-Identifier: MIT
 *
 * Barriers of several ranks: nobody goes on before all have come; a death is told to all, with its cause; ranks of a
 * test can be threads.
 */
#include "ranks.h"
#include "unit_test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

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
	if (muster_rank(world) == 1) {
		while (!atomic_load(given_up))
			sched_yield();
		CHECK(muster_barrier(world, MUSTER_FOREVER, "late") == -ETIMEDOUT);
		return 0;
	}
	CHECK(muster_barrier(world, 20, "nobody else comes") == -ETIMEDOUT);
	CHECK(muster_failure_of(world)->missing_count == 1);
	CHECK(muster_failure_of(world)->missing[0] == 1);
	atomic_store(given_up, 1);
	return 0;
}

static void a_barrier_that_was_given_up_names_who_had_not_come(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, gives_up, ranks_share(sizeof(int)), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_passes_a_barrier_before_all_have_come),
		cmocka_unit_test(what_was_written_before_is_seen_after),
		cmocka_unit_test(a_death_ends_the_barriers_of_all),
		cmocka_unit_test(a_barrier_that_was_given_up_names_who_had_not_come),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
