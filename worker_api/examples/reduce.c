/* SPDX-License-Identifier: MIT
 *
 * reduce: every rank has a part of the answer, rank 0 gets the whole: two numbers a rank, combined one by one.
 *
 *     $ muster run configs/libmuster/reduce.yaml
 *     [0] sum of ranks 6, sum of squares 14
 */
#include <muster.h>

#include <inttypes.h>
#include <stdio.h>

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	muster_world *world;
	if (muster_init(&world) < 0)
		return fail();

	int64_t rank = muster_rank(world);
	int64_t mine[2] = {rank, rank * rank}, sum[2];
	if (muster_reduce(world, mine, sum, 2, MUSTER_INT64, MUSTER_SUM, 0, MUSTER_FOREVER) < 0)
		return fail();

	if (rank == 0)
		printf("sum of ranks %" PRId64 ", sum of squares %" PRId64 "\n", sum[0], sum[1]);
	muster_finalize(world);
	return 0;
}
