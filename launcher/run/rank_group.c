/* SPDX-License-Identifier: MIT
 *
 * rank_group: see rank_group.h.
 */
#include "run/rank_group.h"

#include "base/memory.h"
#include "run/job_result.h"
#include "run/process_stat.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void rank_group_init(struct rank_group *group, uint32_t count)
{
	*group = (struct rank_group){.count = count};
	group->pids = memory_zeroed(count * sizeof *group->pids);
	group->pidfds = memory_zeroed(count * sizeof *group->pidfds);
	for (uint32_t r = 0; r < count; r++)
		group->pidfds[r] = -1;
}

void rank_group_finish(struct rank_group *group)
{
	for (uint32_t r = 0; r < group->count; r++)
		if (group->pidfds[r] >= 0)
			close(group->pidfds[r]);
	free(group->pids);
	free(group->pidfds);
	*group = (struct rank_group){0};
}

void rank_group_add(struct rank_group *group, uint32_t local_rank, pid_t pid, int pidfd)
{
	group->pids[local_rank] = pid;
	group->pidfds[local_rank] = pidfd;
	group->running++;
}

void rank_group_remove(struct rank_group *group, uint32_t local_rank)
{
	close(group->pidfds[local_rank]);
	group->pidfds[local_rank] = -1;
	group->pids[local_rank] = 0;
	group->running--;
}

/* A rank that left its process group, or has not made it yet, is reached by itself. */
static void signal_group(pid_t pid, int signal)
{
	if (getpgid(pid) != pid)
		kill(pid, signal);
	kill(-pid, signal);
}

void rank_group_signal_groups(const struct rank_group *group, int signal)
{
	for (uint32_t r = 0; r < group->count; r++)
		if (group->pids[r] != 0)
			signal_group(group->pids[r], signal);
}

void rank_group_signal_ranks(const struct rank_group *group, int signal)
{
	for (uint32_t r = 0; r < group->count; r++)
		if (group->pids[r] != 0)
			kill(group->pids[r], signal);
}

/* Ended by itself, though its end is yet to be taken note of: muster had no part in it. */
static bool has_ended(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	return poll(&ended, 1, 0) == 1;
}

void rank_group_ask(const struct rank_group *group, int signal, struct job_result *result)
{
	for (uint32_t r = 0; r < group->count; r++)
		if (group->pids[r] != 0 && !result->ranks[r].dying && !has_ended(group->pidfds[r]))
			result->ranks[r].stopped = true;
	rank_group_signal_groups(group, signal);
	rank_group_signal_groups(group, SIGCONT);
}

void rank_group_kill(const struct rank_group *group, struct job_result *result)
{
	for (uint32_t r = 0; r < group->count; r++)
		if (group->pids[r] != 0 && !has_ended(group->pidfds[r]))
			result->ranks[r].stopped = result->ranks[r].killed = true;
	rank_group_signal_groups(group, SIGKILL);
}

void rank_group_describe(const struct rank_group *group, struct job_result *result)
{
	for (uint32_t r = 0; r < group->count; r++) {
		if (group->pids[r] == 0)
			continue;
		free(result->ranks[r].lost_detail);
		result->ranks[r].lost_detail = process_describe(group->pids[r]);
	}
}
