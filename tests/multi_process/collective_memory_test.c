/* SPDX-License-Identifier: MIT
 *
 * Memory that ranks use while others are still at a collective: that of those who have gone on, and that of all
 * together.
 */
#include "collective_values.h"
#include "ranks.h"
#include "unit_test.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- running ahead --- */

static int runs_ahead(muster_world *world, void *context)
{
	enum { ROUNDS = 3000 };
	char data[3000];
	(void)context;
	for (int round = 0; round < ROUNDS; round++) {
		size_t bytes = (size_t)(round * 7 % 3000) + 1;
		int root = round / 500 % muster_size(world);
		memset(data, muster_rank(world) == root ? round : 0, bytes);
		CHECK(muster_broadcast(world, data, bytes, MUSTER_BYTES, root, MUSTER_FOREVER) == 0);
		CHECK(data[0] == (char)round && data[bytes - 1] == (char)round);
		int32_t mine = round, sum = -1;
		CHECK(muster_reduce(world, &mine, &sum, 1, MUSTER_INT32, MUSTER_SUM, root, MUSTER_FOREVER) == 0);
		CHECK(muster_rank(world) != root || sum == round * muster_size(world));
		memset(data, 0, bytes); /* what others still read is not here */
	}
	return 0;
}

static void those_who_need_not_wait_do_no_harm(void **state)
{
	(void)state;
	for (int ranks = 2; ranks <= 4; ranks++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks}, runs_ahead, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3, .threads = true}, runs_ahead, NULL, NULL));
}

static int root_goes_on(muster_world *world, void *context)
{
	_Atomic int *sent = context;
	int value = 42;
	if (muster_rank(world) == 0) {
		CHECK(muster_broadcast(world, &value, 1, MUSTER_INT32, 0, MUSTER_FOREVER) == 0);
		atomic_store(sent, 1);
		return 0;
	}
	while (atomic_load(sent) == 0)
		sched_yield();
	value = 0;
	CHECK(muster_broadcast(world, &value, 1, MUSTER_INT32, 0, MUSTER_FOREVER) == 0);
	CHECK(value == 42);
	return 0;
}

static void a_root_that_has_sent_goes_on(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3}, root_goes_on, ranks_share(sizeof(int)), NULL));
}

/* --- shared memory for all --- */

static int reduces_into_one_place(muster_world *world, void *context)
{
	enum { COUNT = 100003 };
	double *out, *in = muster_alloc(world, COUNT * sizeof *in), *wanted = malloc(COUNT * sizeof *wanted);
	(void)context;
	CHECK(muster_alloc_shared(world, COUNT * sizeof *out, (void **)&out, MUSTER_FOREVER) == 0);
	for (size_t i = 0; i < COUNT; i++)
		CHECK(out[i] == 0);
	values_of(muster_rank(world), MUSTER_DOUBLE, 0, COUNT, in);
	values_combined(muster_size(world), MUSTER_DOUBLE, MUSTER_SUM, 0, COUNT, wanted);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	CHECK(muster_allreduce(world, in, out, COUNT, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER) == 0);
	CHECK(memcmp(out, wanted, COUNT * sizeof *out) == 0);
	CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	if (muster_rank(world) == 0)
		muster_free(world, out);
	muster_free(world, in);
	free(wanted);
	return 0;
}

/* The operand of rank 0 lies where all write the result. */
static int reduces_into_an_operand(muster_world *world, void *context)
{
	enum { ROUNDS = 2000, COUNT = 100 };
	int64_t *out, own[COUNT];
	int rank = muster_rank(world), size = muster_size(world);
	(void)context;
	CHECK(muster_alloc_shared(world, sizeof own, (void **)&out, MUSTER_FOREVER) == 0);
	for (int round = 0; round < ROUNDS; round++) {
		int64_t *in = rank == 0 ? out : own;
		for (int i = 0; i < COUNT; i++)
			in[i] = rank + 1;
		CHECK(muster_allreduce(world, in, out, COUNT, MUSTER_INT64, MUSTER_SUM, MUSTER_FOREVER) == 0);
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
		for (int i = 0; i < COUNT; i++)
			CHECK(out[i] == size * (size + 1) / 2);
		CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
	}
	return 0;
}

static void an_operand_may_lie_where_all_write_the_result(void **state)
{
	(void)state;
	for (int size = 2; size <= 5; size++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = size}, reduces_into_an_operand, NULL, NULL));
}

static int allocates_in_vain(muster_world *world, void *context)
{
	void *memory = NULL;
	int value = muster_rank(world);
	(void)context;
	CHECK(muster_alloc_shared(world, (size_t)1 << 40, &memory, MUSTER_FOREVER) == -ENOMEM);
	CHECK(memory == NULL);
	CHECK(muster_alloc_shared(world, 0, &memory, MUSTER_FOREVER) == -EINVAL);
	CHECK(muster_broadcast(world, &value, 1, MUSTER_INT32, 0, MUSTER_FOREVER) == 0);
	return 0;
}

static void all_reduce_into_one_place(void **state)
{
	(void)state;
	for (int ranks = 1; ranks <= 5; ranks++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks}, reduces_into_one_place, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3}, allocates_in_vain, NULL, NULL));
}

/* --- after a failure --- */

enum { HELD_COUNT = 8192, LATE_RANK = 1 };

struct late {
	_Atomic int held, went_on, is_late;
};

static void combine_late(void *into, const void *from, size_t count, void *context)
{
	struct late *late = context;
	if (late != NULL)
		atomic_store(&late->is_late, 1);
	while (late != NULL && atomic_load(&late->held) != 0)
		sched_yield();
	for (size_t i = 0; i < count; i++)
		((double *)into)[i] += ((const double *)from)[i];
}

/* The root gives up while another still combines; what it does with its memory then is its own affair. */
static int has_its_memory_back(muster_world *world, void *context)
{
	struct late *late = context;
	bool is_late = muster_rank(world) == LATE_RANK;
	size_t bytes = HELD_COUNT * sizeof(double);
	double *in = muster_alloc(world, bytes), *out = muster_alloc(world, bytes);
	const struct muster_operator sum = {
		.combine = combine_late, .context = is_late ? late : NULL, .element_bytes = sizeof(double)};
	memset(in, 0, bytes);
	memset(out, 0, bytes);
	int rc = muster_reduce_by(world, in, out, HELD_COUNT, &sum, 0, is_late ? MUSTER_FOREVER : 100);
	if (is_late) {
		atomic_store(&late->went_on, 1);
		return 0; /* it may have had all that it needs */
	}
	CHECK(rc == -ETIMEDOUT && atomic_load(&late->is_late) == 1);
	memset(out, 0x55, bytes);
	atomic_store(&late->held, 0);
	while (atomic_load(&late->went_on) == 0)
		sched_yield();
	for (size_t i = 0; i < bytes; i++)
		CHECK(((unsigned char *)out)[i] == 0x55);
	return 0;
}

static void who_gave_up_has_its_memory_back(void **state)
{
	(void)state;
	for (int kind = RANKS_FIRST_KIND; kind <= 1; kind++) {
		struct late *late = ranks_share(sizeof *late);
		atomic_store(&late->held, 1);
		assert_true(ranks_run(&(struct ranks_options){.ranks = 2, .threads = kind == 1}, has_its_memory_back,
		                      late, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_who_need_not_wait_do_no_harm),
		cmocka_unit_test(a_root_that_has_sent_goes_on),
		cmocka_unit_test(all_reduce_into_one_place),
		cmocka_unit_test(an_operand_may_lie_where_all_write_the_result),
		cmocka_unit_test(who_gave_up_has_its_memory_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
