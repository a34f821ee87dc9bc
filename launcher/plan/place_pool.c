/* SPDX-License-Identifier: MIT
 *
 * place_pool: see place_pool.h.
 *
 * Where a level is missing, the next larger one stands in: no L3 cache anywhere: the NUMA node, or the package where a
 * node holds several packages; threads without an L3 cache beside others that have one: those of their package; threads
 * without a local NUMA node: those of their package. So every level divides the whole machine.
 */
#include "plan/place_pool.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/place_held.h"
#include "plan/place_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum place_level stand_in_for_l3cache(const struct machine *machine)
{
	if (machine->l3cache_count > 0)
		return PLACE_L3CACHE;
	return machine->node_count >= machine->package_count ? PLACE_NUMA : PLACE_PACKAGE;
}

static uint32_t numa_object(const struct machine *machine, const struct hardware_thread *thread)
{
	return thread->numa != NO_OBJECT ? thread->numa : machine->node_count + thread->package;
}

static uint32_t object_of(const struct place_pool *pool, const struct hardware_thread *thread, enum place_level level)
{
	const struct machine *machine = pool->machine;
	if (level == PLACE_L3CACHE)
		level = pool->l3cache_is;
	switch (level) {
	case PLACE_CORE:
		return thread->core;
	case PLACE_L3CACHE:
		return thread->l3cache != NO_OBJECT ? thread->l3cache : machine->l3cache_count + thread->package;
	case PLACE_NUMA:
		return numa_object(machine, thread);
	case PLACE_PACKAGE:
		return thread->package;
	case PLACE_NONE:
	case PLACE_HWTHREAD:
		break;
	}
	return 0;
}

bool place_pool_takes_kind(const struct machine *machine, enum core_choice cores, uint32_t kind)
{
	bool fastest = kind == machine->kind_count - 1;
	return cores == CORES_ALL || (cores == CORES_PERFORMANCE) == fastest;
}

static bool is_usable(const struct place_pool *pool, const struct hardware_thread *thread)
{
	const struct placement_spec *request = pool->request;
	if (index_set_has(&pool->held->left_out, thread->cpu))
		return false;
	if (thread->access != THREAD_ALLOWED || !place_pool_takes_kind(pool->machine, request->cores, thread->kind))
		return false;
	return index_set_is_empty(&request->cpu_set) || index_set_has(&request->cpu_set, thread->cpu);
}

static void collect_threads(struct place_pool *pool)
{
	const struct machine *machine = pool->machine;
	pool->threads = memory_zeroed((machine->thread_count + 1) * sizeof *pool->threads);
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		if (!is_usable(pool, thread))
			continue;
		uint32_t last = pool->thread_count;
		bool same_core = last > 0 && machine->threads[pool->threads[last - 1]].core == thread->core;
		if (same_core && pool->request->smt == SMT_ONE)
			continue;
		pool->threads[pool->thread_count++] = i;
		index_set_add(&pool->usable, thread->cpu);
	}
}

static void collect_cores(struct place_pool *pool)
{
	const struct machine *machine = pool->machine;
	pool->cores = memory_zeroed((machine->core_count + 1) * sizeof *pool->cores);
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		if (machine->threads[i].core == NO_OBJECT)
			continue;
		struct place_core *core = &pool->cores[machine->threads[i].core];
		if (core->thread_count++ == 0)
			core->first_thread = i;
	}
}

static void collect_units(struct place_pool *pool)
{
	pool->units = memory_zeroed((pool->thread_count + 1) * sizeof *pool->units);
	for (uint32_t i = 0; i < pool->thread_count; i++) {
		const struct hardware_thread *thread = &pool->machine->threads[pool->threads[i]];
		struct place_unit *unit = &pool->units[pool->unit_count];
		if (!pool->unit_is_thread && pool->unit_count > 0 && unit[-1].core == thread->core) {
			unit[-1].thread_count++;
			continue;
		}
		*unit = (struct place_unit){.first_thread = i, .thread_count = 1, .core = thread->core};
		unit->held = index_set_has(&pool->held->shared, thread->cpu);
		for (enum place_level level = PLACE_CORE; level < PLACE_LEVELS; level++)
			unit->object[level] = object_of(pool, thread, level);
		unit->object[PLACE_HWTHREAD] = i;
		pool->core_count += pool->unit_count == 0 || unit[-1].core != unit->core;
		pool->unit_count++;
	}
}

static uint32_t distinct_objects(const struct place_pool *pool, enum place_level level)
{
	uint32_t count = 0;
	bool *seen = memory_zeroed(pool->object_count[level] * sizeof *seen);
	for (uint32_t i = 0; i < pool->unit_count; i++) {
		bool *at = &seen[pool->units[i].object[level]];
		count += !*at;
		*at = true;
	}
	free(seen);
	return count;
}

/* Smallest objects first: on most machines core, L3 cache, NUMA node, package, but a node may hold several packages,
 * and an L3 cache several nodes. */
static void order_levels(struct place_pool *pool)
{
	uint32_t counts[PLACE_LEVELS] = {0};
	pool->order[pool->order_count++] = pool->unit_is_thread ? PLACE_HWTHREAD : PLACE_CORE;
	if (pool->unit_is_thread)
		pool->order[pool->order_count++] = PLACE_CORE;
	for (enum place_level level = PLACE_L3CACHE; level < PLACE_LEVELS; level++) {
		counts[level] = distinct_objects(pool, level);
		uint32_t at = pool->order_count++;
		for (; pool->order[at - 1] >= PLACE_L3CACHE && counts[pool->order[at - 1]] < counts[level]; at--)
			pool->order[at] = pool->order[at - 1];
		pool->order[at] = level;
	}
}

