/* SPDX-License-Identifier: MIT
 *
 * memory: a table in the job's shared segment, which all ranks write and read in place, and a block that one rank makes
 * and shows to the others by its offset. No byte is copied.
 *
 *     $ muster run configs/libmuster/memory.yaml
 *     [0] table 0 1 4 9, and 0.5 of the block of rank 0
 *     [1] table 0 1 4 9, and 0.5 of the block of rank 0
 *     [2] table 0 1 4 9, and 0.5 of the block of rank 0
 *     [3] table 0 1 4 9, and 0.5 of the block of rank 0
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
	void *shared;
	double *block = NULL;
	uint64_t offset = 0;
	if (muster_init(&world) < 0)
		return fail();
	int rank = muster_rank(world);

	/* The same memory on all ranks; a barrier says when what the others wrote is there. */
	if (muster_alloc_shared(world, (size_t)muster_size(world) * sizeof(int), &shared, MUSTER_FOREVER) < 0)
		return fail();
	int *table = shared;
	table[rank] = rank * rank;

	if (rank == 0) {
		block = muster_alloc(world, 1000 * sizeof *block);
		if (block == NULL)
			return fail();
		block[999] = 0.5;
		offset = muster_offset(world, block);
	}
	if (muster_broadcast(world, &offset, sizeof offset, MUSTER_BYTES, 0, MUSTER_FOREVER) < 0 ||
	    muster_barrier(world, MUSTER_FOREVER, "written") < 0)
		return fail();

	const double *of_rank_0 = muster_at(world, offset);
	printf("table %d %d %d %d, and %.1f of the block of rank 0\n", table[0], table[1], table[2], table[3],
	       of_rank_0[999]);
	if (muster_barrier(world, MUSTER_FOREVER, "read") < 0)
		return fail();
	muster_free(world, block);
	muster_finalize(world);
	return 0;
}
