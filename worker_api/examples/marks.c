/* SPDX-License-Identifier: MIT
 *
 * marks: a rank says what it is at. It costs some tens of nanoseconds; with `muster run --report FILE` the report tells
 * when each rank was where, beside its barriers.
 *
 *     $ muster run configs/libmuster/marks.yaml
 *     [0] rank 0 is done
 *     [1] rank 1 is done
 */
#include <muster.h>

#include <stdio.h>
#include <time.h>

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

	muster_mark(world, "reading");
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	for (int epoch = 0; epoch < 3; epoch++) {
		char text[40];
		snprintf(text, sizeof text, "epoch %d", epoch);
		muster_mark(world, text);
		if (muster_barrier(world, MUSTER_FOREVER, "end of epoch") < 0)
			return fail();
	}
	muster_mark(world, "done");
	printf("rank %d is done\n", muster_rank(world));
	muster_finalize(world);
	return 0;
}
