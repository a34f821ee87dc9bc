/* SPDX-License-Identifier: MIT
 *
 * Worlds made of worlds: who is in them, in which order, that they work beside one another, and that their memory comes
 * back.
 */
#include "call.h"
#include "ranks.h"
#include "unit_test.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

static int sum_of(muster_world *world, int value, int *sum)
{
	return muster_allreduce(world, &value, sum, 1, MUSTER_INT32, MUSTER_SUM, MUSTER_FOREVER);
}

static int splits(muster_world *world, void *context)
{
	int rank = muster_rank(world), size = muster_size(world), sum;
	muster_world *part = (muster_world *)world;
	(void)context;
	/* By rank modulo 3, backwards. */
	CHECK(muster_split(world, rank % 3, -rank, &part, MUSTER_FOREVER) == 0);
	int members = (size - rank % 3 + 2) / 3;
	CHECK(muster_size(part) == members);
	CHECK(muster_rank(part) == members - 1 - rank / 3);
	for (int i = 0; i < members; i++)
		CHECK(muster_job_rank(part, i) == rank % 3 + 3 * (members - 1 - i));
	CHECK(muster_job_rank(part, members) == -EINVAL);
	int wanted = 0;
	for (int other = rank % 3; other < size; other += 3)
		wanted += other;
	for (int round = 0; round < 100; round++) {
		CHECK(sum_of(part, rank, &sum) == 0 && sum == wanted);
		CHECK(muster_barrier(part, MUSTER_FOREVER, "part") == 0);
	}
	/* A part of a part, and everybody together meanwhile. */
	muster_world *alone;
	CHECK(muster_split(part, muster_rank(part), 0, &alone, MUSTER_FOREVER) == 0);
	CHECK(muster_size(alone) == 1 && muster_job_rank(alone, 0) == rank);
	CHECK(sum_of(alone, 5, &sum) == 0 && sum == 5);
	CHECK(sum_of(world, 1, &sum) == 0 && sum == size);
	CHECK(muster_finalize(world) == -EBUSY);
	muster_world_free(alone);
	CHECK(muster_job_rank(alone, 0) == MUSTER_EFINALIZED);
	muster_world_free(part);
	muster_world_free(NULL);
	return 0;
}

static void ranks_of_one_colour_come_together_ordered_by_key(void **state)
{
	static const int ranks[] = {1, 2, 3, 4, 7, 20};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ranks); i++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks[i], .domains = ranks[i] > 3 ? 2 : 1},
		                      splits, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 4, .threads = true}, splits, NULL, NULL));
}

static int some_stay_out(muster_world *world, void *context)
{
	int rank = muster_rank(world), sum;
	muster_world *part = (muster_world *)world;
	(void)context;
	CHECK(muster_split(world, rank == 1 ? -5 : 0, 0, &part, MUSTER_FOREVER) == 0);
	CHECK((part == NULL) == (rank == 1));
	if (part != NULL)
		CHECK(sum_of(part, 1, &sum) == 0 && sum == muster_size(world) - 1);
	muster_world_free(part);
	return 0;
}

static void a_negative_colour_stays_out(void **state)
{
	(void)state;
	for (int ranks = 2; ranks <= 5; ranks++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks}, some_stay_out, NULL, NULL));
}

static int splits_again_and_again(muster_world *world, void *context)
{
	(void)context;
	for (int round = 0; round < 500; round++) {
		muster_world *part;
		int sum;
		CHECK(muster_split(world, round % 2, 0, &part, MUSTER_FOREVER) == 0);
		CHECK(sum_of(part, round, &sum) == 0 && sum == round * muster_size(world));
		muster_world_free(part);
		/* The last to free it gives it back: let everybody have freed it. */
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	}
	return 0;
}

