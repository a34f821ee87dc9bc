/* SPDX-License-Identifier: MIT
 *
 * process_stat: what /proc says of one process, which is called by the number that /proc has for it.
 */
#ifndef MUSTER_RUN_PROCESS_STAT_H
#define MUSTER_RUN_PROCESS_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_stat {
	char state; /* as of proc(5): R, S, D, Z ... */
	pid_t parent;
	pid_t group;
	bool exiting;     /* the kernel takes it apart; true long before it can be reaped */
	pid_t foreground; /* process group that its terminal belongs to now; -1: it has no terminal */
	uint64_t started; /* ticks since boot */
	int end;          /* of one that is exiting, as wait(2) will tell; 0 also where that is not to be seen */
};

/* This process, as /proc calls it: not by getpid() where the /proc of another pid namespace is mounted; 0 where none
 * is. */
pid_t process_own_number(void);

/* False when it is gone or not to be seen; `stat` is untouched then. */
bool process_stat_read(pid_t pid, struct process_stat *stat);

/* Is it exiting, or gone? True as well where that cannot be seen. */
bool process_is_exiting(pid_t pid);

/* How often its first thread has given up a CPU, of itself or not; -1 when it cannot be seen. */
int64_t process_switches(pid_t pid);

/* "state D (disk sleep), waiting in nfs_wait" of a process, and who traces it, for free(); NULL when it is gone, or
 * cannot be seen. */
char *process_describe(pid_t pid);

#endif
