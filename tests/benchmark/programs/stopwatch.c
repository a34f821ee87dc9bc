/* SPDX-License-Identifier: MIT
 *
 * stopwatch: the wall time of a whole command, from just before it is started until it has been waited for.
 *
 * Kept in C so that nothing of the interpreter that drives the benchmark is inside the measured time. Standard input of
 * the command is /dev/null. The result is one line of JSON.
 */
#include "measure_options.h"
#include "process_tree.h"

int main(int argc, char **argv)
{
	struct measure_options options;
	struct outcome outcome = {0};
	int64_t started_ns;
	pid_t pid;

	measure_options_read(&options, argc, argv);
	process_tree_begin(options.timeout_s);
	started_ns = process_tree_now();
	pid = process_tree_start(&options.command);
	process_tree_wait(pid, started_ns, &outcome);
	outcome.survivors = process_tree_sweep();
	process_tree_print(&outcome);
	return 0;
}
