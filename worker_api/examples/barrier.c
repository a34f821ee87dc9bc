/* SPDX-License-Identifier: MIT
 *
 * barrier: everybody or nobody. Rank 3 comes too late to the barrier 'ready': it is given up, for all, with the list of
 * who was missing. Nothing is lost by it: the next barrier is a new one.
 *
 *     $ muster run configs/libmuster/barrier.yaml
 *     [0] gave up without rank 3
 *     [1] gave up without rank 3
 *     [2] gave up without rank 3
 *     [3] came too late
 *     [0] all are there
 *     [1] all are there
 *     [2] all are there
 *     [3] all are there
 */
#include <muster.h>

#include <errno.h>
#include <stdbool.h>
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
	if (muster_init(&world) < 0 || muster_barrier(world, MUSTER_FOREVER, "start") < 0)
		return fail();

	bool late = muster_rank(world) == 3;
	if (late)
		nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
	int rc = muster_barrier(world, 700, "ready"); /* milliseconds */
	if (rc == -ETIMEDOUT && late)
		puts("came too late");
	else if (rc == -ETIMEDOUT)
		printf("gave up without rank %d\n", muster_failure_of(world)->missing[0]);

	if (muster_barrier(world, MUSTER_FOREVER, "ready, again") < 0)
		return fail();
	puts("all are there");
	muster_finalize(world);
	return 0;
}
