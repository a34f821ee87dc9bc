/* SPDX-License-Identifier: MIT
 *
 * Collectives that fail: a rank dies in the middle of each of them, at any instant; ranks call different ones; a time
 * limit passes. Nobody hangs, nobody gets wrong data, and everybody is told.
 */
#include "collective_values.h"
#include "ranks.h"
#include "unit_test.h"
#include "world.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- a rank dies --- */

struct kind {
	const char *name;
	int (*once)(muster_world *world, char *in, char *out, size_t count);
};

static int do_broadcast(muster_world *world, char *in, char *out, size_t count)
{
	(void)out;
	return muster_broadcast(world, in, count, MUSTER_DOUBLE, 0, MUSTER_FOREVER);
}

static int do_reduce(muster_world *world, char *in, char *out, size_t count)
{
	return muster_reduce(world, in, out, count, MUSTER_DOUBLE, MUSTER_SUM, 0, MUSTER_FOREVER);
}

static int do_allreduce(muster_world *world, char *in, char *out, size_t count)
{
	return muster_allreduce(world, in, out, count, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER);
}

static int do_reduce_scatter(muster_world *world, char *in, char *out, size_t count)
{
	return muster_reduce_scatter(world, in, out, count / (size_t)muster_size(world) + 1, MUSTER_DOUBLE, MUSTER_SUM,
	                             MUSTER_FOREVER);
}

static int do_gather(muster_world *world, char *in, char *out, size_t count)
{
	return muster_gather(world, in, out, count / (size_t)muster_size(world) + 1, MUSTER_DOUBLE, 0, MUSTER_FOREVER);
}

static int do_allgather(muster_world *world, char *in, char *out, size_t count)
{
	return muster_allgather(world, in, out, count / (size_t)muster_size(world) + 1, MUSTER_DOUBLE, MUSTER_FOREVER);
}

static int do_scatter(muster_world *world, char *in, char *out, size_t count)
{
	return muster_scatter(world, in, out, count / (size_t)muster_size(world) + 1, MUSTER_DOUBLE, 0, MUSTER_FOREVER);
}

static int do_alltoall(muster_world *world, char *in, char *out, size_t count)
{
	return muster_alltoall(world, in, out, count / (size_t)muster_size(world) + 1, MUSTER_DOUBLE, MUSTER_FOREVER);
}

static int do_split(muster_world *world, char *in, char *out, size_t count)
{
	muster_world *part = NULL;
	int rc = muster_split(world, muster_rank(world) % 2, 0, &part, MUSTER_FOREVER);
	if (rc == 0 && part == NULL)
		return 1;
	if (rc == 0) {
		int in_part = do_allreduce(part, in, out, count < 10 ? count : 10);
		muster_world_free(part);
		/* Who was told of a death in the split itself has left by now; the next split tells this one, too. */
		bool told = in_part == MUSTER_EGONE || in_part == MUSTER_EBROKEN || in_part == MUSTER_ELEFT;
		return told ? 0 : in_part;
	}
	return rc;
}

static int do_alloc_shared(muster_world *world, char *in, char *out, size_t count)
{
	void *memory;
	int rc = muster_alloc_shared(world, count * sizeof(double), &memory, MUSTER_FOREVER);
	(void)in;
	(void)out;
	if (rc == 0 && muster_rank(world) == 0)
		muster_free(world, memory);
	return rc == -ENOMEM ? 0 : rc; /* others may hold on to theirs for a while */
}

static const struct kind kinds[] = {
	{"broadcast", do_broadcast}, {"reduce", do_reduce},
	{"allreduce", do_allreduce}, {"reduce_scatter", do_reduce_scatter},
	{"gather", do_gather},       {"allgather", do_allgather},
	{"scatter", do_scatter},     {"alltoall", do_alltoall},
	{"split", do_split},         {"alloc_shared", do_alloc_shared},
};

struct killing {
	const struct kind *kind;
	size_t count;
	bool shared; /* memory of the segment */
	int victim;
};

