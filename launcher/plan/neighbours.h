/* SPDX-License-Identifier: MIT
 *
 * neighbours: what ranks that meet in memory have to know of one another's places: who has no hardware thread of its
 * own, so that spinning would keep the very rank from running that it waits for, and who shares a cache with whom.
 * A pure function of placement and machine.
 */
#ifndef MUSTER_PLAN_NEIGHBOURS_H
#define MUSTER_PLAN_NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct machine;
struct placement;

struct neighbours {
	/* By local rank: more ranks than hardware threads where it may run, or more than the CPU quota gives. Ranks
	 * that are bound to the same CPUs are not crowded as long as there is one for each of them. */
	bool *crowded;
	/* By local rank, from 0 without gaps: ranks of the same last-level cache, or where no cache is known of the
	 * same NUMA node, have the same number. A rank that spans several counts where its first CPU is. Where that
	 * would be one domain, and all are crowded: ranks that share CPUs. */
	uint32_t *domain;
	uint32_t domain_count; /* at least 1 */
};

/* `machine` may be NULL: all is one domain. The arrays live in the arena. */
void neighbours_find(struct neighbours *neighbours, struct arena *arena, const struct placement *placement,
                     const struct machine *machine);

#endif
