/* SPDX-License-Identifier: MIT
 *
 * descendants: every process below this one, found by looking, and signals to them that cannot hit anybody else.
 *
 * This process is a subreaper: whatever a rank started, in whatever process group or session, stays below it until it
 * ends. A process is signalled only while it is proven to be below: a child by the fact that this process has not
 * reaped it, a deeper one through a pidfd taken before its ancestry is read again. Without /proc nothing is found.
 */
#ifndef MUSTER_RUN_DESCENDANTS_H
#define MUSTER_RUN_DESCENDANTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_list {
	pid_t *pids; /* as /proc calls them; parents before their children */
	uint32_t count;
	uint32_t capacity;
};

/* False without /proc: then the functions below find nothing, whatever there is. */
bool descendants_visible(void);

/* The children that this process has already, before it has made any, are left out from now on, and what is below them
 * (spared.h). What one of them leaves behind when it ends cannot be told from what a job leaves, and is not. */
void descendants_spare(void);

/* All that live below this process now; zombies and `except` (may be 0; itself, not what is below it) are left out. */
void descendants_list(struct process_list *list, pid_t except);
void process_list_finish(struct process_list *list);

/* Sends `signal` to all of them, then SIGCONT if it is to be acted on by a stopped one. Returns how many it was sent
 * to. */
uint32_t descendants_signal(int signal, pid_t except);

/* Stops every one of them first, until no new one appears, so that what forks while being killed is caught; then
 * SIGKILL. */
uint32_t descendants_kill(pid_t except);

#endif