static int goes_on_until_told(muster_world *world, void *context)
{
	const struct killing *killing = context;
	size_t bytes = (killing->count + (size_t)muster_size(world)) * sizeof(double);
	char *in = killing->shared ? muster_alloc(world, bytes) : malloc(bytes);
	char *out = killing->shared ? muster_alloc(world, bytes) : malloc(bytes);
	int rc;
	memset(in, 0, bytes);
	while ((rc = killing->kind->once(world, in, out, killing->count)) == 0)
		;
	CHECK(rc == MUSTER_EGONE || rc == MUSTER_EBROKEN);
	CHECK(rc == MUSTER_EBROKEN || muster_failure_of(world)->rank == killing->victim);
	/* It stays so, at once. */
	rc = killing->kind->once(world, in, out, killing->count);
	CHECK(rc == MUSTER_EGONE || rc == MUSTER_EBROKEN);
	return 0;
}

static void everybody_is_told_of_a_death(void **state)
{
	static const size_t counts[] = {1, 500, 5000, 60000};
	static const int ranks[] = {2, 4, 16};
	unsigned seed = 1;
	(void)state;
	for (size_t r = 0; r < COUNT_OF(ranks); r++)
		for (size_t k = 0; k < COUNT_OF(kinds); k++)
			for (int round = 0; round < 12; round++) {
				struct killing killing = {.kind = &kinds[k],
				                          .count = counts[round % 4],
				                          .shared = round % 3 == 2,
				                          .victim = rand_r(&seed) % ranks[r]};
				struct ranks_options options = {.ranks = ranks[r],
				                                .limit_ms = 10000,
				                                .kills = true,
				                                .victim = killing.victim,
				                                .kill_after_us = rand_r(&seed) % 3000};
				if (ranks_run(&options, goes_on_until_told, &killing, NULL))
					continue;
				print_message("%s of %zu elements, %d ranks, victim %d after %d us\n", kinds[k].name,
				              killing.count, ranks[r], killing.victim, options.kill_after_us);
				fail();
			}
}

/* --- a rank dies in its operator --- */

enum { MANY = 9, PAGE_BYTES = 4096 };

static void combine_or_die(void *into, const void *from, size_t count, void *context)
{
	(void)into;
	(void)from;
	(void)count;
	if (*(bool *)context)
		raise(SIGKILL);
}

/* All have said by then what they combine, and wait for the results. */
static int is_left_with_nothing(muster_world *world, void *context)
{
	static char in[MANY * PAGE_BYTES], out[PAGE_BYTES];
	bool dies = muster_rank(world) == MANY - 1;
	const struct muster_operator pages = {.combine = combine_or_die, .context = &dies, .element_bytes = PAGE_BYTES};
	(void)context;
	memset(out, 0x5e, sizeof out);
	int rc = muster_reduce_scatter_by(world, in, out, 1, &pages, MUSTER_FOREVER);
	CHECK(rc == MUSTER_EGONE || rc == MUSTER_EBROKEN);
	for (size_t i = 0; i < sizeof out; i++)
		CHECK(out[i] == 0x5e);
	return 0;
}

/* So many, and so little bulk memory, that an element for each does not fit it: all of them combine all. */
static void a_result_of_which_nothing_came_is_left_untouched(void **state)
{
	struct ranks_options options = {.ranks = MANY, .segment_bytes = 4 << 20, .leaves = true};
	struct ranks_outcome outcome[MANY];
	(void)state;
	ranks_run(&options, is_left_with_nothing, NULL, outcome);
	assert_int_equal(outcome[MANY - 1].signal, SIGKILL);
	for (int rank = 0; rank < MANY - 1; rank++)
		assert_int_equal(outcome[rank].exit_code, 0);
}

/* --- a rank leaves --- */

