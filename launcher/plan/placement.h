/* SPDX-License-Identifier: MIT
 *
 * placement: which CPUs each rank gets, and why. A pure function of spec and machine: no system call, no state.
 */
#ifndef MUSTER_PLAN_PLACEMENT_H
#define MUSTER_PLAN_PLACEMENT_H

#include "base/arena.h"
#include "base/index_set.h"

#include <stdbool.h>
#include <stdint.h>

struct error;
struct job_spec;
struct machine;

struct rank_placement {
	struct index_set cpus;  /* what it is bound to; with bind_to none: all that is allowed */
	struct index_set cores; /* logical cores those CPUs are of */
	struct index_set nodes; /* kernel numbers of the NUMA nodes local to those CPUs */
	bool bound;             /* false: bind_to none, the affinity is left as inherited */
	bool shared;            /* another rank of this job has some of the same cores */
	char *why;              /* one sentence, in the placement's arena */
};

struct placement {
	struct arena arena;
	struct rank_placement *ranks;
	uint32_t nprocs; /* what the spec asks, or what `auto` came to */
	char **warnings;
	uint32_t warning_count;
};

int placement_make(struct placement *placement, const struct job_spec *spec, const struct machine *machine,
                   struct error *err);
void placement_finish(struct placement *placement);

#endif
