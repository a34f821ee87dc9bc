/* SPDX-License-Identifier: MIT
 *
 * place_pool: what of the machine this job may be placed on, cut into units.
 *
 * A unit is what ranks are counted in: a core with those of its hardware threads that may be used, or a single hardware
 * thread. Units stand in hardware order; for every level (core, L3 cache, NUMA node, package) each knows the object
 * that it lies in. Used by placement only; knows the request, not the ranks.
 */
#ifndef MUSTER_PLAN_PLACE_POOL_H
#define MUSTER_PLAN_PLACE_POOL_H

#include "base/index_set.h"
#include "machine/machine.h"
#include "spec/job_spec.h"

#define PLACE_LEVELS (PLACE_PACKAGE + 1)

struct place_unit {
	uint32_t first_thread; /* index into place_pool.threads */
	uint32_t thread_count;
	uint32_t core; /* machine-wide logical number */
	bool held;     /* another job has it, too */
	uint32_t object[PLACE_LEVELS];
};

struct place_core {
	uint32_t first_thread; /* index into machine.threads */
	uint32_t thread_count;
};

struct place_held;

struct place_pool {
	const struct machine *machine;
	const struct placement_spec *request;
	const struct place_held *held;
	uint32_t *threads; /* indices into machine.threads, usable ones, in hardware order */
	uint32_t thread_count;
	struct index_set usable; /* the same as CPUs */
	struct place_unit *units;
	uint32_t unit_count;
	uint32_t core_count; /* cores that the units are of */
	bool unit_is_thread;
	uint32_t object_count[PLACE_LEVELS];  /* an upper bound: object numbers are below it */
	enum place_level order[PLACE_LEVELS]; /* levels above the unit, smallest objects first; the first is the unit */
	uint32_t order_count;
	struct place_core *cores;    /* by logical number: all threads of the core, usable or not */
	enum place_level l3cache_is; /* what stands in for a missing L3 cache, or PLACE_L3CACHE */
};

/* -EINVAL with the reason when nothing is left or the request names what may not be used. `held` says what other jobs
 * are left, and must leave something. */
int place_pool_make(struct place_pool *pool, const struct placement_spec *request, const struct machine *machine,
                    const struct place_held *held, struct error *err);
void place_pool_finish(struct place_pool *pool);

/* Whether placement.cores takes cores of that kind. */
bool place_pool_takes_kind(const struct machine *machine, enum core_choice cores, uint32_t kind);

/* Checks that each CPU of `wanted` exists and may be used. */
int place_pool_check_cpus(const struct machine *machine, const struct index_set *wanted, struct error *err);

#endif
