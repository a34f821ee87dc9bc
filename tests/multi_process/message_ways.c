/* SPDX-License-Identifier: MIT
 *
 * message_ways: see message_ways.h.
 */
#include "message_ways.h"

#include "channel.h"
#include "unit_test.h"
#include "world.h"

const size_t message_sizes[MESSAGE_SIZES] = {0,
                                             1,
                                             8,
                                             47,
                                             48,
                                             49,
                                             64,
                                             1000,
                                             EAGER_SPIN_BYTES - 1,
                                             EAGER_SPIN_BYTES,
                                             EAGER_BYTES - 1,
                                             EAGER_BYTES,
                                             EAGER_BYTES + 1,
                                             100000,
                                             1 << 20,
                                             (9 << 20) + 13};

static unsigned char byte_at(size_t at, unsigned seed)
{
	return (unsigned char)(seed + at * 7 + (at >> 8));
}

void fill_message(unsigned char *data, size_t bytes, unsigned seed)
{
	for (size_t i = 0; i < bytes; i++)
		data[i] = byte_at(i, seed);
}

bool is_message(const unsigned char *data, size_t bytes, unsigned seed)
{
	for (size_t i = 0; i < bytes; i++)
		if (data[i] != byte_at(i, seed))
			return false;
	return true;
}

enum { POOL_RANKS = 8 };

static unsigned char *pool;

void prepare_ways(void)
{
	pool = ranks_share((size_t)POOL_RANKS * 2 * SIZE_MAX_TRIED);
}

unsigned char *take_memory(muster_world *world, int which)
{
	return pool + (size_t)(muster_rank(world) * 2 + which) * SIZE_MAX_TRIED;
}

unsigned char *take_way(muster_world *world, const void *way)
{
	enum way its = *(const enum way *)way;
	if (its == STAGED)
		world->segment->reads_memory = false;
	if (its == BOTH_COPY)
		world->segment->wait_mode = WAIT_SPIN;
	if (its == READ_MEMORY)
		world->segment->wait_mode = WAIT_YIELD;
	return its == IN_SEGMENT ? muster_alloc(world, SIZE_MAX_TRIED) : take_memory(world, 0);
}

void every_way(ranks_body *body, int ranks)
{
	for (enum way way = READ_MEMORY; way < WAYS; way++)
		for (int threads = RANKS_FIRST_KIND; threads < 2; threads++)
			assert_true(ranks_run(&(struct ranks_options){.ranks = ranks,
			                                              .threads = threads,
			                                              .segment_bytes = (size_t)128 << 20},
			                      body, &way, NULL));
}