/* What is kept of worlds that were freed does not grow with them. */
static int splits_a_lot(muster_world *world, void *context)
{
	enum { SPLITS = 20000, MOST_BYTES = 1 << 20 };
	size_t before = mallinfo2().uordblks;
	muster_world *part = NULL;
	(void)context;
	for (int round = 0; round < SPLITS; round++) {
		CHECK(muster_split(world, 0, 0, &part, MUSTER_FOREVER) == 0);
		muster_world_free(part);
	}
	CHECK(mallinfo2().uordblks < before + MOST_BYTES);
	CHECK(muster_barrier(part, 0, NULL) == MUSTER_EFINALIZED); /* a late use is told all the same */
	return 0;
}

static void memory_of_worlds_comes_back(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 1}, splits_a_lot, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3}, splits_again_and_again, NULL, NULL));
}

static int fills_the_segment(muster_world *world, void *context)
{
	enum { MOST = 2000 };
	static muster_world *parts[MOST];
	int made = 0, rc, sum;
	(void)context;
	while (made < MOST && (rc = muster_split(world, muster_rank(world) % 2, 0, &parts[made], MUSTER_FOREVER)) == 0)
		made++;
	CHECK(made > 0 && rc == -ENOMEM);
	CHECK(muster_failure_of(world)->code == -ENOMEM && muster_failure_of(world)->rank == -1);
	CHECK(sum_of(world, made, &sum) == 0 && sum == made * muster_size(world));
	CHECK(sum_of(parts[made - 1], 1, &sum) == 0);
	while (made > 0)
		muster_world_free(parts[--made]);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(muster_split(world, 0, 0, &parts[0], MUSTER_FOREVER) == 0);
	muster_world_free(parts[0]);
	return 0;
}

static void a_full_segment_is_told_to_all_and_does_no_harm(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3}, fills_the_segment, NULL, NULL));
}

static _Thread_local bool no_memory;

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
	return no_memory ? NULL : __real_calloc(count, bytes);
}

static int has_no_memory(muster_world *world, void *context)
{
	enum { POOR = 2 };
	muster_world *part = NULL;
	bool poor = muster_rank(world) == POOR;
	(void)context;
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	no_memory = poor;
	int rc = muster_split(world, 0, 0, &part, MUSTER_FOREVER);
	no_memory = false;
	CHECK(rc == (poor ? -ENOMEM : MUSTER_EBROKEN) && part == NULL);
	CHECK(muster_failure_of(world)->code == rc && muster_failure_of(world)->rank == (poor ? -1 : POOR));
	return 0;
}

static void who_has_no_memory_for_it_is_named_to_all(void **state)
{
	(void)state;
	for (int kind = RANKS_FIRST_KIND; kind <= 1; kind++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = 3, .threads = kind == 1}, has_no_memory, NULL,
		                      NULL));
}

/* Within muster_split, when it is known who is in which part, and before it is said where the parts' memory is: until
 * *held is 0, and then so many nanoseconds more. */
static _Atomic int *held_in_split;
static int64_t held_longer_ns;

void __real_qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *, const void *));
void __wrap_qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *, const void *));

void __wrap_qsort(void *base, size_t count, size_t bytes, int (*compare)(const void *, const void *))
{
	while (held_in_split != NULL && atomic_load(held_in_split) != 0)
		sched_yield();
	for (int64_t until = ranks_now_ns() + held_longer_ns; held_longer_ns > 0 && ranks_now_ns() < until;)
		;
	__real_qsort(base, count, bytes, compare);
}

/* Rank 0 makes the part's memory, says where it is, and hears of rank 1 for so long nothing that it gives up. Rank 1
 * then hears all that it needs. */
static int comes_late(muster_world *world, void *context)
{
	_Atomic int *held = context;
	muster_world *part = NULL;
	if (muster_rank(world) == 0) {
		ranks_await_call(world, 1, ACTIVITY_COLLECTIVE);
		CHECK(muster_split(world, 0, 0, &part, 20) == -ETIMEDOUT && part == NULL);
		atomic_store(held, 0);
		return 0;
	}
	held_in_split = held;
	CHECK(muster_split(world, 0, 0, &part, MUSTER_FOREVER) == MUSTER_EBROKEN && part == NULL);
	CHECK(strstr(muster_error_text(), "failed on another rank") != NULL);
	return 0;
}

