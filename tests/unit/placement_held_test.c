/* SPDX-License-Identifier: MIT
 *
 * placement: what other jobs hold is left to them, whatever the machine and the request.
 */
#include "placement_draw.h"

#include "base/error.h"
#include "machine/core_lease.h"
#include "machine/machine_holders.h"

#include <errno.h>

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_other_jobs_hold_is_left_to_them_as_far_as_it_goes),
	};
	draw_from_seed(argc, argv);
	return cmocka_run_group_tests(tests, NULL, forget_shapes);
}
