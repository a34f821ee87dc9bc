/* SPDX-License-Identifier: MIT
 *
 * Collectives give each rank what muster/collective.h says, byte by byte: for every type and operator, sizes around all
 * thresholds, memory of the segment and of the rank's own, input that is output, and as many ranks as there are CPUs or
 * more.
 */
#include "collective_values.h"
#include "ranks.h"
#include "unit_test.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* Where a test's memory lies. */
enum memory { PRIVATE, SHARED, MIXED };

struct sizes {
	const size_t *counts;
	size_t count;
	enum memory memory;
	bool blind; /* one of them cannot read the memory of others */
};

static void *take(muster_world *world, enum memory memory, size_t bytes)
{
	bool shared = memory == SHARED || (memory == MIXED && muster_rank(world) % 2 == 0);
	void *taken = shared ? muster_alloc(world, bytes + 1) : malloc(bytes + 1);
	if (taken == NULL)
		fprintf(stderr, "no memory for a test: %s\n", muster_error_text());
	((unsigned char *)taken)[bytes] = 0x5a; /* nobody writes behind the end */
	return taken;
}

static bool give(muster_world *world, enum memory memory, void *taken, size_t bytes)
{
	bool whole = ((unsigned char *)taken)[bytes] == 0x5a;
	if (memory == SHARED || (memory == MIXED && muster_rank(world) % 2 == 0))
		muster_free(world, taken);
	else
		free(taken);
	return whole;
}

/* --- the collectives, each once --- */

static int check_broadcast(muster_world *world, enum memory memory, size_t count, int root)
{
	enum muster_type type = MUSTER_DOUBLE;
	size_t bytes = count * sizeof(double);
	double *data = take(world, memory, bytes), *wanted = malloc(bytes + 1);
	values_of(root, type, 7, count, wanted);
	memset(data, 0xee, bytes);
	if (muster_rank(world) == root)
		memcpy(data, wanted, bytes);
	CHECK(muster_broadcast(world, data, count, type, root, MUSTER_FOREVER) == 0);
	if (muster_rank(world) == root && memory == PRIVATE) {
		memset(data, 0x11, bytes); /* what was sent was sent */
		memcpy(data, wanted, bytes);
	}
	CHECK(memcmp(data, wanted, bytes) == 0);
	CHECK(give(world, memory, data, bytes));
	free(wanted);
	return 0;
}

static int check_allreduce(muster_world *world, enum memory memory, size_t count, enum muster_type type,
                           enum muster_op op, bool in_is_out)
{
	size_t bytes = count * values_bytes(type);
	char *in = take(world, memory, bytes), *out = in_is_out ? in : take(world, memory, bytes),
	     *wanted = malloc(bytes + 1);
	values_of(muster_rank(world), type, 0, count, in);
	values_combined(muster_size(world), type, op, 0, count, wanted);
	CHECK(muster_allreduce(world, in, out, count, type, op, MUSTER_FOREVER) == 0);
	CHECK(memcmp(out, wanted, bytes) == 0);
	if (!in_is_out)
		CHECK(give(world, memory, out, bytes));
	CHECK(give(world, memory, in, bytes));
	free(wanted);
	return 0;
}

static int check_reduce(muster_world *world, enum memory memory, size_t count, enum muster_type type, enum muster_op op,
                        int root, bool in_is_out)
{
	size_t bytes = count * values_bytes(type);
	bool is_root = muster_rank(world) == root;
	char *in = take(world, memory, bytes), *wanted = malloc(bytes + 1), *out = NULL;
	if (is_root)
		out = in_is_out ? in : take(world, memory, bytes);
	values_of(muster_rank(world), type, 3, count, in);
	values_combined(muster_size(world), type, op, 3, count, wanted);
	CHECK(muster_reduce(world, in, out, count, type, op, root, MUSTER_FOREVER) == 0);
	CHECK(!is_root || memcmp(out, wanted, bytes) == 0);
	if (is_root && !in_is_out)
		CHECK(give(world, memory, out, bytes));
	CHECK(give(world, memory, in, bytes));
	free(wanted);
	return 0;
}

