/* SPDX-License-Identifier: MIT
 *
 * cpu_share: see cpu_share.h. Ranks are sorted into shares by a hash of their CPU set; then each share is worded once.
 */
#include "plan/cpu_share.h"

#include "base/arena.h"
#include "base/index_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "machine/machine.h"
#include "plan/placement.h"
#include "spec/job_spec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum { EMPTY_SLOT = 0 };

/* Trailing zero words are not hashed: sets of different widths may be equal. */
static uint64_t hash_of(const struct rank_placement *place)
{
	uint64_t hash = place->bound ? 0xcbf29ce484222325u : 0x84222325cbf29ce4u;
	uint32_t words = place->cpus.word_count;
	while (words > 0 && place->cpus.words[words - 1] == 0)
		words--;
	for (uint32_t word = 0; word < words; word++) {
		hash = (hash ^ place->cpus.words[word]) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return hash;
}

static bool same_place(const struct rank_placement *a, const struct rank_placement *b)
{
	return a->bound == b->bound && index_set_equal(&a->cpus, &b->cpus);
}

/* An open hash table of share numbers + 1, at most half full. */
static uint32_t table_size_for(uint32_t nprocs)
{
	uint32_t size = 8;
	while (size < nprocs * 2)
		size *= 2;
	return size;
}

static void sort_into_shares(struct cpu_shares *shares, struct arena *arena, const struct placement *placement)
{
	uint32_t size = table_size_for(placement->nprocs);
	uint32_t *table = memory_zeroed(size * sizeof *table);
	struct cpu_share *found = memory_zeroed(placement->nprocs * sizeof *found);
	for (uint32_t rank = 0; rank < placement->nprocs; rank++) {
		const struct rank_placement *place = &placement->ranks[rank];
		uint32_t slot = (uint32_t)hash_of(place) & (size - 1);
		while (table[slot] != EMPTY_SLOT && !same_place(found[table[slot] - 1].place, place))
			slot = (slot + 1) & (size - 1);
		if (table[slot] == EMPTY_SLOT) {
			found[shares->count].place = place;
			table[slot] = ++shares->count;
		}
		found[table[slot] - 1].ranks++;
		shares->of_rank[rank] = table[slot] - 1;
	}
	shares->items = arena_alloc_array(arena, shares->count, sizeof *shares->items);
	for (uint32_t share = 0; share < shares->count; share++)
		shares->items[share] = found[share];
	free(found);
	free(table);
}

/* What is counted of a rank's CPUs: its cores, or with bind_to hwthread the CPUs themselves. */
static const struct index_set *units_of(const struct cpu_share *share, bool count_cpus)
{
	return count_cpus ? &share->place->cpus : &share->place->cores;
}

/* One more than the highest number in use, for arrays by number. */
static uint32_t count_numbers(const struct cpu_shares *shares, bool count_cpus)
{
	uint32_t numbers = 0;
	for (uint32_t share = 0; share < shares->count; share++) {
		uint32_t last = index_set_last(units_of(&shares->items[share], count_cpus));
		if (last != INDEX_SET_NONE && last >= numbers)
			numbers = last + 1;
	}
	return numbers;
}

static uint32_t *count_ranks_per_unit(const struct cpu_shares *shares, bool count_cpus)
{
	uint32_t *ranks = memory_zeroed(count_numbers(shares, count_cpus) * sizeof *ranks);
	for (uint32_t share = 0; share < shares->count; share++)
		for (index_set_each(units_of(&shares->items[share], count_cpus), unit))
			ranks[unit] += shares->items[share].ranks;
	return ranks;
}

static uint32_t threads_of(const struct cpu_share *share, const uint32_t *ranks_per_unit, bool count_cpus)
{
	double units = 0;
	for (index_set_each(units_of(share, count_cpus), unit))
		units += 1.0 / ranks_per_unit[unit];
	return (uint32_t)(units + 1e-6);
}

static uint32_t threads_within_quota(const struct machine *machine, uint32_t nprocs)
{
	if (machine == NULL || machine->quota_millicpus == 0)
		return UINT32_MAX;
	assert(nprocs > 0);
	return machine_quota_cpus(machine) / nprocs;
}

static void count_threads(struct cpu_shares *shares, const struct job_spec *spec, const struct placement *placement,
                          const struct machine *machine)
{
	bool count_cpus = spec->placement.bind_to == PLACE_HWTHREAD;
	uint32_t most = threads_within_quota(machine, placement->nprocs);
	uint32_t *ranks_per_unit = count_ranks_per_unit(shares, count_cpus);
	for (uint32_t number = 0; number < shares->count; number++) {
		struct cpu_share *share = &shares->items[number];
		share->threads = threads_of(share, ranks_per_unit, count_cpus);
		if (!share->place->bound && spec->placement.cpus_per_rank_given)
			share->threads = spec->placement.cpus_per_rank;
		if (share->threads > most)
			share->threads = most;
		if (share->threads == 0)
			share->threads = 1;
	}
	free(ranks_per_unit);
}

static char *format_set(struct arena *arena, const struct index_set *set)
{
	size_t length = index_set_format(set, NULL, 0);
	char *text = arena_alloc(arena, length + 1);
	index_set_format(set, text, length + 1);
	return text;
}

/* Where each CPU sits: by kernel number, its place in hardware order and its core. */
struct cpu_seat {
	uint32_t cpu;
	uint32_t order;
	uint32_t core;
};

static struct cpu_seat *seat_cpus(const struct cpu_shares *shares, const struct machine *machine)
{
	uint32_t count = count_numbers(shares, true);
	struct cpu_seat *seats = memory_zeroed(count * sizeof *seats);
	for (uint32_t cpu = 0; cpu < count; cpu++)
		seats[cpu] = (struct cpu_seat){.cpu = cpu, .order = cpu, .core = cpu};
	for (uint32_t thread = 0; machine != NULL && thread < machine->thread_count; thread++) {
		const struct hardware_thread *unit = &machine->threads[thread];
		if (unit->cpu < count)
			seats[unit->cpu] = (struct cpu_seat){.cpu = unit->cpu, .order = thread, .core = unit->core};
	}
	return seats;
}

static int by_hardware_order(const void *a, const void *b)
{
	const struct cpu_seat *left = a, *right = b;
	return (left->order > right->order) - (left->order < right->order);
}

enum place_width { PLACE_PER_CPU, PLACE_PER_CORE, ONE_PLACE };

/* A share with fewer threads than cores has one place: bound to the first cores of it, the threads of ranks that share
 * them would all meet there. */
static enum place_width place_width_of(const struct cpu_share *share, const struct job_spec *spec)
{
	bool per_cpu = spec->placement.bind_to == PLACE_HWTHREAD;
	if (share->threads < index_set_count(units_of(share, per_cpu)))
		return ONE_PLACE;
	return per_cpu ? PLACE_PER_CPU : PLACE_PER_CORE;
}

/* Neighbours in hardware stand beside one another, for a program whose user asks for OMP_PROC_BIND=close. */
static char *word_places(struct arena *arena, const struct index_set *cpus, const struct cpu_seat *seats,
                         enum place_width width)
{
	uint32_t count = index_set_count(cpus), filled = 0;
	assert(count > 0);
	struct cpu_seat *taken = memory_zeroed(count * sizeof *taken);
	for (index_set_each(cpus, cpu))
		taken[filled++] = seats[cpu];
	qsort(taken, count, sizeof *taken, by_hardware_order);
	struct text text = {0};
	for (uint32_t i = 0; i < count; i++) {
		bool same_core = i > 0 && width == PLACE_PER_CORE && taken[i].core == taken[i - 1].core;
		bool together = width == ONE_PLACE || same_core;
		text_add_format(&text, "%s%" PRIu32, i == 0 ? "{" : together ? "," : "},{", taken[i].cpu);
	}
	text_add(&text, "}");
	char *places = arena_copy_bytes(arena, text.bytes, text.length);
	text_finish(&text);
	free(taken);
	return places;
}

static void word_shares(struct cpu_shares *shares, struct arena *arena, const struct job_spec *spec,
                        const struct machine *machine)
{
	struct cpu_seat *seats = seat_cpus(shares, machine);
	for (uint32_t number = 0; number < shares->count; number++) {
		struct cpu_share *share = &shares->items[number];
		share->cpus = format_set(arena, &share->place->cpus);
		if (share->place->bound)
			share->places = word_places(arena, &share->place->cpus, seats, place_width_of(share, spec));
	}
	free(seats);
}

void cpu_shares_make(struct cpu_shares *shares, struct arena *arena, const struct job_spec *spec,
                     const struct placement *placement, const struct machine *machine)
{
	*shares = (struct cpu_shares){0};
	shares->of_rank = arena_alloc_array(arena, placement->nprocs, sizeof *shares->of_rank);
	sort_into_shares(shares, arena, placement);
	count_threads(shares, spec, placement, machine);
	word_shares(shares, arena, spec, machine);
}
