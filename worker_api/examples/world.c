/* SPDX-License-Identifier: MIT
 *
 * world: who am I, and with whom? A rank joins its job, says what it knows, and leaves. Started alone, without muster,
 * the same program is a world of one rank.
 *
 *     $ muster run configs/libmuster/world.yaml
 *     [0] rank 0 of 3 of job "world", attempt 0
 *     [1] rank 1 of 3 of job "world", attempt 0
 *     [2] rank 2 of 3 of job "world", attempt 0
 */
#include <muster.h>

#include <stdio.h>

int main(void)
{
	muster_world *world;
	if (muster_init(&world) < 0) {
		fprintf(stderr, "%s\n", muster_error_text());
		return 1;
	}
	printf("rank %d of %d of job \"%s\", attempt %d\n", muster_rank(world), muster_size(world),
	       muster_job_name(world), muster_restart_count(world));
	muster_finalize(world);
	return 0;
}