static int check_reduce_scatter(muster_world *world, enum memory memory, size_t count, enum muster_type type,
                                enum muster_op op)
{
	size_t bytes = count * values_bytes(type), all = bytes * (size_t)muster_size(world);
	char *in = take(world, memory, all), *out = take(world, memory, bytes), *wanted = malloc(bytes + 1);
	values_of(muster_rank(world), type, 0, count * (size_t)muster_size(world), in);
	values_combined(muster_size(world), type, op, (size_t)muster_rank(world) * count, count, wanted);
	CHECK(muster_reduce_scatter(world, in, out, count, type, op, MUSTER_FOREVER) == 0);
	CHECK(memcmp(out, wanted, bytes) == 0);
	CHECK(give(world, memory, out, bytes));
	CHECK(give(world, memory, in, all));
	free(wanted);
	return 0;
}

static int check_gather(muster_world *world, enum memory memory, size_t count, int root, bool to_all)
{
	enum muster_type type = MUSTER_INT32;
	size_t bytes = count * sizeof(int32_t), all = bytes * (size_t)muster_size(world);
	bool has_out = to_all || muster_rank(world) == root;
	char *in = take(world, memory, bytes), *out = has_out ? take(world, memory, all) : NULL,
	     *wanted = malloc(all + 1);
	values_of(muster_rank(world), type, 0, count, in);
	for (int rank = 0; rank < muster_size(world); rank++)
		values_of(rank, type, 0, count, wanted + (size_t)rank * bytes);
	if (to_all)
		CHECK(muster_allgather(world, in, out, count, type, MUSTER_FOREVER) == 0);
	else
		CHECK(muster_gather(world, in, out, count, type, root, MUSTER_FOREVER) == 0);
	CHECK(!has_out || memcmp(out, wanted, all) == 0);
	if (to_all) { /* from one's own place */
		memset(out, 0, all);
		memcpy(out + (size_t)muster_rank(world) * bytes, in, bytes);
		CHECK(muster_allgather(world, out + (size_t)muster_rank(world) * bytes, out, count, type,
		                       MUSTER_FOREVER) == 0);
		CHECK(memcmp(out, wanted, all) == 0);
	}
	if (has_out)
		CHECK(give(world, memory, out, all));
	CHECK(give(world, memory, in, bytes));
	free(wanted);
	return 0;
}

static int check_scatter(muster_world *world, enum memory memory, size_t count, int root)
{
	enum muster_type type = MUSTER_UINT64;
	size_t bytes = count * sizeof(uint64_t), all = bytes * (size_t)muster_size(world);
	bool is_root = muster_rank(world) == root;
	char *in = is_root ? take(world, memory, all) : NULL, *out = take(world, memory, bytes),
	     *wanted = malloc(bytes + 1);
	if (is_root)
		values_of(root, type, 0, count * (size_t)muster_size(world), in);
	values_of(root, type, (size_t)muster_rank(world) * count, count, wanted);
	CHECK(muster_scatter(world, in, out, count, type, root, MUSTER_FOREVER) == 0);
	CHECK(memcmp(out, wanted, bytes) == 0);
	if (is_root)
		CHECK(give(world, memory, in, all));
	CHECK(give(world, memory, out, bytes));
	free(wanted);
	return 0;
}

static int check_alltoall(muster_world *world, enum memory memory, size_t count)
{
	enum muster_type type = MUSTER_BYTES;
	size_t all = count * (size_t)muster_size(world);
	char *in = take(world, memory, all), *out = take(world, memory, all), *wanted = malloc(all + 1);
	values_of(muster_rank(world), type, 0, all, in);
	for (int rank = 0; rank < muster_size(world); rank++)
		values_of(rank, type, (size_t)muster_rank(world) * count, count, wanted + (size_t)rank * count);
	CHECK(muster_alltoall(world, in, out, count, type, MUSTER_FOREVER) == 0);
	CHECK(memcmp(out, wanted, all) == 0);
	CHECK(give(world, memory, in, all));
	CHECK(give(world, memory, out, all));
	free(wanted);
	return 0;
}

