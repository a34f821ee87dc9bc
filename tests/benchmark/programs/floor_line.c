/* SPDX-License-Identifier: MIT
 *
 * floor_line: how long a cache line takes from the first CPU that may be used to the second one and back: the median of
 * nanoseconds. The least that two ranks cost which answer one another; and a sign of where a virtual machine's CPUs
 * are: two threads of one core pass a line on in a third of the time that two cores take.
 */
#include "pin.h"
#include "samples.h"

#include <err.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCHES = 31, TRIPS = 5000 };

static void answer(_Atomic uint32_t *line)
{
	for (;;) {
		uint32_t seen = atomic_load_explicit(line, memory_order_acquire);
		if ((seen & 1) != 0)
			atomic_store_explicit(line, seen + 1, memory_order_release);
	}
}

static double trip_ns(_Atomic uint32_t *line)
{
	double begin = now_ns();
	for (int i = 0; i < TRIPS; i++) {
		uint32_t mine = atomic_load_explicit(line, memory_order_relaxed) + 1;
		atomic_store_explicit(line, mine, memory_order_release);
		while (atomic_load_explicit(line, memory_order_acquire) == mine)
			;
	}
	return (now_ns() - begin) / TRIPS;
}

int main(void)
{
	double batches[BATCHES];
	_Atomic uint32_t *line = mmap(NULL, sizeof *line, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (line == MAP_FAILED)
		err(125, "mmap");
	pid_t other = fork();
	if (other < 0)
		err(125, "fork");
	if (other == 0) {
		pin(0);
		answer(line);
	}
	if (pin(1) < 0) {
		kill(other, SIGKILL);
		errx(77, "there is only one CPU");
	}
	for (int i = 0; i < BATCHES; i++)
		batches[i] = trip_ns(line);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	printf("%.2f\n", median_of(batches, BATCHES));
	return 0;
}
