/* SPDX-License-Identifier: MIT
 *
 * operator: an operator of one's own: the best of all ranks' finds, with who found it.
 *
 *     $ muster run configs/libmuster/operator.yaml
 *     [0] the best is 9.5, found by rank 2
 *     [1] the best is 9.5, found by rank 2
 *     [2] the best is 9.5, found by rank 2
 *     [3] the best is 9.5, found by rank 2
 */
#include <muster.h>

#include <stdio.h>

struct find {
	double value;
	int64_t rank;
};

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

/* Of equal ones the first stays, so that the answer does not depend on chance. */
static void keep_better(void *into, const void *from, size_t count, void *context)
{
	struct find *kept = into;
	const struct find *other = from;
	(void)context;
	for (size_t i = 0; i < count; i++) {
		if (other[i].value > kept[i].value)
			kept[i] = other[i];
	}
}

int main(void)
{
	static const double values[] = {3.25, 7, 9.5, 9.5};
	const struct muster_operator best_of = {.combine = keep_better, .element_bytes = sizeof(struct find)};
	muster_world *world;
	struct find best;
	if (muster_init(&world) < 0)
		return fail();

	struct find mine = {.value = values[muster_rank(world) % 4], .rank = muster_rank(world)};
	if (muster_allreduce_by(world, &mine, &best, 1, &best_of, MUSTER_FOREVER) < 0)
		return fail();

	printf("the best is %.1f, found by rank %d\n", best.value, (int)best.rank);
	muster_finalize(world);
	return 0;
}
