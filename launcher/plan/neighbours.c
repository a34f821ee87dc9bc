/* SPDX-License-Identifier: MIT
 *
 * neighbours: see neighbours.h. A rank is taken for spread evenly over its CPUs; where that comes to more than one rank
 * a CPU, on average over the CPUs of a rank, that rank is crowded.
 */
#include "plan/neighbours.h"

#include "base/arena.h"
#include "base/memory.h"
#include "machine/machine.h"
#include "plan/placement.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDING 1e-6

/* --- crowds --- */

static uint32_t one_beyond_last_cpu(const struct placement *placement)
{
	uint32_t count = 0;
	for (uint32_t r = 0; r < placement->nprocs; r++) {
		uint32_t last = index_set_last(&placement->ranks[r].cpus);
		if (last != INDEX_SET_NONE && last >= count)
			count = last + 1;
	}
	return count;
}

static void add_load(double *load, const struct index_set *cpus, uint32_t ranks)
{
	double part = (double)ranks / index_set_count(cpus);
	for (index_set_each(cpus, cpu))
		load[cpu] += part;
}

static bool is_overfull(const double *load, const struct index_set *cpus)
{
	double sum = 0;
	for (index_set_each(cpus, cpu))
		sum += load[cpu];
	return sum > index_set_count(cpus) * (1 + ROUNDING);
}

/* Ranks that are not bound all have the same CPUs, however many they are: they are looked at once. */
static void find_crowds(bool *crowded, const struct placement *placement, uint32_t cpu_count)
{
	double *load = memory_zeroed((cpu_count + 1) * sizeof *load);
	const struct index_set *of_unbound = NULL;
	uint32_t unbound = 0;
	for (uint32_t r = 0; r < placement->nprocs; r++) {
		const struct rank_placement *place = &placement->ranks[r];
		if (place->bound) {
			add_load(load, &place->cpus, 1);
			continue;
		}
		of_unbound = &place->cpus;
		unbound++;
	}
	if (unbound > 0)
		add_load(load, of_unbound, unbound);
	bool unbound_crowded = unbound > 0 && is_overfull(load, of_unbound);
	for (uint32_t r = 0; r < placement->nprocs; r++)
		crowded[r] = placement->ranks[r].bound ? is_overfull(load, &placement->ranks[r].cpus) : unbound_crowded;
	free(load);
}

/* Who spins uses the quota up, and then nobody runs until the next period. */
static bool is_beyond_quota(const struct placement *placement, const struct machine *machine)
{
	return machine != NULL && machine->quota_millicpus > 0 &&
	       placement->nprocs * UINT64_C(1000) > machine->quota_millicpus;
}

/* --- domains --- */

/* Caches first, then nodes, then what has neither. */
static uint32_t key_of(const struct machine *machine, const struct hardware_thread *thread)
{
	if (thread->l3cache != NO_OBJECT)
		return thread->l3cache;
	return machine->l3cache_count + (thread->numa != NO_OBJECT ? thread->numa : machine->node_count);
}

static uint32_t *key_cpus(const struct machine *machine, uint32_t cpu_count)
{
	uint32_t *keys = memory_zeroed((cpu_count + 1) * sizeof *keys);
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].cpu < cpu_count)
			keys[machine->threads[i].cpu] = key_of(machine, &machine->threads[i]);
	return keys;
}

static void find_domains(struct neighbours *neighbours, const struct placement *placement,
                         const struct machine *machine, uint32_t cpu_count)
{
	uint32_t key_count = machine->l3cache_count + machine->node_count + 1;
	uint32_t *keys = key_cpus(machine, cpu_count);
	uint32_t *numbers = memory_zeroed(key_count * sizeof *numbers); /* + 1; 0: no rank yet */
	neighbours->domain_count = 0;
	for (uint32_t r = 0; r < placement->nprocs; r++) {
		uint32_t cpu = index_set_first(&placement->ranks[r].cpus);
		uint32_t key = cpu == INDEX_SET_NONE ? key_count - 1 : keys[cpu];
		if (numbers[key] == 0)
			numbers[key] = ++neighbours->domain_count;
		neighbours->domain[r] = numbers[key] - 1;
	}
	free(numbers);
	free(keys);
}

/* Puts rank r among those with the same CPUs; `first`: by CPU, the rank + 1 that was the first to have it. False where
 * CPUs overlap otherwise. */
static bool add_sharer(const struct placement *placement, uint32_t r, uint32_t *first, uint32_t *domain,
                       uint32_t *count)
{
	const struct index_set *cpus = &placement->ranks[r].cpus;
	uint32_t before = index_set_is_empty(cpus) ? 0 : first[index_set_first(cpus)];
	if (before != 0) {
		domain[r] = domain[before - 1];
		return index_set_equal(cpus, &placement->ranks[before - 1].cpus);
	}
	domain[r] = (*count)++;
	for (index_set_each(cpus, cpu)) {
		if (first[cpu] != 0)
			return false;
		first[cpu] = r + 1;
	}
	return true;
}

/* Where all have one cache, and every rank shares its CPUs, those who share them meet first: then whoever waits knows
 * whether somebody needs the CPU. */
static void find_sharers(struct neighbours *neighbours, const struct placement *placement, uint32_t cpu_count)
{
	uint32_t *first = memory_zeroed((cpu_count + 1) * sizeof *first);
	uint32_t *domain = memory_zeroed(placement->nprocs * sizeof *domain), count = 0;
	bool apart = true;
	for (uint32_t r = 0; r < placement->nprocs && apart; r++)
		apart = neighbours->crowded[r] && placement->ranks[r].bound &&
		        add_sharer(placement, r, first, domain, &count);
	if (apart && count < placement->nprocs) {
		memcpy(neighbours->domain, domain, placement->nprocs * sizeof *domain);
		neighbours->domain_count = count;
	}
	free(domain);
	free(first);
}

void neighbours_find(struct neighbours *neighbours, struct arena *arena, const struct placement *placement,
                     const struct machine *machine)
{
	uint32_t cpu_count = one_beyond_last_cpu(placement);
	neighbours->crowded = arena_alloc_array(arena, placement->nprocs, sizeof *neighbours->crowded);
	neighbours->domain = arena_alloc_array(arena, placement->nprocs, sizeof *neighbours->domain);
	neighbours->domain_count = 1;
	find_crowds(neighbours->crowded, placement, cpu_count);
	for (uint32_t r = 0; r < placement->nprocs && is_beyond_quota(placement, machine); r++)
		neighbours->crowded[r] = true;
	if (machine != NULL)
		find_domains(neighbours, placement, machine, cpu_count);
	if (machine != NULL && neighbours->domain_count == 1)
		find_sharers(neighbours, placement, cpu_count);
}
