/* SPDX-License-Identifier: MIT
 *
 * meet: the smallest program of its own that uses libmuster, for the tests of what is installed.
 */
#include <muster.h>

#include <stdio.h>

int main(void)
{
	muster_world *world;
	if (muster_init(&world) < 0 || muster_barrier(world, 10000, "meet") < 0) {
		fprintf(stderr, "%s\n", muster_error_text());
		return 1;
	}
	printf("rank %d of %d met the others\n", muster_rank(world), muster_size(world));
	return muster_finalize(world) < 0;
}
