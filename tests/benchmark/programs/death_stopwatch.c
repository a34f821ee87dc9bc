/* SPDX-License-Identifier: MIT
 *
 * death_stopwatch: a rank is killed with SIGKILL; how long until the launcher is back?
 *
 * Starts the command, waits until RANKS ranks have reported on the FIFO, kills the one in the middle, and takes the
 * time from before that kill until the launcher has been waited for. Processes that outlive the launcher are counted.
 */
#include "measure_options.h"
#include "process_tree.h"
#include "ready_ranks.h"

#include <signal.h>

int main(int argc, char **argv)
{
	struct measure_options options;
	struct ready_ranks ready;
	struct outcome outcome = {0};
	int64_t since_ns;
	pid_t pid;

	measure_options_read(&options, argc, argv);
	pid = ready_ranks_start(&ready, &options);
	since_ns = process_tree_now();
	kill(ready.pids[ready.count / 2], SIGKILL);
	process_tree_wait(pid, since_ns, &outcome);
	outcome.survivors = process_tree_sweep();
	process_tree_print(&outcome);
	return 0;
}
