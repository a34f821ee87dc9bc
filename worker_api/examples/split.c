/* SPDX-License-Identifier: MIT
 *
 * split: smaller worlds out of a large one. Ranks of the same colour come together, ordered by their keys: here the
 * even ranks and the odd ones, the highest first. A part is a world like any other.
 *
 *     $ muster run configs/libmuster/split.yaml
 *     [0] rank 0 is 2 of 3 in part 0, whose ranks add up to 6
 *     [1] rank 1 is 1 of 2 in part 1, whose ranks add up to 4
 *     [2] rank 2 is 1 of 3 in part 0, whose ranks add up to 6
 *     [3] rank 3 is 0 of 2 in part 1, whose ranks add up to 4
 *     [4] rank 4 is 0 of 3 in part 0, whose ranks add up to 6
 */
#include <muster.h>

#include <stdio.h>

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	muster_world *world, *part;
	if (muster_init(&world) < 0)
		return fail();

	int rank = muster_rank(world), colour = rank % 2;
	if (muster_split(world, colour, -rank, &part, MUSTER_FOREVER) < 0)
		return fail();

	int32_t mine = rank, sum;
	if (muster_allreduce(part, &mine, &sum, 1, MUSTER_INT32, MUSTER_SUM, MUSTER_FOREVER) < 0)
		return fail();
	printf("rank %d is %d of %d in part %d, whose ranks add up to %d\n", rank, muster_rank(part), muster_size(part),
	       colour, sum);
	muster_world_free(part);
	muster_finalize(world);
	return 0;
}
