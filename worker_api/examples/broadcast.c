/* SPDX-License-Identifier: MIT
 *
 * broadcast: rank 0 knows something, and then all do: here, settings that only one rank should read.
 *
 *     $ muster run configs/libmuster/broadcast.yaml
 *     [0] 500 steps of 0.25 s
 *     [1] 500 steps of 0.25 s
 *     [2] 500 steps of 0.25 s
 *     [3] 500 steps of 0.25 s
 */
#include <muster.h>

#include <stdio.h>

struct settings {
	int steps;
	double step_s;
};

static int fail(void)
{
	fprintf(stderr, "%s\n", muster_error_text());
	return 1;
}

int main(void)
{
	muster_world *world;
	struct settings settings = {0};
	if (muster_init(&world) < 0)
		return fail();

	if (muster_rank(world) == 0)
		settings = (struct settings){.steps = 500, .step_s = 0.25};
	if (muster_broadcast(world, &settings, sizeof settings, MUSTER_BYTES, 0, MUSTER_FOREVER) < 0)
		return fail();

	printf("%d steps of %.2f s\n", settings.steps, settings.step_s);
	muster_finalize(world);
	return 0;
}
