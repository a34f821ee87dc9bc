/* SPDX-License-Identifier: MIT
 *
 * floor_wake: how long after one process wakes another, asleep on a futex for a millisecond, that one is back: the
 * median of nanoseconds. Each has a CPU of its own where there are two. The least that being woken costs.
 */
#include "pin.h"
#include "samples.h"

#include <err.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 201 };

struct shared {
	_Alignas(64) _Atomic uint32_t word; /* how often the sleeper was to wake */
	_Alignas(64) _Atomic uint32_t ready;
	_Alignas(64) double woken_at[SAMPLES];
};

static void sleep_and_wake(struct shared *shared)
{
	for (uint32_t i = 0; i < SAMPLES; i++) {
		atomic_store(&shared->ready, i + 1);
		while (atomic_load(&shared->word) == i)
			syscall(SYS_futex, &shared->word, FUTEX_WAIT, i, NULL, NULL, 0);
		shared->woken_at[i] = now_ns();
	}
	atomic_store(&shared->ready, SAMPLES + 1);
}

static void await(const _Atomic uint32_t *word, uint32_t value)
{
	while (atomic_load(word) != value)
		sched_yield();
}

int main(void)
{
	static double samples[SAMPLES];
	const struct timespec pause = {0, 1000000};
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		err(125, "mmap");
	pid_t sleeper = fork();
	if (sleeper < 0)
		err(125, "fork");
	if (sleeper == 0) {
		pin(0);
		sleep_and_wake(shared);
		_exit(0);
	}
	pin(1);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		await(&shared->ready, i + 1);
		nanosleep(&pause, NULL);
		samples[i] = -now_ns();
		atomic_store(&shared->word, i + 1);
		syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	await(&shared->ready, SAMPLES + 1);
	waitpid(sleeper, NULL, 0);
	for (int i = 0; i < SAMPLES; i++)
		samples[i] += shared->woken_at[i];
	printf("%.2f\n", median_of(samples, SAMPLES));
	return 0;
}
