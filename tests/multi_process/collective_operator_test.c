/* SPDX-License-Identifier: MIT
 *
 * Collectives with operators of the program's own: applied in the order of ranks, to elements of any size.
 */
#include "collective_values.h"
#include "ranks.h"
#include "unit_test.h"

#include <stdlib.h>
#include <string.h>

static struct matrix product_of(int ranks, size_t element)
{
	struct matrix product = values_matrix(0, element);
	for (int rank = 1; rank < ranks; rank++) {
		struct matrix factor = values_matrix(rank, element);
		values_matrix_product.combine(&product, &factor, 1, NULL);
	}
	return product;
}

static int multiplies_matrices(muster_world *world, void *context)
{
	static const size_t counts[] = {1, 3, 4, 200, 1500, 30000};
	(void)context;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		size_t count = counts[i], all = count * (size_t)muster_size(world);
		struct matrix *in = calloc(all, sizeof *in), *out = calloc(all, sizeof *out);
		for (size_t element = 0; element < all; element++)
			in[element] = values_matrix(muster_rank(world), element);
		CHECK(muster_reduce_scatter_by(world, in, out, count, &values_matrix_product, MUSTER_FOREVER) == 0);
		for (size_t element = 0; element < count; element++) {
			struct matrix wanted =
				product_of(muster_size(world), (size_t)muster_rank(world) * count + element);
			CHECK(memcmp(&out[element], &wanted, sizeof wanted) == 0);
		}
		CHECK(muster_reduce_by(world, in, out, count, &values_matrix_product, 0, MUSTER_FOREVER) == 0);
		CHECK(muster_allreduce_by(world, in, in, count, &values_matrix_product, MUSTER_FOREVER) == 0);
		for (size_t element = 0; element < count; element++) {
			struct matrix wanted = product_of(muster_size(world), element);
			CHECK(memcmp(&in[element], &wanted, sizeof wanted) == 0);
			CHECK(muster_rank(world) != 0 || memcmp(&out[element], &wanted, sizeof wanted) == 0);
		}
		free(in);
		free(out);
	}
	return 0;
}

static void add_pages(void *into, const void *from, size_t count, void *context)
{
	(void)context;
	for (size_t i = 0; i < count * 4096; i++)
		((unsigned char *)into)[i] =
			(unsigned char)(((unsigned char *)into)[i] + ((const unsigned char *)from)[i]);
}

static int adds_pages(muster_world *world, void *context)
{
	const struct muster_operator pages = {.combine = add_pages, .element_bytes = 4096};
	enum { COUNT = 37 };
	unsigned char *in = malloc(COUNT * 4096), *out = malloc(COUNT * 4096);
	(void)context;
	memset(in, muster_rank(world) + 1, COUNT * 4096);
	CHECK(muster_allreduce_by(world, in, out, COUNT, &pages, MUSTER_FOREVER) == 0);
	unsigned char wanted = (unsigned char)(muster_size(world) * (muster_size(world) + 1) / 2);
	for (size_t i = 0; i < COUNT * 4096; i++)
		CHECK(out[i] == wanted);
	free(in);
	free(out);
	return 0;
}

static void operators_of_ones_own_need_not_commute(void **state)
{
	(void)state;
	assert_true(ranks_run(&(struct ranks_options){.ranks = 2}, multiplies_matrices, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 5}, multiplies_matrices, NULL, NULL));
	assert_true(ranks_run(&(struct ranks_options){.ranks = 3}, adds_pages, NULL, NULL));
	/* The least memory that a group can have. */
	assert_true(ranks_run(&(struct ranks_options){.ranks = 40, .segment_bytes = 1}, adds_pages, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_of_ones_own_need_not_commute),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
