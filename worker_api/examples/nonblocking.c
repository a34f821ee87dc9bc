/* SPDX-License-Identifier: MIT
 *
 * nonblocking: begin to send and to receive, compute meanwhile, and wait at the end: each rank gives its block of 1 MiB
 * to the right and takes that of the left. With muster_send instead, all would wait for somebody to receive.
 *
 *     $ muster run configs/libmuster/nonblocking.yaml
 *     [0] rank 0 has the block of rank 3
 *     [1] rank 1 has the block of rank 0
 *     [2] rank 2 has the block of rank 1
 *     [3] rank 3 has the block of rank 2
 */
#include <muster.h>

#include <stdio.h>
#include <string.h>

enum { TAG = 1, BLOCK = 1 << 20 };

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	static unsigned char mine[BLOCK], theirs[BLOCK];
	muster_world *world;
	muster_request *requests[2];
	if (muster_init(&world) < 0)
		return fail();
	int rank = muster_rank(world), size = muster_size(world);
	memset(mine, rank, sizeof mine);

	if (muster_irecv(world, (rank + size - 1) % size, TAG, theirs, sizeof theirs, &requests[0]) < 0 ||
	    muster_isend(world, (rank + 1) % size, TAG, mine, sizeof mine, &requests[1]) < 0)
		return fail();
	/* Here one computes; neither block may be touched. */
	if (muster_wait_all(world, requests, 2, MUSTER_FOREVER) < 0)
		return fail();

	printf("rank %d has the block of rank %d\n", rank, theirs[BLOCK - 1]);
	/* Whoever leaves now leaves nobody behind: its block has gone. */
	muster_finalize(world);
	return 0;
}
