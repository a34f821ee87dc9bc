/* SPDX-License-Identifier: MIT
 *
 * memory_scale: the memory of a launcher's own processes while its ranks are idle.
 *
 * Starts the command, waits until RANKS ranks have reported on the FIFO and for half a second more, in which a launcher
 * may let go of what it needed to start them, and adds up the proportional set size (PSS) of every process of the
 * command that is not one of the ranks. Then the launcher is asked to end, and what is left is killed. One line of
 * JSON: the sum, and how many processes it is of.
 */
#include "measure_options.h"
#include "process_tree.h"
#include "ready_ranks.h"

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define IDLE_NS 500000000

struct sum {
	const struct ready_ranks *ready;
	long pss_kib;
	unsigned processes;
};

static bool is_rank(const struct ready_ranks *ready, pid_t pid)
{
	for (unsigned i = 0; i < ready->count; i++) {
		if (ready->pids[i] == pid)
			return true;
	}
	return false;
}

static long read_pss_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "re");
	if (!file)
		err(125, "cannot read %s", path);
	while (fgets(line, sizeof line, file) && sscanf(line, "Pss: %ld kB", &kib) != 1)
		;
	fclose(file);
	return kib;
}

static void add_process(pid_t pid, void *context)
{
	struct sum *sum = context;

	if (is_rank(sum->ready, pid))
		return;
	sum->pss_kib += read_pss_kib(pid);
	sum->processes++;
}

int main(int argc, char **argv)
{
	struct measure_options options;
	struct ready_ranks ready;
	struct sum sum = {.ready = &ready};
	struct outcome outcome = {0};
	const struct timespec idle = {.tv_nsec = IDLE_NS};
	pid_t pid;

	measure_options_read(&options, argc, argv);
	pid = ready_ranks_start(&ready, &options);
	nanosleep(&idle, NULL);
	process_tree_each(add_process, &sum);
	kill(pid, SIGTERM);
	process_tree_wait(pid, process_tree_now(), &outcome);
	process_tree_sweep();
	printf("{\"pss_kib\": %ld, \"processes\": %u}\n", sum.pss_kib, sum.processes);
	return 0;
}
