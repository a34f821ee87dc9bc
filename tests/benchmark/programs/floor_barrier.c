/* SPDX-License-Identifier: MIT
 *
 * floor_barrier RANKS MILLISECONDS: processes that share the CPUs and meet again and again at a counter, giving their
 * CPU away until all have come: the median of nanoseconds a barrier. Each of them has to run once for every barrier, so
 * this is what switching between them costs. (Without a tree, without a time limit, and without seeing who dies.)
 */
#include "pin.h"
#include "samples.h"

#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCHES_MAX = 4000, BATCH = 50 };

struct meeting {
	_Alignas(64) _Atomic unsigned come;
	_Alignas(64) _Atomic unsigned generation;
	unsigned ranks;
};

static void meet(struct meeting *meeting)
{
	unsigned generation = atomic_load(&meeting->generation);
	if (atomic_fetch_add(&meeting->come, 1) + 1 == meeting->ranks) {
		atomic_store(&meeting->come, 0);
		atomic_store(&meeting->generation, generation + 1);
	}
	while (atomic_load(&meeting->generation) == generation)
		sched_yield();
}

/* Dealt over the CPUs; where there are fewer than two, it stays where it is. */
static void settle(int rank)
{
	int cpus = 0;
	cpu_set_t allowed;
	if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
		cpus = CPU_COUNT(&allowed);
	if (cpus > 0)
		pin(rank % cpus);
}

static double median_ns(struct meeting *meeting, double total_ns)
{
	static double batches[BATCHES_MAX];
	int taken = 0;
	for (double end = now_ns() + total_ns; taken < BATCHES_MAX && (taken == 0 || now_ns() < end); taken++) {
		batches[taken] = -now_ns();
		for (int i = 0; i < BATCH; i++)
			meet(meeting);
		batches[taken] = (batches[taken] + now_ns()) / BATCH;
	}
	return median_of(batches, taken);
}

int main(int argc, char **argv)
{
	int ranks = argc == 3 ? atoi(argv[1]) : 0;
	pid_t parent = getpid();
	if (ranks < 1)
		errx(125, "usage: floor_barrier RANKS MILLISECONDS");
	struct meeting *meeting =
		mmap(NULL, sizeof *meeting, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (meeting == MAP_FAILED)
		err(125, "mmap");
	meeting->ranks = (unsigned)ranks;
	for (int rank = 1; rank < ranks; rank++) {
		pid_t pid = fork();
		if (pid < 0)
			err(125, "fork");
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		settle(rank);
		while (getppid() == parent)
			meet(meeting);
		_exit(0);
	}
	settle(0);
	printf("%.2f\n", median_ns(meeting, atof(argv[2]) * 1e6));
	return 0;
}