/* --- all of them, in a row --- */

static int check_all(muster_world *world, enum memory memory, size_t count)
{
	int last = muster_size(world) - 1, rc = check_broadcast(world, memory, count, 0);
	rc = rc != 0 ? rc : check_broadcast(world, memory, count, last);
	rc = rc != 0 ? rc : check_allreduce(world, memory, count, MUSTER_DOUBLE, MUSTER_SUM, false);
	rc = rc != 0 ? rc : check_allreduce(world, memory, count, MUSTER_FLOAT, MUSTER_PROD, true);
	rc = rc != 0 ? rc : check_reduce(world, memory, count, MUSTER_DOUBLE, MUSTER_SUM, last, false);
	rc = rc != 0 ? rc : check_reduce(world, memory, count, MUSTER_INT64, MUSTER_MAX, 0, true);
	rc = rc != 0 ? rc : check_reduce_scatter(world, memory, count, MUSTER_FLOAT, MUSTER_SUM);
	rc = rc != 0 ? rc : check_gather(world, memory, count, last / 2, false);
	rc = rc != 0 ? rc : check_gather(world, memory, count, 0, true);
	rc = rc != 0 ? rc : check_scatter(world, memory, count, last);
	return rc != 0 ? rc : check_alltoall(world, memory, count);
}

static int checks_sizes(muster_world *world, void *context)
{
	const struct sizes *sizes = context;
	if (sizes->blind && muster_rank(world) == 0)
		world->segment->reads_memory = false;
	for (size_t i = 0; i < sizes->count; i++) {
		int rc = check_all(world, sizes->memory, sizes->counts[i]);
		if (rc != 0) {
			fprintf(stderr, "... with %zu elements, memory %d\n", sizes->counts[i], (int)sizes->memory);
			return rc;
		}
	}
	return 0;
}

static const size_t small_counts[] = {0,  1,  2,   3,   5,   6,   7,    11,   12,   13,  47,
                                      48, 49, 100, 511, 512, 513, 1023, 2047, 2048, 2049};
static const size_t large_counts[] = {4095, 4096, 4097, 8191, 8193, 16384, 16387, 32768, 65537, 131071, 300001};

static void run_sizes(int ranks, bool threads, bool roomy, const size_t *counts, size_t count)
{
	for (int memory = PRIVATE; memory <= MIXED; memory++) {
		struct sizes sizes = {counts, count, (enum memory)memory, false};
		struct ranks_options options = {.ranks = ranks,
		                                .threads = threads,
		                                .roomy = roomy,
		                                .domains = ranks >= 4 ? 2 : 1,
		                                .segment_bytes = (size_t)256 << 20};
		assert_true(ranks_run(&options, checks_sizes, &sizes, NULL));
	}
}

static void small_collectives_give_what_they_should(void **state)
{
	static const int ranks[] = {1, 2, 3, 4, 7, 16};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ranks); i++)
		run_sizes(ranks[i], false, false, small_counts, COUNT_OF(small_counts));
}

static void large_collectives_give_what_they_should(void **state)
{
	static const int ranks[] = {1, 2, 3, 5};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ranks); i++)
		run_sizes(ranks[i], false, false, large_counts, COUNT_OF(large_counts));
	run_sizes(9, false, false, large_counts, 6);
}

/* More ranks than CPUs, that look at each other's lines all the same. */
static void ranks_that_believe_to_have_room_come_to_the_same(void **state)
{
	(void)state;
	run_sizes(3, false, true, small_counts, COUNT_OF(small_counts));
	run_sizes(2, false, true, large_counts, COUNT_OF(large_counts));
	run_sizes(3, false, true, large_counts, 8);
	run_sizes(12, false, true, small_counts, 12);
}

