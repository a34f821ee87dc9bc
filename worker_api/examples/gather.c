/* SPDX-License-Identifier: MIT
 *
 * gather: each rank's results, side by side, at rank 0, in the order of ranks.
 *
 *     $ muster run configs/libmuster/gather.yaml
 *     [0] rank 0 measured 0.0 and 0.5
 *     [0] rank 1 measured 1.0 and 1.5
 *     [0] rank 2 measured 2.0 and 2.5
 *     [0] rank 3 measured 3.0 and 3.5
 */
#include <muster.h>

#include <stdio.h>

enum { RANKS_MAX = 64 };

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	muster_world *world;
	double all[RANKS_MAX][2];
	if (muster_init(&world) < 0)
		return fail();
	if (muster_size(world) > RANKS_MAX)
		return 2;

	double mine[2] = {muster_rank(world), muster_rank(world) + 0.5};
	if (muster_gather(world, mine, all, 2, MUSTER_DOUBLE, 0, MUSTER_FOREVER) < 0)
		return fail();

	for (int rank = 0; muster_rank(world) == 0 && rank < muster_size(world); rank++)
		printf("rank %d measured %.1f and %.1f\n", rank, all[rank][0], all[rank][1]);
	muster_finalize(world);
	return 0;
}
