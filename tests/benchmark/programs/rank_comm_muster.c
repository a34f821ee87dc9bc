/* SPDX-License-Identifier: MIT
 *
 * rank_comm_muster: rank_comm over libmuster.
 */
#include "rank_comm.h"

#include <muster.h>
#include <stdio.h>
#include <stdlib.h>

static muster_world *world;

static void insist(int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "rank_work: %s\n", muster_error_text());
	exit(1);
}

struct comm comm_begin(void)
{
	insist(muster_init(&world));
	return (struct comm){.rank = muster_rank(world), .size = muster_size(world)};
}

void comm_end(void)
{
	muster_finalize(world);
}

void comm_barrier(void)
{
	insist(muster_barrier(world, MUSTER_FOREVER, NULL));
}

void comm_broadcast(void *data, size_t bytes, int root)
{
	insist(muster_broadcast(world, data, bytes, MUSTER_BYTES, root, MUSTER_FOREVER));
}

void comm_allreduce(const double *in, double *out, size_t count)
{
	insist(muster_allreduce(world, in, out, count, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER));
}

void comm_allgather(const void *in, void *out, size_t bytes)
{
	insist(muster_allgather(world, in, out, bytes, MUSTER_BYTES, MUSTER_FOREVER));
}

void comm_send(const void *data, size_t bytes, int to)
{
	insist(muster_send(world, to, 1, data, bytes, MUSTER_FOREVER));
}

void comm_receive(void *data, size_t bytes, int from)
{
	insist(muster_recv(world, from, 1, data, bytes, NULL, MUSTER_FOREVER));
}

void *comm_memory(size_t bytes)
{
	void *memory = muster_alloc(world, bytes);
	if (memory == NULL)
		insist(-1);
	return memory;
}

void *comm_memory_of_all(size_t bytes)
{
	void *memory;
	insist(muster_alloc_shared(world, bytes, &memory, MUSTER_FOREVER));
	return memory;
}
