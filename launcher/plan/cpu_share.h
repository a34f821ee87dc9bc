/* SPDX-License-Identifier: MIT
 *
 * cpu_share: what a rank's environment says of the CPUs that it got: their list, OpenMP's places, a number of threads.
 * Ranks that got the same CPUs share one record, so that many ranks on few cores cost little.
 *
 * Threads are counted in cores, not hardware threads: numerical libraries, for which these variables exist, lose by
 * putting two threads on one core's units. With bind_to hwthread the user counts in hardware threads, so do we. A core
 * that several ranks share counts for each of them in part, and all ranks together stay within the CPU quota: more
 * threads than cores make every spinning barrier of OpenMP a wait for the scheduler.
 */
#ifndef MUSTER_PLAN_CPU_SHARE_H
#define MUSTER_PLAN_CPU_SHARE_H

#include <stdint.h>

struct arena;
struct job_spec;
struct machine;
struct placement;
struct rank_placement;

struct cpu_share {
	const struct rank_placement *place; /* of the first rank that has it */
	uint32_t ranks;                     /* how many ranks have it */
	uint32_t threads;                   /* at least 1 */
	char *cpus;                         /* "0-3,8" */
	char *places; /* "{0,8},{1,9}", or "{0,8,1,9}" when there are fewer threads than cores; NULL: not bound */
};

struct cpu_shares {
	struct cpu_share *items;
	uint32_t count;
	uint32_t *of_rank; /* by local rank: index into items */
};

/* `machine` may be NULL: then each CPU is a core of its own. The texts live in the arena. */
void cpu_shares_make(struct cpu_shares *shares, struct arena *arena, const struct job_spec *spec,
                     const struct placement *placement, const struct machine *machine);

#endif
