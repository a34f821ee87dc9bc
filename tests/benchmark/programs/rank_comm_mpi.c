/* SPDX-License-Identifier: MIT
 *
 * rank_comm_mpi: rank_comm over MPI; built with each implementation's own compiler wrapper.
 */
#include "rank_comm.h"

#include <mpi.h>
#include <stdlib.h>

struct comm comm_begin(void)
{
	struct comm comm;
	MPI_Init(NULL, NULL);
	MPI_Comm_rank(MPI_COMM_WORLD, &comm.rank);
	MPI_Comm_size(MPI_COMM_WORLD, &comm.size);
	return comm;
}

void comm_end(void)
{
	MPI_Finalize();
}

void comm_barrier(void)
{
	MPI_Barrier(MPI_COMM_WORLD);
}

void comm_broadcast(void *data, size_t bytes, int root)
{
	MPI_Bcast(data, (int)bytes, MPI_BYTE, root, MPI_COMM_WORLD);
}

void comm_allreduce(const double *in, double *out, size_t count)
{
	MPI_Allreduce(in, out, (int)count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

void comm_allgather(const void *in, void *out, size_t bytes)
{
	MPI_Allgather(in, (int)bytes, MPI_BYTE, out, (int)bytes, MPI_BYTE, MPI_COMM_WORLD);
}

void comm_send(const void *data, size_t bytes, int to)
{
	MPI_Send(data, (int)bytes, MPI_BYTE, to, 1, MPI_COMM_WORLD);
}

void comm_receive(void *data, size_t bytes, int from)
{
	MPI_Recv(data, (int)bytes, MPI_BYTE, from, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

void *comm_memory(size_t bytes)
{
	return aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
}

void *comm_memory_of_all(size_t bytes)
{
	return comm_memory(bytes);
}
