/* SPDX-License-Identifier: MIT
 *
 * ready_ranks: wait until every rank of a job has said its pid on a FIFO (child_idles does so).
 */
#ifndef BENCHMARK_READY_RANKS_H
#define BENCHMARK_READY_RANKS_H

#include <stdbool.h>
#include <sys/types.h>

struct ready_ranks {
	int fd;
	unsigned count;
	pid_t *pids; /* `count` of them once ready_ranks_wait() has returned true */
};

/* Makes the FIFO anew and opens it; ends the program with 125 when that fails. */
void ready_ranks_open(struct ready_ranks *ready, const char *path, unsigned count);

/* False when the time-out passed, a signal came, or the command ended before all of them had reported. */
bool ready_ranks_wait(struct ready_ranks *ready, pid_t command);

#endif
