/* SPDX-License-Identifier: MIT
 *
 * sendrecv: give to one and take from another in one call, which cannot deadlock: a sum that goes round the ring, so
 * that each rank has added all of them in as many steps as there are ranks.
 *
 *     $ muster run configs/libmuster/sendrecv.yaml
 *     [0] rank 0 has 10
 *     [1] rank 1 has 10
 *     [2] rank 2 has 10
 *     [3] rank 3 has 10
 *     [4] rank 4 has 10
 */
#include <muster.h>

#include <stdio.h>

enum { TAG = 1 };

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
	int rank = muster_rank(world), size = muster_size(world);
	int right = (rank + 1) % size, left = (rank + size - 1) % size;

	int sum = 0, passing = rank;
	for (int step = 0; step < size; step++) {
		int from_left;
		sum += passing;
		if (muster_sendrecv(world, right, TAG, &passing, sizeof passing, left, TAG, &from_left,
		                    sizeof from_left, NULL, MUSTER_FOREVER) < 0)
			return fail();
		passing = from_left;
	}
	printf("rank %d has %d\n", rank, sum);
	muster_finalize(world);
	return 0;
}
