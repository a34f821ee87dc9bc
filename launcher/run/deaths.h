/* SPDX-License-Identifier: MIT
 *
 * deaths: in which order ranks ended.
 *
 * The first death is the root cause, so the order must be the kernel's, not that of somebody's loop: SIGCHLD coalesces
 * and wait(-1) answers in the order of births. Each rank's pidfd stands in an epoll of its own, whose ready list is in
 * the order in which the ranks ended. Descendants of ranks that were left to this process (it is a subreaper) are
 * reaped here too, and counted. Nothing here waits: a rank that died in the hands of a debugger is that one's to reap
 * first, for as long as it likes.
 */
#ifndef MUSTER_RUN_DEATHS_H
#define MUSTER_RUN_DEATHS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct deaths {
	int epoll;
	const pid_t *pids; /* by local rank, 0: not running; the supervisor's, read only */
	uint32_t count;
	uint64_t *watched; /* a bit a process id, so that no orphan is looked for among thousands of ranks */
	bool *held;        /* by local rank: it is dead, and a tracer keeps it from being reaped */
	uint32_t held_count;
	uint32_t orphans_reaped;
};

struct death {
	uint32_t local_rank;
	int status; /* as of wait(2) */
	struct rusage usage;
};

int deaths_init(struct deaths *deaths, const pid_t *pids, uint32_t count);
void deaths_finish(struct deaths *deaths);
int deaths_watch(struct deaths *deaths, uint32_t local_rank, pid_t pid, int pidfd);

/* The next rank that ended, already reaped; its pidfd is out of the epoll and the caller closes it. */
bool deaths_next(struct deaths *deaths, struct death *death);

/* Reaps what is not a rank. Returns true when this process has no child left at all, alive or dead: the kernel's own
 * word that nothing of the job is left. */
bool deaths_reap_orphans(struct deaths *deaths);

#endif