static int is_left_alone(muster_world *world, void *context)
{
	double in = 1, out;
	(void)context;
	if (muster_rank(world) == 1)
		return 0;
	CHECK(muster_allreduce(world, &in, &out, 1, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER) == MUSTER_ELEFT);
	CHECK(muster_failure_of(world)->rank == 1);
	return 0;
}

static void a_rank_that_left_is_named(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true}, is_left_alone, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .leaves = true, .unwatched = true}, is_left_alone,
	                      NULL, NULL));
}

/* --- ranks that do not agree --- */

static int disagrees(muster_world *world, void *context)
{
	int how = *(int *)context, odd = muster_rank(world) == muster_size(world) - 1;
	double in[100] = {0}, out[400];
	int rc;
	if (how == 0)
		rc = muster_allreduce(world, in, out, odd ? 7 : 8, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER);
	else if (how == 1)
		rc = muster_allreduce(world, in, out, 8, MUSTER_DOUBLE, odd ? MUSTER_MIN : MUSTER_SUM, MUSTER_FOREVER);
	else if (how == 2)
		rc = odd ? muster_allgather(world, in, out, 8, MUSTER_DOUBLE, MUSTER_FOREVER)
		         : muster_allreduce(world, in, out, 8, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER);
	else
		rc = muster_allreduce(world, in, out, 2, odd ? MUSTER_INT64 : MUSTER_DOUBLE, MUSTER_SUM,
		                      MUSTER_FOREVER);
	CHECK(rc == MUSTER_EMISMATCH || rc == MUSTER_EBROKEN);
	CHECK(strstr(muster_error_text(), how == 2 && odd ? "collective 'allgather': " : "collective 'allreduce': ") !=
	      NULL);
	if (rc == MUSTER_EMISMATCH && how == 2)
		CHECK(strstr(muster_error_text(), odd ? " called 'allreduce'" : " called 'allgather'") != NULL);
	else if (rc == MUSTER_EMISMATCH)
		CHECK(strstr(muster_error_text(), " called it with another count, type, operator or root") != NULL);
	CHECK(rc != MUSTER_EMISMATCH || muster_failure_of(world)->rank != muster_rank(world));
	rc = muster_broadcast(world, in, 1, MUSTER_DOUBLE, 0, MUSTER_FOREVER);
	CHECK(rc == MUSTER_EBROKEN);
	CHECK(muster_barrier(world, MUSTER_FOREVER, "still works") == 0);
	return 0;
}

static void ranks_that_call_different_collectives_are_told(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, disagrees, &how, NULL));
		assert_true(ranks_run(&(struct ranks_options){.ranks = 4}, disagrees, &how, NULL));
	}
}

/* Ranks 1 and 2 disagree and go; that is why rank 0, who comes later, fails, and not that they have gone. */
static int comes_after_a_mismatch(muster_world *world, void *context)
{
	static const int expected[] = {MUSTER_EBROKEN, 0, MUSTER_EMISMATCH};
	int rank = muster_rank(world);
	double data[8] = {0};
	(void)context;
	if (rank == 0) {
		ranks_await_end(world, 1);
		ranks_await_end(world, 2);
	}
	CHECK(muster_broadcast(world, data, rank == 2 ? 7 : 8, MUSTER_DOUBLE, 1, MUSTER_FOREVER) == expected[rank]);
	CHECK(rank != 0 || strstr(muster_error_text(), muster_strerror(MUSTER_EMISMATCH)) != NULL);
	return 0;
}

static void a_mismatch_stays_the_cause_when_its_ranks_have_left(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3, .leaves = true}, comes_after_a_mismatch, NULL, NULL));
}

/* --- muster stops the job --- */

