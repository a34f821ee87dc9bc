/* SPDX-License-Identifier: MIT
 *
 * reduce_scatter: every rank has a number for every rank; each gets the sum of those meant for it. A histogram whose
 * bins are split over the ranks: each has counted in all bins, and ends up with the totals of its own two.
 *
 *     $ muster run configs/libmuster/reduce_scatter.yaml
 *     [0] bins 0 and 1: 4 and 8
 *     [1] bins 2 and 3: 12 and 16
 *     [2] bins 4 and 5: 20 and 24
 *     [3] bins 6 and 7: 28 and 32
 */
#include <muster.h>

#include <inttypes.h>
#include <stdio.h>

enum { RANKS_MAX = 64, BINS = 2 };

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	muster_world *world;
	uint64_t counted[RANKS_MAX * BINS], total[BINS];
	if (muster_init(&world) < 0)
		return fail();
	int rank = muster_rank(world), size = muster_size(world);
	if (size > RANKS_MAX)
		return 2;

	for (int bin = 0; bin < size * BINS; bin++)
		counted[bin] = (uint64_t)bin + 1;
	if (muster_reduce_scatter(world, counted, total, BINS, MUSTER_UINT64, MUSTER_SUM, MUSTER_FOREVER) < 0)
		return fail();

	printf("bins %d and %d: %" PRIu64 " and %" PRIu64 "\n", rank * BINS, rank * BINS + 1, total[0], total[1]);
	muster_finalize(world);
	return 0;
}
