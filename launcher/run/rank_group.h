/* SPDX-License-Identifier: MIT
 *
 * rank_group: the ranks of one incarnation as processes: who runs, and signals to them.
 *
 * Signals go by process id only while the process is this one's unreaped child, so that a number cannot have become
 * somebody else's. A stop goes to a rank's whole process group, as Ctrl-C in a terminal would.
 */
#ifndef MUSTER_RUN_RANK_GROUP_H
#define MUSTER_RUN_RANK_GROUP_H

#include <stdint.h>
#include <sys/types.h>

struct job_result;

struct rank_group {
	uint32_t count;
	uint32_t running;
	pid_t *pids; /* by local rank; 0: not started, or ended and reaped */
	int *pidfds; /* by local rank; -1 */
};

void rank_group_init(struct rank_group *group, uint32_t count);
void rank_group_finish(struct rank_group *group);
void rank_group_add(struct rank_group *group, uint32_t local_rank, pid_t pid, int pidfd);
void rank_group_remove(struct rank_group *group, uint32_t local_rank);

/* Asks every rank that runs to stop, and wakes those that are stopped; notes it in the result. */
void rank_group_ask(const struct rank_group *group, int signal, struct job_result *result);

/* SIGKILL to every rank and its process group; notes it in the result. */
void rank_group_kill(const struct rank_group *group, struct job_result *result);

/* To each rank's process alone (SIGUSR1, SIGUSR2), or to its process group (SIGSTOP, SIGCONT). */
void rank_group_signal_ranks(const struct rank_group *group, int signal);
void rank_group_signal_groups(const struct rank_group *group, int signal);

/* Kernel state and wait channel of each rank that runs, into the result. */
void rank_group_describe(const struct rank_group *group, struct job_result *result);

#endif