/* Rank 1 fails by itself; then muster, whose part rank 0 plays, begins to stop the job, and rank 0 ends of that. */
static int hears_of_the_end_of_the_job(muster_world *world, void *context)
{
	struct segment_header *header = world->segment->header;
	const struct segment_rank *first = world_rank(world, 1);
	char nothing;
	(void)context;
	if (muster_rank(world) == 1)
		exit(7);
	if (muster_rank(world) == 0) {
		while (atomic_load(&first->presence) != RANK_ENDED)
			sched_yield();
		atomic_store(&header->stopping, atomic_fetch_add(&header->events, 1) + 1);
		raise(SIGTERM);
	}
	CHECK(muster_recv(world, 0, 1, &nothing, 1, NULL, MUSTER_FOREVER) == MUSTER_EGONE);
	CHECK(strncmp(muster_error_text(), "receive: muster is stopping the job: rank 0 ", 44) == 0);
	CHECK(muster_recv(world, 1, 1, &nothing, 1, NULL, MUSTER_FOREVER) == MUSTER_EGONE);
	CHECK(strcmp(muster_error_text(), "receive: rank 1 exited with code 7") == 0);
	return 0;
}

static void who_ends_because_the_job_is_stopped_is_not_told_as_the_cause(void **state)
{
	struct ranks_outcome outcome[3];
	(void)state;
	ranks_run(&(struct ranks_options){.ranks = 3, .leaves = true}, hears_of_the_end_of_the_job, NULL, outcome);
	assert_int_equal(outcome[0].signal, SIGTERM);
	assert_int_equal(outcome[1].exit_code, 7);
	assert_int_equal(outcome[2].exit_code, 0);
}

/* --- time --- */

static int runs_out_of_time(muster_world *world, void *context)
{
	_Atomic int *given_up = context;
	double in[5000] = {0}, out[20000];
	int last = muster_size(world) - 1;
	if (muster_rank(world) == last) {
		while (atomic_load(given_up) == 0)
			sched_yield();
		CHECK(muster_allgather(world, in, out, 5000, MUSTER_DOUBLE, MUSTER_FOREVER) == MUSTER_EBROKEN);
		return 0;
	}
	int rc = muster_allgather(world, in, out, 5000, MUSTER_DOUBLE, 20);
	CHECK(rc == -ETIMEDOUT || rc == MUSTER_EBROKEN);
	CHECK(rc == MUSTER_EBROKEN ||
	      strstr(muster_error_text(), "collective 'allgather': the time limit of 20 ms passed") != NULL);
	atomic_store(given_up, 1);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	return 0;
}

static int joins_at_last(muster_world *world, void *context)
{
	int rc = runs_out_of_time(world, context);
	if (rc == 0 && muster_rank(world) == muster_size(world) - 1)
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	return rc;
}

static void a_time_limit_ends_the_wait_of_all(void **state)
{
	(void)state;
	for (int ranks = 2; ranks <= 4; ranks++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks}, joins_at_last, ranks_share(sizeof(int)),
		                      NULL));
}

/* --- arguments --- */

