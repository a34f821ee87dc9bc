/* SPDX-License-Identifier: MIT
 *
 * scatter: rank 0 has the work and deals it out: part r goes to rank r. The answers come back by reduce.
 *
 *     $ muster run configs/libmuster/scatter.yaml
 *     [0] rank 0 adds 1 2 3
 *     [1] rank 1 adds 4 5 6
 *     [2] rank 2 adds 7 8 9
 *     [3] rank 3 adds 10 11 12
 *     [0] together 78
 */
#include <muster.h>

#include <stdio.h>

enum { RANKS_MAX = 64, SHARE = 3 };

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	muster_world *world;
	int32_t work[RANKS_MAX * SHARE], mine[SHARE], sum, all;
	if (muster_init(&world) < 0)
		return fail();
	if (muster_size(world) > RANKS_MAX)
		return 2;

	for (int i = 0; muster_rank(world) == 0 && i < muster_size(world) * SHARE; i++)
		work[i] = i + 1;
	if (muster_scatter(world, work, mine, SHARE, MUSTER_INT32, 0, MUSTER_FOREVER) < 0)
		return fail();

	printf("rank %d adds %d %d %d\n", muster_rank(world), mine[0], mine[1], mine[2]);
	sum = mine[0] + mine[1] + mine[2];
	if (muster_reduce(world, &sum, &all, 1, MUSTER_INT32, MUSTER_SUM, 0, MUSTER_FOREVER) < 0)
		return fail();
	if (muster_rank(world) == 0)
		printf("together %d\n", all);
	muster_finalize(world);
	return 0;
}
