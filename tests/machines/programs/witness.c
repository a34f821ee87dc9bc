/* SPDX-License-Identifier: MIT
 *
 * witness: a rank that tells what the kernel gave it, as one line of NAME=value fields:
 *
 *     rank=2 cpus=4-5 threads=4-5 policy=bind:1 pages=1:256 omp=2 said=4-5
 *
 * cpus: the affinity of its first thread; threads: that of two threads that it starts (one list when they agree);
 * policy: its memory policy; pages: on which NUMA node the pages are that it has just touched, and how many;
 * omp and said: OMP_NUM_THREADS and MUSTER_CPUS, to be held against what is true. Knows nothing of muster otherwise.
 */
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGES      256
#define NODES      64
#define TEXT_BYTES 512

struct affinity {
	char text[TEXT_BYTES];
};

static void append_range(char *text, int first, int last)
{
	size_t used = strlen(text);
	const char *comma = used == 0 ? "" : ",";

	if (first == last)
		snprintf(text + used, TEXT_BYTES - used, "%s%d", comma, first);
	else
		snprintf(text + used, TEXT_BYTES - used, "%s%d-%d", comma, first, last);
}

/* The calling thread's own mask as a list: 0-3,8. */
static void *read_affinity(void *result)
{
	struct affinity *affinity = result;
	cpu_set_t set;
	int first = -1;

	affinity->text[0] = '\0';
	if (sched_getaffinity(0, sizeof set, &set) != 0) {
		snprintf(affinity->text, TEXT_BYTES, "unknown");
		return NULL;
	}
	for (int cpu = 0; cpu <= CPU_SETSIZE; cpu++) {
		int in_set = cpu < CPU_SETSIZE && CPU_ISSET(cpu, &set);

		if (in_set && first < 0)
			first = cpu;
		if (!in_set && first >= 0) {
			append_range(affinity->text, first, cpu - 1);
			first = -1;
		}
	}
	return NULL;
}

static void print_affinities(void)
{
	struct affinity own, of_thread[2];

	read_affinity(&own);
	for (int i = 0; i < 2; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, read_affinity, &of_thread[i]) != 0)
			snprintf(of_thread[i].text, TEXT_BYTES, "no-thread");
		else
			pthread_join(thread, NULL);
	}
	printf(" cpus=%s threads=%s", own.text, of_thread[0].text);
	if (strcmp(of_thread[0].text, of_thread[1].text) != 0)
		printf("/%s", of_thread[1].text);
}

static void print_policy(void)
{
	static const char *const names[] = {"default", "preferred", "bind", "interleave", "local", "preferred_many"};
	unsigned long nodes = 0;
	int mode = 0;
	char separator = ':';

	if (syscall(SYS_get_mempolicy, &mode, &nodes, (unsigned long)NODES, NULL, 0UL) != 0) {
		printf(" policy=unknown");
		return;
	}
	mode &= ~MPOL_MODE_FLAGS;
	printf(" policy=%s", mode >= 0 && mode < (int)(sizeof names / sizeof names[0]) ? names[mode] : "other");
	for (int node = 0; node < NODES; node++) {
		if (nodes & (1UL << node)) {
			printf("%c%d", separator, node);
			separator = ',';
		}
	}
}

static void print_pages(void)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, PAGES * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *pages[PAGES];
	int status[PAGES], on_node[NODES] = {0};
	char separator = '=';

	if (memory == MAP_FAILED) {
		printf(" pages=unknown");
		return;
	}
	for (int i = 0; i < PAGES; i++) {
		pages[i] = memory + (size_t)i * page_bytes;
		*(volatile char *)pages[i] = 1;
	}
	/* Without target nodes move_pages moves nothing: it tells where each page is. */
	if (syscall(SYS_move_pages, 0, (unsigned long)PAGES, pages, NULL, status, 0) != 0) {
		printf(" pages=unknown");
		return;
	}
	for (int i = 0; i < PAGES; i++)
		if (status[i] >= 0 && status[i] < NODES)
			on_node[status[i]]++;
	printf(" pages");
	for (int node = 0; node < NODES; node++) {
		if (on_node[node] > 0) {
			printf("%c%d:%d", separator, node, on_node[node]);
			separator = ',';
		}
	}
}

static const char *environment_or_dash(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : "-";
}

int main(void)
{
	printf("rank=%s", environment_or_dash("MUSTER_RANK"));
	print_affinities();
	print_policy();
	print_pages();
	printf(" omp=%s said=%s\n", environment_or_dash("OMP_NUM_THREADS"), environment_or_dash("MUSTER_CPUS"));
	return 0;
}
