/* SPDX-License-Identifier: MIT
 *
 * allreduce: combine, and all get the answer: here to stop together, when the largest error of any rank is small
 * enough. Every rank takes the same decision, for all see the same bytes.
 *
 *     $ muster run configs/libmuster/allreduce.yaml
 *     [0] largest error 0.008 after 7 steps
 *     [1] largest error 0.008 after 7 steps
 *     [2] largest error 0.008 after 7 steps
 *     [3] largest error 0.008 after 7 steps
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
	muster_world *world;
	if (muster_init(&world) < 0)
		return fail();

	double error = 1.0 / (1 + muster_rank(world)), largest = 1;
	int steps = 0;
	while (largest > 0.01) {
		error /= 2;
		steps++;
		if (muster_allreduce(world, &error, &largest, 1, MUSTER_DOUBLE, MUSTER_MAX, MUSTER_FOREVER) < 0)
			return fail();
	}
	printf("largest error %.3f after %d steps\n", largest, steps);
	muster_finalize(world);
	return 0;
}