static void count_objects(struct place_pool *pool)
{
	const struct machine *machine = pool->machine;
	pool->object_count[PLACE_NONE] = 1;
	pool->object_count[PLACE_HWTHREAD] = pool->thread_count;
	pool->object_count[PLACE_CORE] = machine->core_count;
	pool->object_count[PLACE_NUMA] = machine->node_count + machine->package_count;
	pool->object_count[PLACE_L3CACHE] =
		machine->l3cache_count + machine->package_count + pool->object_count[PLACE_NUMA];
	pool->object_count[PLACE_PACKAGE] = machine->package_count;
}

/* Adds to `same` those of `wanted` whose access is `access`. */
static void collect_by_access(const struct machine *machine, const struct index_set *wanted, enum thread_access access,
                              struct index_set *same)
{
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].access == access && index_set_has(wanted, machine->threads[i].cpu))
			index_set_add(same, machine->threads[i].cpu);
}

static void add_allowed(struct text *text, const struct machine *machine)
{
	text_add(text, "; allowed: ");
	place_words_set(text, "CPU", "CPUs", &machine->allowed);
}

static int refuse_cpus(const struct machine *machine, const struct index_set *bad, const char *reason,
                       const char *source, struct error *err)
{
	struct text text = {0};
	place_words_set(&text, "CPU", "CPUs", bad);
	text_add_format(&text, " may not be used: %s", reason);
	if (source != NULL)
		text_add_format(&text, " (%s)", source);
	add_allowed(&text, machine);
	int rc = error_set(err, -EINVAL, "%s", text.bytes);
	text_finish(&text);
	return rc;
}

int place_pool_check_cpus(const struct machine *machine, const struct index_set *wanted, struct error *err)
{
	struct index_set left = {0}, bad = {0};
	index_set_copy(&left, wanted);
	index_set_subtract(&left, &machine->allowed);
	int rc = 0;
	for (enum thread_access access = THREAD_OFFLINE; rc == 0 && access <= THREAD_OUTSIDE_AFFINITY; access++) {
		collect_by_access(machine, &left, access, &bad);
		if (!index_set_is_empty(&bad))
			rc = refuse_cpus(machine, &bad, thread_access_reason(access),
			                 access == THREAD_OUTSIDE_CPUSET ? machine->cpuset_source : NULL, err);
	}
	if (rc == 0 && !index_set_is_empty(&left)) {
		char reason[64];
		snprintf(reason, sizeof reason, "%s has no such CPU", place_words_machine(machine));
		rc = refuse_cpus(machine, &left, reason, NULL, err);
	}
	index_set_finish(&left);
	index_set_finish(&bad);
	return rc;
}

static int check_request(const struct placement_spec *request, const struct machine *machine, struct error *err)
{
	if (index_set_is_empty(&machine->allowed))
		return error_set(err, -EINVAL, "%s has no CPU that may be used", place_words_machine(machine));
	if (request->cores != CORES_ALL && machine->kind_count <= 1)
		return error_set_key(err, -EINVAL, "placement.cores",
		                     "%s has cores of one kind only, or does not tell them apart: use \"all\", "
		                     "or name the CPUs with placement.cpu_set",
		                     place_words_machine(machine));
	if (index_set_is_empty(&request->cpu_set))
		return 0;
	int rc = place_pool_check_cpus(machine, &request->cpu_set, err);
	if (rc < 0)
		error_about(err, "placement.cpu_set");
	return rc;
}

static int refuse_empty(const struct placement_spec *request, struct error *err)
{
	return error_set_key(err, -EINVAL, "placement.cores",
	                     "no CPU is left to place ranks on: none of those allowed is %s%s",
	                     request->cores == CORES_PERFORMANCE ? "a performance core's" : "an efficiency core's",
	                     index_set_is_empty(&request->cpu_set) ? "" : " and in placement.cpu_set");
}

int place_pool_make(struct place_pool *pool, const struct placement_spec *request, const struct machine *machine,
                    const struct place_held *held, struct error *err)
{
	int rc = check_request(request, machine, err);
	if (rc < 0)
		return rc;
	struct place_pool made = {.machine = machine, .request = request, .held = held};
	made.l3cache_is = stand_in_for_l3cache(machine);
	/* Ranks dealt over hardware threads but bound to more get a thread as their place and its core as binding; with
	 * several cores a rank, cores are what is counted. */
	made.unit_is_thread = request->bind_to == PLACE_HWTHREAD ||
	                      (request->map_by == PLACE_HWTHREAD && request->cpus_per_rank == 1);
	collect_threads(&made);
	if (made.thread_count == 0) {
		place_pool_finish(&made);
		return refuse_empty(request, err);
	}
	collect_cores(&made);
	collect_units(&made);
	count_objects(&made);
	order_levels(&made);
	*pool = made;
	return 0;
}

void place_pool_finish(struct place_pool *pool)
{
	free(pool->threads);
	free(pool->units);
	free(pool->cores);
	index_set_finish(&pool->usable);
	*pool = (struct place_pool){0};
}
