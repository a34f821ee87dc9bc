/* SPDX-License-Identifier: MIT
 *
 * pi: a Monte-Carlo simulation of many ranks that share nothing.
 *
 * Each rank throws points at the unit square and counts those inside the quarter circle. All that it needs from a
 * launcher is its rank, which picks its own stream of random numbers; it prints one line, and whoever wants the whole
 * sums the lines. No library of muster is used: without a launcher it is rank 0 of 1.
 *
 *     pi [POINTS]
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_POINTS UINT64_C(20000000)

/* splitmix64: a counter, mixed. Streams that start at well-mixed points do not overlap in any run of ours. */
static uint64_t next_random(uint64_t *counter)
{
	uint64_t mixed = *counter += UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

static double next_coordinate(uint64_t *counter)
{
	return (double)(next_random(counter) >> 11) * 0x1.0p-53;
}

static uint64_t count_inside(uint64_t points, uint64_t seed)
{
	uint64_t counter = seed;
	uint64_t inside = 0;
	for (uint64_t point = 0; point < points; point++) {
		double x = next_coordinate(&counter);
		double y = next_coordinate(&counter);
		inside += x * x + y * y < 1.0;
	}
	return inside;
}

static uint64_t number_or(const char *text, uint64_t otherwise)
{
	if (text == NULL)
		return otherwise;
	char *end;
	errno = 0;
	uint64_t number = strtoull(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0') {
		fprintf(stderr, "pi: \"%s\" is not a whole number\n", text);
		exit(2);
	}
	return number;
}

int main(int argc, char **argv)
{
	uint64_t points = number_or(argc > 1 ? argv[1] : NULL, DEFAULT_POINTS);
	uint64_t rank = number_or(getenv("MUSTER_RANK"), 0);
	uint64_t world_size = number_or(getenv("MUSTER_WORLD_SIZE"), 1);
	if (points == 0) {
		fprintf(stderr, "pi: at least one point is needed\n");
		return 2;
	}
	uint64_t stream = rank;
	uint64_t inside = count_inside(points, next_random(&stream));
	printf("rank %" PRIu64 " of %" PRIu64 " on CPU %d: %" PRIu64 " of %" PRIu64
	       " points inside, pi is about %.5f\n",
	       rank, world_size, sched_getcpu(), inside, points, 4.0 * (double)inside / (double)points);
	return 0;
}
