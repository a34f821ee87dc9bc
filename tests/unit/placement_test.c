/* SPDX-License-Identifier: MIT
 *
 * placement: what must hold for every plan, whatever the machine and the request. Machines and requests are drawn at
 * random from a seed that is printed, so that a failure can be had again: placement_test SEED.
 */
#include "unit_test.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"
#include "plan/placement.h"
#include "spec/job_spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3000, SHAPES = 150 };

static uint64_t seed = 20261120;

static uint32_t random_below(uint32_t limit)
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

static const struct shape *draw_shape(void)
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

static void forget_shapes(void)
{
	for (size_t i = 0; i < SHAPES; i++) {
		free(shapes[i].source);
		machine_finish(&shapes[i].machine);
	}
}

static void *copy_of(const void *bytes, size_t length)
{
	void *copy = memory_zeroed(length);
	return memcpy(copy, bytes, length);
}

static void draw_machine(struct drawn *drawn)
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

static void draw_request(struct drawn *drawn)
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

static void finish(struct drawn *drawn)
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

static bool counts_threads(const struct placement_spec *request)
{
	return request->bind_to == PLACE_HWTHREAD || (request->map_by == PLACE_HWTHREAD && request->cpus_per_rank == 1);
}

/* The CPUs that this request may use, as the rules say it. */
static void usable_cpus(const struct drawn *drawn, struct index_set *usable)
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

static uint32_t count_cores(const struct drawn *drawn, const struct index_set *cpus)
{
	struct index_set cores = {0};
	for (uint32_t i = 0; i < drawn->machine.thread_count; i++)
		if (index_set_has(cpus, drawn->machine.threads[i].cpu))
			index_set_add(&cores, drawn->machine.threads[i].core);
	uint32_t count = index_set_count(&cores);
	index_set_finish(&cores);
	return count;
}