static void who_comes_late_to_a_split_that_some_gave_up_has_no_part_alone(void **state)
{
	_Atomic int *held = ranks_share(sizeof *held);
	(void)state;
	atomic_store(held, 1);
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .roomy = true}, comes_late, held, NULL));
}

enum { RACES = 200, RACE_MS = 1, STEP_NS = 10000 };

struct race {
	int outcomes[RACES][2];
};

/* The last to come is there when the time limit of the first passes, give or take a millisecond. */
static int comes_just_then(muster_world *world, void *context)
{
	struct race *race = context;
	int rank = muster_rank(world);
	for (int i = 0; i < RACES; i++) {
		muster_world *whole, *part = NULL;
		held_longer_ns = 0;
		CHECK(muster_split(world, 0, 0, &whole, MUSTER_FOREVER) == 0);
		CHECK(muster_barrier(whole, MUSTER_FOREVER, "go") == 0);
		held_longer_ns = rank == 1 ? (int64_t)i * STEP_NS : 0;
		race->outcomes[i][rank] = muster_split(whole, 0, 0, &part, rank == 0 ? RACE_MS : MUSTER_FOREVER);
		CHECK((part != NULL) == (race->outcomes[i][rank] == 0));
		CHECK(muster_failure_of(whole)->code == race->outcomes[i][rank]); /* who was giving up, too */
		muster_world_free(part);
		muster_world_free(whole);
	}
	return 0;
}

/* The one that has the memory comes when the time limit of the other passes. */
static int allocates_just_then(muster_world *world, void *context)
{
	struct race *race = context;
	int rank = muster_rank(world);
	for (int i = 0; i < RACES; i++) {
		muster_world *whole;
		void *memory = NULL;
		CHECK(muster_split(world, 0, 0, &whole, MUSTER_FOREVER) == 0);
		CHECK(muster_barrier(whole, MUSTER_FOREVER, "go") == 0);
		for (int64_t until = ranks_now_ns() + i * STEP_NS; rank == 0 && ranks_now_ns() < until;)
			;
		race->outcomes[i][rank] =
			muster_alloc_shared(whole, 4096, &memory, rank == 1 ? RACE_MS : MUSTER_FOREVER);
		CHECK((memory != NULL) == (race->outcomes[i][rank] == 0));
		muster_free(whole, rank == 0 ? memory : NULL);
		muster_world_free(whole);
	}
	return 0;
}

/* Before it is agreed upon, until it is 0. */
static _Atomic int *held_in_agreeing;

int __real_steps_agree(struct call *call);
int __wrap_steps_agree(struct call *call);

int __wrap_steps_agree(struct call *call)
{
	while (held_in_agreeing != NULL && atomic_load(held_in_agreeing) != 0)
		sched_yield();
	return __real_steps_agree(call);
}

struct vain_split {
	_Atomic int held;
	_Atomic uint64_t taken;
};

/* There is memory for the part of rank 0 alone, which gives it back, and then gives up before all agreed that nobody
 * gets one. */
static int gives_up_when_memory_was_given_back(muster_world *world, void *context)
{
	struct vain_split *vain = context;
	muster_world *whole, *part = NULL;
	int rank = muster_rank(world);
	CHECK(muster_split(world, 0, 0, &whole, MUSTER_FOREVER) == 0);
	size_t bytes = group_layout_of(1, whole->layout.domains, whole->segment->bytes / 64).bytes;
	void *last = NULL;
	for (void *piece; rank == 0 && (piece = muster_alloc(world, bytes)) != NULL;)
		last = piece;
	muster_free(world, last);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	held_in_agreeing = rank == 1 ? &vain->held : NULL;
	held_longer_ns = rank == 1 ? 5000000 : 0; /* so that rank 0 has the memory first */
	CHECK(muster_split(whole, rank, 0, &part, rank == 0 ? 100 : MUSTER_FOREVER) < 0 && part == NULL);
	held_longer_ns = 0;
	if (rank == 0)
		atomic_store(&vain->taken, muster_offset(world, muster_alloc(world, bytes)));
	atomic_store(&vain->held, 0);
	held_in_agreeing = NULL;
	muster_world_free(whole);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	for (void *piece; rank == 1 && (piece = muster_alloc(world, bytes)) != NULL;)
		CHECK(muster_offset(world, piece) != atomic_load(&vain->taken));
	return 0;
}

