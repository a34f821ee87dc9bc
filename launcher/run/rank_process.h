/* SPDX-License-Identifier: MIT
 *
 * rank_process: starts ranks as fresh exec'd processes, without waiting for any exec.
 *
 * clone(CLONE_VM) puts each child on a small stack of its own while the supervisor goes on to the next rank; the kernel
 * clears slot->tid when the child has left this memory. Measured, this costs a third of posix_spawn and does not grow
 * with the supervisor's size. Not thread-safe; all ranks are started by one thread, which must live as long as they do
 * (PR_SET_PDEATHSIG follows the thread).
 */
#ifndef MUSTER_RUN_RANK_PROCESS_H
#define MUSTER_RUN_RANK_PROCESS_H

#include "run/executable.h"
#include "run/rank_child.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct child_room;
struct error;
struct launch_plan;

/* What starting the ranks of one plan needs, made once. */
struct rank_launcher {
	const struct launch_plan *plan;
	struct rank_conditions conditions;
	struct executable_search search;
	const char **paths;        /* by local rank: what it executes */
	struct rank_slot *slots;   /* by local rank */
	unsigned long **cpu_masks; /* by local rank; NULL: not bound */
	unsigned long **node_masks;
	size_t cpu_mask_bytes;
	unsigned long node_bits;
	int segment_fd;            /* of the incarnation that is being started; -1: none */
	char ***environments;      /* of children in flight */
	struct child_room *stacks; /* one a rank, touched only when used; NULL when all have left */
	size_t stacks_bytes;
	uint32_t *stack_of;   /* by local rank: which stack it was given */
	uint32_t stack_count; /* handed out so far */
	uint32_t oldest_in_flight;
	int cgroup; /* the directory of the group that ranks are born into, the caller's; -1: none, or it is refused */
};

struct started_rank {
	pid_t pid;
	int pidfd;
};

int rank_launcher_init(struct rank_launcher *launcher, const struct launch_plan *plan, struct error *err);
void rank_launcher_finish(struct rank_launcher *launcher);

/* Before the first rank of an incarnation of the group. */
int rank_launcher_begin(struct rank_launcher *launcher, struct error *err);

/* Starts one. `descriptors` become its 0, 1, 2 and stay the caller's. `cgroup_procs` as in rank_child.h. The ranks of
 * an incarnation are started in rising order. On failure the text names the limit that is likely to be behind it. */
int rank_start(struct rank_launcher *launcher, uint32_t local_rank, const int descriptors[3], uint32_t restart_count,
               int cgroup_procs, struct started_rank *started, struct error *err);

/* True once no child of this incarnation is on its way to exec any more; then its stacks are given back. */
bool rank_launcher_all_left(struct rank_launcher *launcher);

#endif
