/* SPDX-License-Identifier: MIT
 *
 * openmp_where: an OpenMP program that tells where its threads run.
 *
 * A plain OpenMP program, unchanged for muster: how many threads it makes and where they may run come from the
 * OMP_* variables and the CPU mask that it was started with. Each thread prints a line, in order; a line names the
 * CPU that it runs on and the CPUs that it may run on.
 */
#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* A mask as people write it: "0-3,8". Short buffers cut it, they are never overrun. */
static void format_mask(const cpu_set_t *mask, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
		if (!CPU_ISSET(cpu, mask))
			continue;
		int last = cpu;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, mask))
			last++;
		const char *comma = used > 0 ? "," : "";
		used += (size_t)(last == cpu ? snprintf(text + used, size - used, "%s%d", comma, cpu)
		                             : snprintf(text + used, size - used, "%s%d-%d", comma, cpu, last));
		cpu = last;
	}
}

static void print_this_thread(const char *rank)
{
	cpu_set_t mask;
	char cpus[256] = "unknown";
	if (sched_getaffinity(0, sizeof mask, &mask) == 0)
		format_mask(&mask, cpus, sizeof cpus);
	printf("rank %s thread %d of %d runs on CPU %d and may use %s\n", rank, omp_get_thread_num(),
	       omp_get_num_threads(), sched_getcpu(), cpus);
	fflush(stdout);
}

int main(void)
{
	const char *rank = getenv("MUSTER_RANK");
	if (rank == NULL)
		rank = "0";
#pragma omp parallel for ordered schedule(static, 1)
	for (int thread = 0; thread < omp_get_max_threads(); thread++) {
#pragma omp ordered
		print_this_thread(rank);
	}
	return 0;
}