static void memory_is_given_back_once(void **state)
{
	struct vain_split *vain = ranks_share(sizeof *vain);
	(void)state;
	if (RANKS_FIRST_KIND == 1) /* processes do not run */
		skip();
	atomic_store(&vain->held, 1);
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, gives_up_when_memory_was_given_back, vain, NULL));
	assert_int_not_equal(atomic_load(&vain->taken), 0);
}

static size_t largest_piece(muster_world *world)
{
	size_t bytes = (size_t)1 << 40;
	void *memory = NULL;
	while ((memory = muster_alloc(world, bytes)) == NULL)
		bytes /= 2;
	muster_free(world, memory);
	return bytes;
}

/* Rank 0 has made memory for the part each time when it gives up. */
static int splits_in_vain(muster_world *world, void *context)
{
	enum { TIMES = 400, LONG_NS = 2000000 };
	int failed = 0;
	size_t before = muster_rank(world) == 0 ? largest_piece(world) : 0;
	(void)context;
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	for (int i = 0; i < TIMES; i++) {
		muster_world *whole, *part = NULL;
		held_longer_ns = 0;
		CHECK(muster_split(world, 0, 0, &whole, MUSTER_FOREVER) == 0);
		CHECK(muster_barrier(whole, MUSTER_FOREVER, "go") == 0);
		held_longer_ns = muster_rank(world) == 1 ? LONG_NS : 0;
		failed += muster_split(whole, 0, 0, &part, muster_rank(world) == 0 ? RACE_MS : MUSTER_FOREVER) < 0;
		muster_world_free(part);
		muster_world_free(whole);
	}
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(failed > TIMES / 2);
	CHECK(muster_rank(world) != 0 || largest_piece(world) == before);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	return 0;
}

static void memory_of_failed_splits_comes_back_with_the_world_that_was_to_be_split(void **state)
{
	(void)state;
	if (RANKS_FIRST_KIND == 1) /* processes do not run */
		skip();
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, splits_in_vain, NULL, NULL));
}

static void runs_as_everybodys_or_nobodys(ranks_body *program)
{
	struct race *race = ranks_share(sizeof *race);
	int good = 0;
	if (RANKS_FIRST_KIND == 1) /* processes do not run */
		skip();
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, program, race, NULL));
	for (int i = 0; i < RACES; i++) {
		good += race->outcomes[i][0] == 0;
		assert_int_equal(race->outcomes[i][0] == 0, race->outcomes[i][1] == 0);
	}
	assert_in_range(good, 1, RACES - 1); /* it was a race */
}

static void a_split_is_everybodys_or_nobodys(void **state)
{
	(void)state;
	runs_as_everybodys_or_nobodys(comes_just_then);
}

static void shared_memory_is_everybodys_or_nobodys(void **state)
{
	(void)state;
	runs_as_everybodys_or_nobodys(allocates_just_then);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_of_one_colour_come_together_ordered_by_key),
		cmocka_unit_test(a_negative_colour_stays_out),
		cmocka_unit_test(memory_of_worlds_comes_back),
		cmocka_unit_test(a_full_segment_is_told_to_all_and_does_no_harm),
		cmocka_unit_test(who_has_no_memory_for_it_is_named_to_all),
		cmocka_unit_test(who_comes_late_to_a_split_that_some_gave_up_has_no_part_alone),
		cmocka_unit_test(a_split_is_everybodys_or_nobodys),
		cmocka_unit_test(shared_memory_is_everybodys_or_nobodys),
		cmocka_unit_test(memory_is_given_back_once),
		cmocka_unit_test(memory_of_failed_splits_comes_back_with_the_world_that_was_to_be_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
