/* SPDX-License-Identifier: MIT
 *
 * placement: what must hold for every plan, whatever the machine and the request, and what is refused.
 */
#include "placement_draw.h"

#include "base/error.h"

#include <errno.h>

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

/* More CPUs than any machine has are no fewer than those that it has. */
static void the_largest_quota_limits_nothing(void **state)
{
	(void)state;
	struct drawn drawn;
	struct placement placement;
	begin_with(&drawn, "core:4 pu:1");
	drawn.spec.nprocs = NPROCS_AUTO;
	drawn.machine.quota_millicpus = UINT32_MAX;
	assert_int_equal(placement_make(&placement, &drawn.spec, &drawn.machine, NULL), 0);
	assert_int_equal(placement.nprocs, 4);
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
		cmocka_unit_test(the_same_request_gives_the_same_plan),
		cmocka_unit_test(the_most_ranks_that_there_can_be_are_placed),
		cmocka_unit_test(the_largest_quota_limits_nothing),
		cmocka_unit_test(a_machine_without_allowed_cpus_is_refused),
		cmocka_unit_test(an_explicit_list_must_not_be_empty_or_outside_cpu_set),
	};
	draw_from_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, forget_shapes);
}
