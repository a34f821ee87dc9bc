/* SPDX-License-Identifier: MIT
 *
 * placement_draw: machines and requests drawn at random from a seed that is printed, so that a failure can be had again
 * (placement_test SEED), and what must hold for every plan of theirs.
 */
#ifndef MUSTER_TESTS_PLACEMENT_DRAW_H
#define MUSTER_TESTS_PLACEMENT_DRAW_H

#include "unit_test.h"

#include "base/memory.h"
#include "base/text.h"
#include "machine/machine.h"
#include "plan/placement.h"
#include "spec/job_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3000, SHAPES = 150 };

static uint64_t seed = 20261120;

static inline uint32_t random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % limit);
}

struct drawn {
	struct text description; /* for the message when something does not hold */
	struct machine machine;
	struct job_spec spec;
};

/* Machines are read in a process of their own, which takes longer than all else: each shape is read once. */
struct shape {
	char *source; /* NULL: not drawn yet */
	struct machine machine;
};

static struct shape shapes[SHAPES];

static inline const struct shape *draw_shape(void)
{
	static const char *const forms[] = {
		"package:%u numa:%u l3:%u core:%u pu:%u",
		"numa:%u package:%u l3:%u core:%u pu:%u",
		"package:%u l3:%u numa:%u core:%u pu:%u",
		"package:%u numa:%u group:%u core:%u pu:%u",
	};
	struct shape *shape = &shapes[random_below(SHAPES)];
	if (shape->source != NULL)
		return shape;
	struct text source = {0};
	text_add_format(&source, forms[random_below(COUNT_OF(forms))], 1 + random_below(3), 1 + random_below(3),
	                1 + random_below(3), 1 + random_below(6), 1 + random_below(3));
	assert_int_equal(machine_load(&shape->machine, source.bytes, NULL), 0);
	shape->source = source.bytes;
	return shape;
}

static inline int forget_shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHAPES; i++) {
		free(shapes[i].source);
		machine_finish(&shapes[i].machine);
	}
	return 0;
}

static inline void *copy_of(const void *bytes, size_t length)
{
	void *copy = memory_zeroed(length);
	return memcpy(copy, bytes, length);
}

static inline void draw_machine(struct drawn *drawn)
{
	const struct shape *shape = draw_shape();
	struct machine *machine = &drawn->machine;
	*machine = shape->machine;
	machine->description = memory_copy_text(machine->description);
	machine->threads = copy_of(machine->threads, machine->thread_count * sizeof *machine->threads);
	machine->nodes = copy_of(machine->nodes, machine->node_count * sizeof *machine->nodes);
	machine->allowed = (struct index_set){0};
	index_set_copy(&machine->allowed, &shape->machine.allowed);
	text_add_format(&drawn->description, "%s; allowed", shape->source);
	/* Some hardware threads are taken away, never all. */
	bool masks = random_below(2) == 0;
	for (uint32_t i = 0; masks && i < drawn->machine.thread_count; i++) {
		struct hardware_thread *thread = &drawn->machine.threads[i];
		if (random_below(3) != 0 || index_set_count(&drawn->machine.allowed) == 1)
			continue;
		thread->access = random_below(2) == 0 ? THREAD_OUTSIDE_CPUSET : THREAD_OUTSIDE_AFFINITY;
		index_set_remove(&drawn->machine.allowed, thread->cpu);
	}
	char list[512];
	index_set_format(&drawn->machine.allowed, list, sizeof list);
	text_add_format(&drawn->description, " %s", list);
	if (random_below(4) == 0)
		drawn->machine.quota_millicpus = 1 + random_below(20000);
}

