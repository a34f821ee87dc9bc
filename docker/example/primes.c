/* SPDX-License-Identifier: MIT
 *
 * primes FIRST LAST: counts the primes from FIRST to LAST, all ranks together: each tries the numbers whose turn it is,
 * rank 0 adds up and prints.
 *
 *     $ muster run -q -n 2 ./primes 1 100
 *     [0] 1 to 100: 25 primes
 */
#include <muster.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_prime(int64_t number)
{
	for (int64_t factor = 2; factor * factor <= number; factor++)
		if (number % factor == 0)
			return false;
	return number > 1;
}

int main(int argc, char **argv)
{
	muster_world *world;
	if (argc != 3 || muster_init(&world) < 0)
		goto failed;
	int64_t first = atoll(argv[1]), last = atoll(argv[2]), mine = 0, all;
	for (int64_t number = first + muster_rank(world); number <= last; number += muster_size(world))
		mine += is_prime(number);
	if (muster_reduce(world, &mine, &all, 1, MUSTER_INT64, MUSTER_SUM, 0, MUSTER_FOREVER) < 0)
		goto failed;
	if (muster_rank(world) == 0)
		printf("%" PRId64 " to %" PRId64 ": %" PRId64 " primes\n", first, last, all);
	return muster_finalize(world) < 0;
failed:
	fprintf(stderr, "%s\n", argc != 3 ? "usage: primes FIRST LAST" : muster_error_text());
	return 1;
}
