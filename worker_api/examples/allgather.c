/* SPDX-License-Identifier: MIT
 *
 * allgather: each rank's part, side by side, at every rank: here how many rows each has, from which each finds where
 * its own begin.
 *
 *     $ muster run configs/libmuster/allgather.yaml
 *     [0] rows 0 to 2 of 18
 *     [1] rows 3 to 6 of 18
 *     [2] rows 7 to 11 of 18
 *     [3] rows 12 to 17 of 18
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
	int32_t rows[RANKS_MAX];
	if (muster_init(&world) < 0)
		return fail();
	if (muster_size(world) > RANKS_MAX)
		return 2;

	int32_t mine = 3 + muster_rank(world);
	if (muster_allgather(world, &mine, rows, 1, MUSTER_INT32, MUSTER_FOREVER) < 0)
		return fail();

	int first = 0, all = 0;
	for (int rank = 0; rank < muster_size(world); rank++) {
		first += rank < muster_rank(world) ? rows[rank] : 0;
		all += rows[rank];
	}
	printf("rows %d to %d of %d\n", first, first + mine - 1, all);
	muster_finalize(world);
	return 0;
}