static void every_rank_is_sound(const struct drawn *drawn, const struct placement *placement,
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

/* Where ranks are bound to their own units, no unit has two ranks more than another, and none is shared needlessly. */
static void loads_are_balanced(const struct drawn *drawn, const struct placement *placement,
                               const struct index_set *usable, uint32_t units)
{
	const struct placement_spec *request = &drawn->spec.placement;
	bool by_cpu = request->bind_to == PLACE_HWTHREAD;
	if (!by_cpu && (request->bind_to != PLACE_CORE || counts_threads(request)))
		return;
	uint32_t *loads = memory_zeroed((INDEX_SET_MAX + 1) * sizeof *loads);
	struct index_set all = {0};
	uint32_t least = UINT32_MAX, most = 0;
	for (uint32_t i = 0; i < drawn->machine.thread_count; i++)
		if (index_set_has(usable, drawn->machine.threads[i].cpu))
			index_set_add(&all, by_cpu ? drawn->machine.threads[i].cpu : drawn->machine.threads[i].core);
	for (uint32_t rank = 0; rank < placement->nprocs; rank++)
		for (index_set_each(by_cpu ? &placement->ranks[rank].cpus : &placement->ranks[rank].cores, unit))
			loads[unit]++;
	for (index_set_each(&all, unit)) {
		least = loads[unit] < least ? loads[unit] : least;
		most = loads[unit] > most ? loads[unit] : most;
	}
	HOLDS(drawn, most - least <= 1);
	HOLDS(drawn, most <= 1 || (uint64_t)placement->nprocs * request->cpus_per_rank > units);
	index_set_finish(&all);
	free(loads);
}

/* Packed: the first core of each rank is behind that of the rank before, as long as there are cores for all. */
static void packed_ranks_are_in_order(const struct drawn *drawn, const struct placement *placement, uint32_t units)
{
	const struct placement_spec *request = &drawn->spec.placement;
	if (request->map_by != PLACE_CORE || request->bind_to != PLACE_CORE ||
	    (uint64_t)placement->nprocs * request->cpus_per_rank > units)
		return;
	for (uint32_t rank = 1; rank < placement->nprocs; rank++)
		HOLDS(drawn, index_set_first(&placement->ranks[rank - 1].cores) <
		                     index_set_first(&placement->ranks[rank].cores));
}

/* Each rank gets what it asked for, as long as there is as much. */
static void ranks_get_what_they_ask_for(const struct drawn *drawn, const struct placement *placement, uint32_t units)
{
	const struct placement_spec *request = &drawn->spec.placement;
	uint32_t wanted = request->cpus_per_rank < units ? request->cpus_per_rank : units;
	for (uint32_t rank = 0; rank < placement->nprocs; rank++) {
		const struct rank_placement *place = &placement->ranks[rank];
		if (request->bind_to == PLACE_HWTHREAD)
			HOLDS(drawn, index_set_count(&place->cpus) == wanted);
		else if (request->bind_to == PLACE_CORE && !counts_threads(request))
			HOLDS(drawn, index_set_count(&place->cores) == wanted);
		else if (!counts_threads(request))
			HOLDS(drawn, index_set_count(&place->cores) >= wanted);
	}
}

static void shared_tells_the_truth(const struct drawn *drawn, const struct placement *placement)
{
	for (uint32_t rank = 0; rank < placement->nprocs; rank++) {
		bool overlaps = false;
		for (uint32_t other = 0; other < placement->nprocs; other++)
			overlaps = overlaps || (other != rank && index_set_intersects(&placement->ranks[rank].cores,
			                                                              &placement->ranks[other].cores));
		HOLDS(drawn, placement->ranks[rank].shared == overlaps);
	}
}

static void too_many_ranks_are_told(const struct drawn *drawn, const struct placement *placement, uint32_t units)
{
	bool told = false;
	for (uint32_t i = 0; i < placement->warning_count; i++)
		told = told || strstr(placement->warnings[i], "may be used") != NULL;
	HOLDS(drawn, told == ((uint64_t)placement->nprocs * drawn->spec.placement.cpus_per_rank > units));
}

static void auto_stays_within_the_machine(const struct drawn *drawn, const struct placement *placement, uint32_t units)
{
	uint32_t width = drawn->spec.placement.cpus_per_rank;
	if (drawn->spec.nprocs != NPROCS_AUTO) {
		HOLDS(drawn, placement->nprocs == drawn->spec.nprocs);
		return;
	}
	HOLDS(drawn, placement->nprocs >= 1);
	HOLDS(drawn, placement->nprocs == 1 || placement->nprocs * width <= units);
	uint32_t quota = (drawn->machine.quota_millicpus + 999) / 1000;
	HOLDS(drawn, quota == 0 || placement->nprocs == 1 || placement->nprocs * width <= quota);
}

static void refusing_too_many_names_what_would_fit(struct drawn *drawn, uint32_t nprocs, uint32_t units)
{
	struct placement placement = {0};
	struct error err = {0};
	drawn->spec.placement.oversubscribe = OVERSUBSCRIBE_REFUSE;
	int rc = placement_make(&placement, &drawn->spec, &drawn->machine, &err);
	if ((uint64_t)nprocs * drawn->spec.placement.cpus_per_rank > units) {
		HOLDS(drawn, rc == -EBUSY);
		HOLDS(drawn, strcmp(err.key, "placement.oversubscribe") == 0);
		HOLDS(drawn, placement.ranks == NULL);
	} else {
		HOLDS(drawn, rc == 0);
	}
	placement_finish(&placement);
}

static void what_must_hold_holds_for_random_machines_and_requests(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct drawn drawn = {0};
		struct placement placement = {0};
		struct index_set usable = {0};
		struct error err = {0};
		draw_machine(&drawn);
		draw_request(&drawn);
		HOLDS(&drawn, placement_make(&placement, &drawn.spec, &drawn.machine, &err) == 0);
		usable_cpus(&drawn, &usable);
		uint32_t units =
			counts_threads(&drawn.spec.placement) ? index_set_count(&usable) : count_cores(&drawn, &usable);
		every_rank_is_sound(&drawn, &placement, &usable);
		loads_are_balanced(&drawn, &placement, &usable, units);
		packed_ranks_are_in_order(&drawn, &placement, units);
		ranks_get_what_they_ask_for(&drawn, &placement, units);
		shared_tells_the_truth(&drawn, &placement);
		too_many_ranks_are_told(&drawn, &placement, units);
		auto_stays_within_the_machine(&drawn, &placement, units);
		refusing_too_many_names_what_would_fit(&drawn, placement.nprocs, units);
		placement_finish(&placement);
		index_set_finish(&usable);
		finish(&drawn);
	}
}

