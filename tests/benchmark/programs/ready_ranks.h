/* SPDX-License-Identifier: MIT
 *
 * ready_ranks: start a job and wait until each of its ranks has said its pid on a FIFO (child_idles does so).
 */
#ifndef BENCHMARK_READY_RANKS_H
#define BENCHMARK_READY_RANKS_H

#include <sys/types.h>

struct measure_options;

struct ready_ranks {
	int fd;
	unsigned count;
	pid_t *pids; /* `count` of them */
};

/* Begins a process tree, makes the FIFO anew, starts the command and returns its pid once all have reported. Ends the
 * program with 125 when that cannot be begun, and with 124, nothing being left, when the time-out passed, a signal
 * came, or the command ended before. */
pid_t ready_ranks_start(struct ready_ranks *ready, const struct measure_options *options);

#endif