static void ranks_that_may_not_read_each_others_memory_come_to_the_same(void **state)
{
	struct sizes sizes = {large_counts, COUNT_OF(large_counts), PRIVATE, true};
	(void)state;
	for (int ranks = 2; ranks <= 3; ranks++)
		for (int memory = PRIVATE; memory <= MIXED; memory += MIXED) {
			struct ranks_options options = {.ranks = ranks, .segment_bytes = (size_t)64 << 20};
			sizes.memory = (enum memory)memory;
			assert_true(ranks_run(&options, checks_sizes, &sizes, NULL));
		}
	struct ranks_options roomy = {.ranks = 3, .roomy = true};
	sizes.memory = PRIVATE;
	assert_true(ranks_run(&roomy, checks_sizes, &sizes, NULL));
}

static void threads_give_the_same(void **state)
{
	(void)state;
	run_sizes(2, true, false, small_counts, COUNT_OF(small_counts));
	run_sizes(2, true, true, large_counts, 4);
	run_sizes(3, true, false, large_counts, 4);
	run_sizes(5, true, false, small_counts, COUNT_OF(small_counts));
	run_sizes(4, true, true, large_counts, 3);
}

/* --- every odd size --- */

static int checks_odd_sizes(muster_world *world, void *context)
{
	(void)context;
	for (size_t bytes = 1; bytes <= 5000; bytes += bytes < 200 ? 1 : 37) {
		int rc = check_allreduce(world, PRIVATE, bytes, MUSTER_BYTES, MUSTER_SUM, bytes % 2 == 0);
		rc = rc != 0 ? rc : check_alltoall(world, PRIVATE, bytes);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void odd_sizes_work(void **state)
{
	(void)state;
	for (int ranks = 2; ranks <= 4; ranks++)
		assert_true(ranks_run(&(struct ranks_options){.ranks = ranks}, checks_odd_sizes, NULL, NULL));
}

/* --- every type with every operator --- */

static int checks_types(muster_world *world, void *context)
{
	static const size_t counts[] = {1, 5, 67, 3000, 40001};
	(void)context;
	for (int type = MUSTER_INT32; type <= MUSTER_BYTES; type++)
		for (int op = MUSTER_SUM; op <= MUSTER_MAX; op++)
			for (size_t i = 0; i < COUNT_OF(counts); i++) {
				int rc = check_allreduce(world, (enum memory)(i % 3), counts[i], (enum muster_type)type,
				                         (enum muster_op)op, i % 2 == 0);
				if (rc != 0) {
					fprintf(stderr, "... of type %d with operator %d, %zu elements\n", type, op,
					        counts[i]);
					return rc;
				}
			}
	return 0;
}

static void every_type_goes_with_every_operator(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, checks_types, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 5}, checks_types, NULL, NULL));
}

static int meets_nan(muster_world *world, void *context)
{
	double in[9], out[9];
	float narrow[9];
	(void)context;
	for (int bad = 0; bad < muster_size(world); bad++) {
		for (int i = 0; i < 9; i++) {
			in[i] = muster_rank(world) == bad && i % 2 == 0 ? __builtin_nan("") : i;
			narrow[i] = (float)in[i];
		}
		for (int op = MUSTER_MIN; op <= MUSTER_MAX; op++) {
			CHECK(muster_allreduce(world, in, out, 9, MUSTER_DOUBLE, (enum muster_op)op, MUSTER_FOREVER) ==
			      0);
			for (int i = 0; i < 9; i++)
				CHECK((out[i] != out[i]) == (i % 2 == 0));
			float small[9];
			CHECK(muster_allreduce(world, narrow, small, 9, MUSTER_FLOAT, (enum muster_op)op,
			                       MUSTER_FOREVER) == 0);
			for (int i = 0; i < 9; i++)
				CHECK((small[i] != small[i]) == (i % 2 == 0));
		}
	}
	return 0;
}

static void a_nan_once_met_stays(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, meets_nan, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 4}, meets_nan, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_collectives_give_what_they_should),
		cmocka_unit_test(large_collectives_give_what_they_should),
		cmocka_unit_test(ranks_that_believe_to_have_room_come_to_the_same),
		cmocka_unit_test(ranks_that_may_not_read_each_others_memory_come_to_the_same),
		cmocka_unit_test(threads_give_the_same),
		cmocka_unit_test(odd_sizes_work),
		cmocka_unit_test(every_type_goes_with_every_operator),
		cmocka_unit_test(a_nan_once_met_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
