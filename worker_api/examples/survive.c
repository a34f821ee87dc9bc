/* SPDX-License-Identifier: MIT
 *
 * survive: rank 2 dies. With the failure policy `continue` the others live on: their calls say at once who is gone, and
 * messages still work among them, so that they finish without it. The job's exit code still tells of the death.
 *
 *     $ muster run configs/libmuster/survive.yaml; echo $?
 *     [0] rank 0 goes on without rank 2
 *     [1] rank 1 goes on without rank 2
 *     [3] rank 3 goes on without rank 2
 *     [0] what is left adds up to 4
 *     137
 */
#include <muster.h>

#include <signal.h>
#include <stdio.h>

enum { TAG = 1 };

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

/* What the survivors have, at the first of them. */
static int add_up(muster_world *world, int lost, int *sum)
{
	int rank = muster_rank(world), first = lost == 0 ? 1 : 0;
	*sum = rank;
	if (rank != first)
		return muster_send(world, first, TAG, &rank, sizeof rank, MUSTER_FOREVER);
	for (int other = first + 1; other < muster_size(world); other++) {
		int its;
		if (other == lost)
			continue;
		if (muster_recv(world, other, TAG, &its, sizeof its, NULL, MUSTER_FOREVER) < 0)
			return -1;
		*sum += its;
	}
	printf("what is left adds up to %d\n", *sum);
	return 0;
}

int main(void)
{
	muster_world *world;
	int sum;
	if (muster_init(&world) < 0)
		return fail();
	int32_t mine = muster_rank(world), all;
	if (mine == 2)
		raise(SIGKILL);
	if (muster_allreduce(world, &mine, &all, 1, MUSTER_INT32, MUSTER_SUM, MUSTER_FOREVER) != MUSTER_EGONE)
		return fail();
	int lost = muster_failure_of(world)->rank;
	printf("rank %d goes on without rank %d\n", mine, lost);
	if (add_up(world, lost, &sum) < 0)
		return fail();
	muster_finalize(world);
	return 0;
}