static int makes_no_sense(muster_world *world, void *context)
{
	const struct muster_operator nothing = {0};
	double in[2] = {1, 2}, out[8];
	int size = muster_size(world);
	(void)context;
	CHECK(muster_failure_of(world)->code == 0 && muster_failure_of(world)->rank == -1);
	CHECK(muster_broadcast(world, in, 1, MUSTER_DOUBLE, size, 0) == -EINVAL);
	CHECK(muster_failure_of(world)->code == -EINVAL && muster_failure_of(world)->rank == -1);
	CHECK(muster_broadcast(world, in, 1, MUSTER_DOUBLE, -1, 0) == -EINVAL);
	CHECK(muster_broadcast(world, NULL, 1, MUSTER_DOUBLE, 0, 0) == -EINVAL);
	CHECK(strstr(muster_error_text(), "collective 'broadcast': count is 1, and the memory for that is NULL"));
	CHECK(muster_broadcast(world, in, 1, (enum muster_type)77, 0, 0) == -EINVAL);
	CHECK(muster_allreduce(world, in, out, 1, MUSTER_DOUBLE, (enum muster_op)9, 0) == -EINVAL);
	CHECK(muster_allreduce(world, NULL, out, 1, MUSTER_DOUBLE, MUSTER_SUM, 0) == -EINVAL);
	CHECK(muster_allreduce(world, in, out, SIZE_MAX / 2, MUSTER_DOUBLE, MUSTER_SUM, 0) == -EINVAL);
	CHECK(muster_allreduce_by(world, in, out, 1, &nothing, 0) == -EINVAL);
	CHECK(muster_allreduce_by(world, in, out, 1, NULL, 0) == -EINVAL);
	CHECK(muster_reduce(world, in, NULL, 1, MUSTER_DOUBLE, MUSTER_SUM, muster_rank(world), 0) == -EINVAL);
	CHECK(muster_split(world, 0, 0, NULL, 0) == -EINVAL);
	CHECK(strstr(muster_error_text(), "muster_split: ") && strstr(muster_error_text(), "part is NULL"));
	CHECK(muster_alloc_shared(world, 8, NULL, 0) == -EINVAL);
	CHECK(strstr(muster_error_text(), "muster_alloc_shared: ") && strstr(muster_error_text(), "memory is NULL"));
	CHECK(muster_recv(world, muster_rank(world), 0, NULL, 0, NULL, 0) == -ETIMEDOUT);
	CHECK(muster_failure_of(world)->code == -ETIMEDOUT);
	CHECK(muster_allreduce(world, in, out, 1, (enum muster_type)77, MUSTER_SUM, 0) == -EINVAL);
	CHECK(muster_failure_of(world)->code == -EINVAL);
	CHECK(strcmp(muster_strerror(INT_MIN), "unknown code") == 0);
	CHECK(strcmp(muster_strerror(-ETIMEDOUT), "a time limit passed") == 0);
	CHECK(muster_alloc(world, 0) == NULL);
	CHECK(strncmp(muster_error_text(), "muster_alloc: ", 14) == 0);
	/* Nothing was sent: the next one is the first. */
	CHECK(muster_allreduce(world, in, in, 2, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER) == 0);
	CHECK(in[0] == size && in[1] == 2 * size);
	CHECK(muster_allreduce(NULL, in, out, 1, MUSTER_DOUBLE, MUSTER_SUM, 0) == -EINVAL);
	return 0;
}

static void arguments_that_make_no_sense_are_refused_before_anything_is_sent(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 1}, makes_no_sense, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3}, makes_no_sense, NULL, NULL));
}

/* Counts that differ by a number of Fibonacci's are as different as any. */
static int counts_otherwise(muster_world *world, void *context)
{
	enum { BYTES = 4 << 20 };
	static const size_t counts[][2] = {{1, 46369}, {100000, 221393}, {5, 5 + 832040}};
	char *data = calloc(2, BYTES);
	(void)context;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		muster_world *whole;
		CHECK(muster_split(world, 0, 0, &whole, MUSTER_FOREVER) == 0);
		int rc = muster_allgather(whole, data, data + BYTES, counts[i][muster_rank(world)], MUSTER_BYTES,
		                          MUSTER_FOREVER);
		CHECK(rc == MUSTER_EMISMATCH || rc == MUSTER_EBROKEN);
		muster_world_free(whole);
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	}
	free(data);
	return 0;
}

static void counts_that_differ_regularly_are_noticed(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, counts_otherwise, NULL, NULL));
}

/* An argument: the name of one test, with wildcards. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_told_of_a_death),
		cmocka_unit_test(a_result_of_which_nothing_came_is_left_untouched),
		cmocka_unit_test(a_rank_that_left_is_named),
		cmocka_unit_test(ranks_that_call_different_collectives_are_told),
		cmocka_unit_test(a_mismatch_stays_the_cause_when_its_ranks_have_left),
		cmocka_unit_test(counts_that_differ_regularly_are_noticed),
		cmocka_unit_test(who_ends_because_the_job_is_stopped_is_not_told_as_the_cause),
		cmocka_unit_test(a_time_limit_ends_the_wait_of_all),
		cmocka_unit_test(arguments_that_make_no_sense_are_refused_before_anything_is_sent),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
