/* SPDX-License-Identifier: MIT
 *
 * meet: a rank that meets the others in every way that libmuster has, and says "rank R domain D: all is well". The
 * domain is what muster handed over: ranks of one cache, or one NUMA node, have the same.
 */
#include "segment_layout.h"

#include <err.h>
#include <muster.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ROUNDS = 20, COUNTS = 4 };

static const size_t counts[COUNTS] = {1, 7, 600, 20000};
static int rank, size;

static void insist(int fine, const char *what)
{
	if (!fine)
		errx(1, "rank %d: %s: %s", rank, what, muster_error_text());
}

static unsigned my_domain(void)
{
	const char *fd = getenv("MUSTER_FD");
	const struct segment_header *header = mmap(NULL, SEGMENT_PAGE, PROT_READ, MAP_SHARED, fd ? atoi(fd) : -1, 0);
	if (header == MAP_FAILED)
		err(1, "the segment");
	size_t bytes = header->ranks_offset + header->rank_count * sizeof(struct segment_rank);
	const char *base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, atoi(fd), 0);
	if (base == MAP_FAILED)
		err(1, "the segment");
	return ((const struct segment_rank *)(base + header->ranks_offset))[rank].place.domain;
}

static int64_t value(int of, size_t i)
{
	return (int64_t)of * 1000003 + (int64_t)i;
}

static void add_up(muster_world *world, size_t count, int64_t *mine, int64_t *sums)
{
	for (size_t i = 0; i < count; i++)
		mine[i] = value(rank, i);
	insist(muster_allreduce(world, mine, sums, count, MUSTER_INT64, MUSTER_SUM, MUSTER_FOREVER) == 0, "allreduce");
	for (size_t i = 0; i < count; i++) {
		int64_t sum = 0;
		for (int other = 0; other < size; other++)
			sum += value(other, i);
		insist(sums[i] == sum, "a sum");
	}
}

static void hand_round(muster_world *world, size_t count, int64_t *mine, int64_t *theirs)
{
	int left = (rank + size - 1) % size, right = (rank + 1) % size;
	struct muster_message message;
	insist(muster_sendrecv(world, right, 1, mine, count * sizeof *mine, left, 1, theirs, count * sizeof *theirs,
	                       &message, MUSTER_FOREVER) == 0,
	       "sendrecv");
	insist(theirs[count - 1] == value(left, count - 1), "a message");
}

static void tell_all(muster_world *world, size_t count, int root, int64_t *data)
{
	insist(muster_broadcast(world, data, count, MUSTER_INT64, root, MUSTER_FOREVER) == 0, "broadcast");
	insist(data[count - 1] == value(root, count - 1), "what was broadcast");
}

int main(void)
{
	muster_world *world, *half;
	insist(muster_init(&world) == 0, "init");
	rank = muster_rank(world);
	size = muster_size(world);
	int64_t *mine = calloc(counts[COUNTS - 1], sizeof *mine), *other = calloc(counts[COUNTS - 1], sizeof *other);
	insist(mine != NULL && other != NULL, "memory");
	insist(muster_split(world, (int)my_domain(), rank, &half, MUSTER_FOREVER) == 0, "split");
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = counts[round % COUNTS];
		insist(muster_barrier(world, MUSTER_FOREVER, "round") == 0, "barrier");
		add_up(world, count, mine, other);
		hand_round(world, count, mine, other);
		tell_all(world, count, round % size, mine);
		insist(muster_barrier(half, MUSTER_FOREVER, "my domain") == 0, "barrier of the domain");
	}
	printf("rank %d domain %u: all is well\n", rank, my_domain());
	muster_world_free(half);
	insist(muster_barrier(world, MUSTER_FOREVER, "end") == 0, "barrier");
	return muster_finalize(world) == 0 ? 0 : 1;
}