static const struct hardware_thread *worst_of_core(const struct machine *machine, uint32_t core)
{
	const struct hardware_thread *worst = NULL;
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		if (thread->core == core && (worst == NULL || thread->holder_count > worst->holder_count))
			worst = thread;
	}
	return worst;
}

/* Up to three jobs hold whole cores. */
static void draw_holders(struct drawn *drawn)
{
	struct core_holds holds = {0};
	uint32_t jobs = 1 + random_below(3), often = 1 + random_below(4);
	for (uint32_t job = 0; job < jobs; job++) {
		bool exclusive = random_below(4) == 0;
		for (uint32_t core = 0; core < drawn->machine.core_count; core++) {
			if (random_below(often) != 0)
				continue;
			for (uint32_t i = 0; i < drawn->machine.thread_count; i++) {
				if (drawn->machine.threads[i].core != core)
					continue;
				holds.items = memory_resized(holds.items, holds.count + 1, sizeof *holds.items);
				struct core_hold *hold = &holds.items[holds.count++];
				*hold = (struct core_hold){.cpu = drawn->machine.threads[i].cpu,
				                           .note = {.uid = job, .exclusive = exclusive}};
				snprintf(hold->note.job, sizeof hold->note.job, "job-%u", job);
			}
		}
	}
	machine_holders_set(&drawn->machine, &holds, NULL);
	core_holds_finish(&holds);
	drawn->spec.placement.exclusive = drawn->spec.placement.exclusive_given = random_below(3) == 0;
}

/* Nobody's cores are taken who shares with nobody; others' only by who may, and only when there was no other way. */
static void others_are_minded(const struct drawn *drawn, const struct placement *placement, uint32_t free_units)
{
	uint64_t wanted = (uint64_t)placement->nprocs * drawn->spec.placement.cpus_per_rank;
	bool shares = false;
	for (uint32_t rank = 0; rank < placement->nprocs; rank++) {
		for (index_set_each(&placement->ranks[rank].cores, core)) {
			const struct hardware_thread *thread = worst_of_core(&drawn->machine, core);
			HOLDS(drawn, !thread->held_exclusively);
			HOLDS(drawn, thread->holder_count == 0 || !drawn->spec.placement.exclusive);
			shares |= thread->holder_count > 0;
		}
	}
	HOLDS(drawn, shares == !index_set_is_empty(&placement->shared));
	HOLDS(drawn, shares == (placement->shared_with_count > 0));
	HOLDS(drawn, !shares || wanted > free_units);
}

static uint32_t count_free_units(const struct drawn *drawn, const struct index_set *usable)
{
	struct index_set free_cpus = {0};
	for (uint32_t i = 0; i < drawn->machine.thread_count; i++) {
		const struct hardware_thread *thread = &drawn->machine.threads[i];
		if (index_set_has(usable, thread->cpu) && thread->holder_count == 0)
			index_set_add(&free_cpus, thread->cpu);
	}
	uint32_t count =
		counts_threads(&drawn->spec.placement) ? index_set_count(&free_cpus) : count_cores(drawn, &free_cpus);
	index_set_finish(&free_cpus);
	return count;
}

static void what_other_jobs_hold_is_left_to_them_as_far_as_it_goes(void **state)
{
	(void)state;
	uint32_t refused = 0, shared = 0;
	for (int round = 0; round < ROUNDS; round++) {
		struct drawn drawn = {0};
		struct placement placement = {0};
		struct index_set usable = {0};
		struct error err = {0};
		draw_machine(&drawn);
		draw_request(&drawn);
		drawn.spec.placement.bind_to = (enum place_level)(1 + random_below(PLACE_PACKAGE));
		draw_holders(&drawn);
		usable_cpus(&drawn, &usable);
		uint32_t free_units = count_free_units(&drawn, &usable);
		int rc = placement_make(&placement, &drawn.spec, &drawn.machine, &err);
		HOLDS(&drawn, rc == 0 || rc == -EAGAIN);
		if (rc == 0) {
			every_rank_is_sound(&drawn, &placement, &usable);
			shared_tells_the_truth(&drawn, &placement);
			others_are_minded(&drawn, &placement, free_units);
			shared += placement.shared_with_count > 0;
		} else {
			refused++;
			HOLDS(&drawn, strstr(err.text, "held by job job-") != NULL);
		}
		placement_finish(&placement);
		index_set_finish(&usable);
		finish(&drawn);
	}
	assert_in_range(refused, ROUNDS / 20, ROUNDS);
	assert_in_range(shared, ROUNDS / 20, ROUNDS);
}

