/* SPDX-License-Identifier: MIT
 *
 * alltoall: each rank has something for each: what rank r has for s is what s gets from r, as when a matrix is
 * transposed.
 *
 *     $ muster run configs/libmuster/alltoall.yaml
 *     [0] column 0: 0 10 20 30
 *     [1] column 1: 1 11 21 31
 *     [2] column 2: 2 12 22 32
 *     [3] column 3: 3 13 23 33
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
	int32_t row[RANKS_MAX], column[RANKS_MAX];
	char text[RANKS_MAX * 12];
	if (muster_init(&world) < 0)
		return fail();
	int rank = muster_rank(world), size = muster_size(world), used = 0;
	if (size > RANKS_MAX)
		return 2;

	for (int i = 0; i < size; i++)
		row[i] = 10 * rank + i;
	if (muster_alltoall(world, row, column, 1, MUSTER_INT32, MUSTER_FOREVER) < 0)
		return fail();

	for (int i = 0; i < size; i++)
		used += snprintf(text + used, sizeof text - (size_t)used, " %d", column[i]);
	printf("column %d:%s\n", rank, text);
	muster_finalize(world);
	return 0;
}