static inline void draw_request(struct drawn *drawn)
{
	struct placement_spec *request = &drawn->spec.placement;
	job_spec_init(&drawn->spec);
	drawn->spec.nprocs = random_below(3) == 0 ? NPROCS_AUTO : 1 + random_below(80);
	request->bind_to = (enum place_level)random_below(PLACE_PACKAGE + 1);
	request->map_by = (enum place_level)(1 + random_below(PLACE_PACKAGE));
	request->cpus_per_rank = random_below(2) == 0 ? 1 : 1 + random_below(9);
	request->smt = random_below(4) == 0 ? SMT_ONE : SMT_ALL;
	if (random_below(4) == 0)
		for (index_set_each(&drawn->machine.allowed, cpu))
			if (random_below(2) == 0)
				index_set_add(&request->cpu_set, cpu);
	text_add_format(&drawn->description, "; nprocs %u, bind_to %s, map_by %s, cpus_per_rank %u, smt %d",
	                drawn->spec.nprocs, place_level_name(request->bind_to), place_level_name(request->map_by),
	                request->cpus_per_rank, request->smt);
}

static inline void finish(struct drawn *drawn)
{
	machine_finish(&drawn->machine);
	job_spec_finish(&drawn->spec);
	text_finish(&drawn->description);
}

#define HOLDS(drawn, condition)                                                                                        \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			fail_msg("%s: does not hold for %s", #condition, (drawn)->description.bytes);                  \
	} while (0)

static inline bool counts_threads(const struct placement_spec *request)
{
	return request->bind_to == PLACE_HWTHREAD || (request->map_by == PLACE_HWTHREAD && request->cpus_per_rank == 1);
}

/* The CPUs that this request may use, as the rules say it. */
static inline void usable_cpus(const struct drawn *drawn, struct index_set *usable)
{
	const struct placement_spec *request = &drawn->spec.placement;
	uint32_t core = NO_OBJECT;
	for (uint32_t i = 0; i < drawn->machine.thread_count; i++) {
		const struct hardware_thread *thread = &drawn->machine.threads[i];
		if (thread->access != THREAD_ALLOWED ||
		    (!index_set_is_empty(&request->cpu_set) && !index_set_has(&request->cpu_set, thread->cpu)) ||
		    (request->smt == SMT_ONE && core == thread->core))
			continue;
		index_set_add(usable, thread->cpu);
		core = thread->core;
	}
}

static inline uint32_t count_cores(const struct drawn *drawn, const struct index_set *cpus)
{
	struct index_set cores = {0};
	for (uint32_t i = 0; i < drawn->machine.thread_count; i++)
		if (index_set_has(cpus, drawn->machine.threads[i].cpu))
			index_set_add(&cores, drawn->machine.threads[i].core);
	uint32_t count = index_set_count(&cores);
	index_set_finish(&cores);
	return count;
}

static inline void every_rank_is_sound(const struct drawn *drawn, const struct placement *placement,
                                       const struct index_set *usable)
{
	for (uint32_t rank = 0; rank < placement->nprocs; rank++) {
		const struct rank_placement *place = &placement->ranks[rank];
		HOLDS(drawn, !index_set_is_empty(&place->cpus));
		HOLDS(drawn, !index_set_is_empty(&place->cores));
		HOLDS(drawn, index_set_contains(usable, &place->cpus));
		HOLDS(drawn, place->why != NULL && place->why[0] != '\0');
		HOLDS(drawn, count_cores(drawn, &place->cpus) == index_set_count(&place->cores));
		HOLDS(drawn, place->bound || drawn->spec.placement.bind_to == PLACE_NONE);
	}
}

static inline void shared_tells_the_truth(const struct drawn *drawn, const struct placement *placement)
{
	for (uint32_t rank = 0; rank < placement->nprocs; rank++) {
		bool overlaps = false;
		for (uint32_t other = 0; other < placement->nprocs; other++)
			overlaps = overlaps || (other != rank && index_set_intersects(&placement->ranks[rank].cores,
			                                                              &placement->ranks[other].cores));
		HOLDS(drawn, placement->ranks[rank].shared == overlaps);
	}
}

/* For main(): the seed is the first argument, or the usual one. */
static inline void draw_from_seed(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10) | 1;
	print_message("seed %llu\n", (unsigned long long)seed);
}

#endif
