/* SPDX-License-Identifier: MIT
 *
 * rank_comm: what rank_work needs of a library of ranks, so that one program measures libmuster and both MPIs.
 */
#ifndef RANK_COMM_H
#define RANK_COMM_H

#include <stddef.h>

struct comm {
	int rank;
	int size;
};

struct comm comm_begin(void);
void comm_end(void);

void comm_barrier(void);
void comm_broadcast(void *data, size_t bytes, int root);
void comm_allreduce(const double *in, double *out, size_t count);
void comm_allgather(const void *in, void *out, size_t bytes);
void comm_send(const void *data, size_t bytes, int to);
void comm_receive(void *data, size_t bytes, int from);

/* Memory that the library works on without a copy, where it has such; else plain. One block a rank, or one for all. */
void *comm_memory(size_t bytes);
void *comm_memory_of_all(size_t bytes);

#endif
