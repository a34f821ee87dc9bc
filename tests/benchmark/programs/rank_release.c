/* SPDX-License-Identifier: MIT
 *
 * rank_release MEBIBYTES: the last rank touches so much memory and kills itself while the others are in a barrier; rank
 * 0 prints how many milliseconds later it was told so.
 */
#include <err.h>
#include <muster.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void die(double *stamp, size_t mebibytes)
{
	struct timespec pause = {0, 20000000};
	char *memory = mmap(NULL, mebibytes << 20 | 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	memset(memory, 1, mebibytes << 20);
	nanosleep(&pause, NULL); /* the others are in the barrier by then, asleep */
	*stamp = now_ms();
	kill(getpid(), SIGKILL);
}

int main(int argc, char **argv)
{
	muster_world *world;
	void *shared;
	if (argc != 2)
		errx(2, "usage: rank_release MEBIBYTES");
	if (muster_init(&world) < 0 || muster_alloc_shared(world, sizeof(double), &shared, MUSTER_FOREVER) < 0 ||
	    muster_barrier(world, MUSTER_FOREVER, "all are here") < 0)
		errx(1, "%s", muster_error_text());
	double *stamp = shared;
	if (muster_rank(world) == muster_size(world) - 1)
		die(stamp, strtoul(argv[1], NULL, 10));
	int rc = muster_barrier(world, MUSTER_FOREVER, "in vain");
	double told = now_ms();
	if (rc != MUSTER_EGONE)
		errx(1, "the barrier was not told of the death: %d", rc);
	if (muster_rank(world) == 0)
		printf("%.4f\n", told - *stamp);
	return 0;
}
