/* SPDX-License-Identifier: MIT
 *
 * placement: which CPUs each rank gets, and why. A pure function of spec and machine: no system call, no state.
 *
 * The rules, which muster-plan(1) tells users in the same order:
 *
 *  1. Usable is what the machine allows (its cpuset, the inherited affinity mask), of that what cpu_set names, of that
 *     what `cores` and `smt` choose. A core of which some hardware threads are masked is used with those that are left.
 *     A cpu_set that names a CPU that is not allowed is an error.
 *  2. Ranks are counted in units: cores, or hardware threads with bind_to hwthread (and with map_by hwthread, when a
 *     rank has one unit). nprocs auto: as many ranks as units / cpus_per_rank, at least one, at most as the CPU quota,
 *     rounded up, gives.
 *  3. Slots of cpus_per_rank units are cut so that as many as possible lie within one L3 cache, then one NUMA node, one
 *     package.
 *  4. map_by says in which order ranks take slots: over X in turn, a full X being passed over; map_by core (with
 *     bind_to hwthread: map_by hwthread) takes them in hardware order, those first that keep together.
 *  5. bind_to X binds a rank to the usable CPUs of every X that its units lie in. A level that this machine does not
 *     have is stood in for by the next larger one. bind_to none binds nothing, or to what is usable where that is less
 *     than what is allowed.
 *  6. More ranks than units go round again in the same order: no unit has two ranks more than another.
 *  7. Cores that other jobs hold are left to them, and of the free ones, where ranks are packed, those of one L3 cache,
 *     NUMA node or package taken that are just enough. Too few are free: the fewest necessary are shared, those first
 *     that fewest jobs hold, and where their holder shares with nobody, ranks make do with the others; or it is refused
 *     (placement.exclusive). bind_to none, and exclusive: false, mind nobody.
 *  8. rank_cpus overrules all of this: each list as it is, as long as its CPUs are allowed and in cpu_set.
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
struct placement_spec;

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
	uint32_t nprocs;         /* what the spec asks, or what `auto` came to */
	char *nprocs_why;        /* "one rank a core, 8 cores allowed"; NULL when the spec gave a number */
	struct index_set shared; /* CPUs of ranks that other jobs hold, too */
	char **shared_with;      /* ids of these jobs; NULL-terminated */
	uint32_t shared_with_count;
	char **warnings; /* NULL-terminated */
	uint32_t warning_count;
};

/* -EAGAIN: not before other jobs give cores back. */
int placement_make(struct placement *placement, const struct job_spec *spec, const struct machine *machine,
                   struct error *err);
void placement_finish(struct placement *placement);

/* False: the job pays no heed to what others hold, and holds nothing itself. */
bool placement_minds_others(const struct placement_spec *request);

/* What the job has to hold: the CPUs of all cores that its ranks are bound to. */
void placement_cpus_to_hold(const struct placement *placement, const struct machine *machine, struct index_set *cpus);

#endif
