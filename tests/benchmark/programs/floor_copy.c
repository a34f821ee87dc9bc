/* SPDX-License-Identifier: MIT
 *
 * floor_copy BYTES MILLISECONDS: two processes with a CPU each hand a message to and fro: each says through one cache
 * line that its own is ready, and the other copies it out of its memory with process_vm_readv, the one copy that is
 * needed. The median of nanoseconds there and back.
 */
#include "pin.h"
#include "samples.h"

#include <err.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCHES_MAX = 4000, PAGE = 4096 };

struct side {
	_Alignas(64) _Atomic uint32_t ready; /* how many messages of this side there were */
	_Alignas(64) _Atomic pid_t pid;
	void *message;
};

static size_t bytes;
static char *into;

static void settle(struct side *side, int cpu)
{
	pin(cpu);
	into = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
	side->message = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
	if (into == NULL || side->message == NULL)
		err(125, "aligned_alloc");
	memset(into, 1, bytes);
	memset(side->message, 2, bytes);
	atomic_store(&side->pid, getpid());
}

static void copy(const struct side *from, uint32_t number)
{
	while (atomic_load_explicit(&from->ready, memory_order_acquire) != number)
		;
	struct iovec mine = {into, bytes}, its = {from->message, bytes};
	if (process_vm_readv(from->pid, &mine, 1, &its, 1, 0) != (ssize_t)bytes)
		err(125, "process_vm_readv");
}

/* Until it is killed. */
static void answer(struct side *mine, const struct side *its)
{
	for (uint32_t number = 1;; number++) {
		copy(its, number);
		atomic_store_explicit(&mine->ready, number, memory_order_release);
	}
}

static double median_ns(struct side *mine, const struct side *its, double total_ns)
{
	static double trips[BATCHES_MAX];
	int taken = 0;
	uint32_t number = 0;
	for (double end = now_ns() + total_ns; taken < BATCHES_MAX && (taken == 0 || now_ns() < end); taken++) {
		trips[taken] = -now_ns();
		atomic_store_explicit(&mine->ready, ++number, memory_order_release);
		copy(its, number);
		trips[taken] += now_ns();
	}
	return median_of(trips, taken);
}

int main(int argc, char **argv)
{
	bytes = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	if (bytes == 0)
		errx(125, "usage: floor_copy BYTES MILLISECONDS");
	struct side *sides = mmap(NULL, 2 * sizeof *sides, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sides == MAP_FAILED)
		err(125, "mmap");
	pid_t other = fork();
	if (other < 0)
		err(125, "fork");
	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		settle(&sides[1], 1);
		answer(&sides[1], &sides[0]);
	}
	settle(&sides[0], 0);
	while (atomic_load(&sides[1].pid) == 0)
		usleep(100);
	printf("%.2f\n", median_ns(&sides[0], &sides[1], atof(argv[2]) * 1e6));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	return 0;
}
