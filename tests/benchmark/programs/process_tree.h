/* SPDX-License-Identifier: MIT
 *
 * process_tree: start one command, wait for it with a time-out, and leave nothing of it behind.
 *
 * The measuring programs of the benchmark share it. The command becomes the leader of a session of its own; the
 * measuring process is made a subreaper, so that whatever the command leaves behind becomes its child, can be found,
 * and is ended by its pid. The same happens when the measuring process is told to stop (SIGTERM, SIGINT, or its
 * parent's death).
 */
#ifndef BENCHMARK_PROCESS_TREE_H
#define BENCHMARK_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct command {
	char *const *argv;
	const char *stdout_path; /* NULL: /dev/null; created and truncated */
	const char *stderr_path; /* the same */
};

struct outcome {
	int64_t wall_ns; /* from before the start, or from process_tree_now() at `since`, to its end having been waited
	                    for */
	int status;      /* as of wait4() */
	bool timed_out;
	bool interrupted;   /* the measuring process was told to stop */
	unsigned survivors; /* processes of the command that had to be killed after its end */
	struct rusage usage;
};

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t process_tree_now(void);

/* Must be called first: subreaper, signals, and the one time-out that holds for everything that follows. */
void process_tree_begin(unsigned timeout_s);

/* True once the time-out has passed or a signal asked to stop. Blocking calls return with EINTR when it becomes true.
 */
bool process_tree_is_over(void);

/* Returns the pid; ends the program with 125 when nothing could be started. */
pid_t process_tree_start(const struct command *command);

/* Waits for `pid`; `outcome->wall_ns` counts from `since_ns`. After the time-out it is killed. */
void process_tree_wait(pid_t pid, int64_t since_ns, struct outcome *outcome);

/* Kills whatever is left below this process and reaps it; returns how many had to be killed. What is already on its way
 * out is given a fifth of a second. */
unsigned process_tree_sweep(void);

/* Calls `visit` for each descendant of this process. */
void process_tree_each(void (*visit)(pid_t pid, void *context), void *context);

/* One line of JSON on standard output: what the benchmark reads. */
void process_tree_print(const struct outcome *outcome);

#endif