static void the_same_request_gives_the_same_plan(void **state)
{
	(void)state;
	struct drawn drawn = {0};
	struct placement one, other;
	draw_machine(&drawn);
	draw_request(&drawn);
	assert_int_equal(placement_make(&one, &drawn.spec, &drawn.machine, NULL), 0);
	assert_int_equal(placement_make(&other, &drawn.spec, &drawn.machine, NULL), 0);
	for (uint32_t rank = 0; rank < one.nprocs; rank++) {
		assert_true(index_set_equal(&one.ranks[rank].cpus, &other.ranks[rank].cpus));
		assert_string_equal(one.ranks[rank].why, other.ranks[rank].why);
	}
	placement_finish(&one);
	placement_finish(&other);
	finish(&drawn);
}

static void begin_with(struct drawn *drawn, const char *topology)
{
	*drawn = (struct drawn){0};
	assert_int_equal(machine_load(&drawn->machine, topology, NULL), 0);
	job_spec_init(&drawn->spec);
}

static void the_most_ranks_that_there_can_be_are_placed(void **state)
{
	(void)state;
	struct drawn drawn;
	struct placement placement;
	begin_with(&drawn, "package:4 numa:4 l3:4 core:8 pu:2");
	drawn.spec.nprocs = RANKS_MAX;
	assert_int_equal(placement_make(&placement, &drawn.spec, &drawn.machine, NULL), 0);
	assert_int_equal(placement.nprocs, RANKS_MAX);
	assert_int_equal(index_set_count(&placement.ranks[RANKS_MAX - 1].cpus), 2);
	placement_finish(&placement);
	finish(&drawn);
}

static void a_machine_without_allowed_cpus_is_refused(void **state)
{
	(void)state;
	struct drawn drawn;
	struct placement placement;
	struct error err;
	begin_with(&drawn, "core:2 pu:1");
	index_set_clear(&drawn.machine.allowed);
	assert_int_equal(placement_make(&placement, &drawn.spec, &drawn.machine, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no CPU that may be used"));
	finish(&drawn);
}

static void an_explicit_list_must_not_be_empty_or_outside_cpu_set(void **state)
{
	(void)state;
	struct drawn drawn;
	struct placement placement;
	struct error err;
	struct index_set lists[2] = {{0}, {0}};
	begin_with(&drawn, "core:4 pu:1");
	drawn.spec.nprocs = 2;
	drawn.spec.placement.rank_cpus = lists;
	drawn.spec.placement.rank_cpus_count = 2;
	index_set_add(&lists[0], 0);
	assert_int_equal(placement_make(&placement, &drawn.spec, &drawn.machine, &err), -EINVAL);
	assert_non_null(strstr(err.text, "rank 1: the list is empty"));
	index_set_add(&lists[1], 3);
	index_set_add_range(&drawn.spec.placement.cpu_set, 0, 1);
	assert_int_equal(placement_make(&placement, &drawn.spec, &drawn.machine, &err), -EINVAL);
	assert_non_null(strstr(err.text, "rank 1: CPU 3 not in placement.cpu_set"));
	drawn.spec.nprocs = 3;
	assert_int_equal(placement_make(&placement, &drawn.spec, &drawn.machine, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2 lists for 3 ranks"));
	drawn.spec.placement.rank_cpus = NULL;
	drawn.spec.placement.rank_cpus_count = 0;
	index_set_finish(&lists[0]);
	index_set_finish(&lists[1]);
	finish(&drawn);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_hold_holds_for_random_machines_and_requests),
		cmocka_unit_test(what_other_jobs_hold_is_left_to_them_as_far_as_it_goes),
		cmocka_unit_test(the_same_request_gives_the_same_plan),
		cmocka_unit_test(the_most_ranks_that_there_can_be_are_placed),
		cmocka_unit_test(a_machine_without_allowed_cpus_is_refused),
		cmocka_unit_test(an_explicit_list_must_not_be_empty_or_outside_cpu_set),
	};
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10) | 1;
	print_message("seed %llu\n", (unsigned long long)seed);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	forget_shapes();
	return failed;
}
