/* SPDX-License-Identifier: MIT
 *
 * placement: see placement.h. Reads as its rules: what is usable, how many ranks, slots, bindings, reasons, warnings.
 */
#include "plan/placement.h"

#include "base/error.h"
#include "base/text.h"
#include "machine/machine_holders.h"
#include "plan/place_binding.h"
#include "plan/place_explicit.h"
#include "plan/place_held.h"
#include "plan/place_pool.h"
#include "plan/place_reason.h"
#include "plan/place_slots.h"
#include "plan/place_warnings.h"
#include "plan/place_words.h"

#include <inttypes.h>
#include <string.h>

static uint32_t at_least_one(uint32_t count)
{
	return count > 0 ? count : 1;
}

static void explain_quota(struct text *why, const struct machine *machine, uint32_t width)
{
	text_add(why, "what the CPU quota of ");
	place_words_thousandths(why, machine->quota_millicpus);
	text_add(why, " CPUs, rounded up, gives");
	if (width > 1)
		text_add_format(why, " with %" PRIu32 " a rank", width);
}

/* Cores, or hardware threads where ranks are bound to these. */
static uint32_t count_fitting(const struct job_spec *spec, const struct place_pool *pool)
{
	bool by_core = pool->unit_is_thread && spec->placement.bind_to != PLACE_HWTHREAD;
	return by_core ? pool->core_count : pool->unit_count;
}

static void explain_nprocs(struct text *why, const struct job_spec *spec, const struct place_pool *pool,
                           bool quota_decides, const char *which)
{
	uint32_t width = spec->placement.cpus_per_rank;
	const char *noun = place_noun(spec->placement.bind_to == PLACE_HWTHREAD ? PLACE_HWTHREAD : PLACE_CORE, false);
	if (!index_set_is_empty(&pool->held->shared))
		text_add(why, "one rank, for other jobs hold the cores");
	else if (quota_decides)
		explain_quota(why, pool->machine, width);
	else if (width == 1)
		text_add_format(why, "one rank for each %s that %s", noun, which);
	else
		text_add_format(why, "one rank for every %" PRIu32 " of the %" PRIu32 " %ss that %s", width,
		                count_fitting(spec, pool), noun, which);
}

static void choose_nprocs(struct placement *placement, const struct job_spec *spec, const struct place_pool *pool)
{
	uint32_t width = spec->placement.cpus_per_rank;
	uint32_t by_units = at_least_one(count_fitting(spec, pool) / width);
	uint32_t by_quota = at_least_one(machine_quota_cpus(pool->machine) / width);
	placement->nprocs = by_units < by_quota ? by_units : by_quota;
	if (placement->nprocs > RANKS_MAX)
		placement->nprocs = RANKS_MAX;
	bool fewer = !index_set_is_empty(&pool->held->left_out) && by_units <= by_quota;
	if (fewer && index_set_is_empty(&pool->held->shared) && pool->held->withheld_units == 0)
		place_warn_fewer(placement, pool);
	struct text why = {0};
	explain_nprocs(&why, spec, pool, by_quota < by_units, fewer ? "no other job holds" : "may be used");
	placement->nprocs_why = arena_copy(&placement->arena, why.bytes);
	text_finish(&why);
}

static void fill_rank(struct rank_placement *rank, const struct place_binding *binding, const struct machine *machine)
{
	index_set_copy(&rank->cpus, &binding->cpus);
	index_set_copy(&rank->cores, &binding->cores);
	place_set_nodes(&rank->nodes, &binding->nodes, machine);
	rank->shared = binding->shared;
}

static void fill_ranks(struct placement *placement, const struct place_pool *pool, const struct place_slots *slots,
                       const struct place_binding *bindings)
{
	struct text why = {0};
	bool bound = pool->request->bind_to != PLACE_NONE || !index_set_equal(&pool->usable, &pool->machine->allowed);
	for (uint32_t window = 0; window < slots->window_count; window++) {
		why.length = 0;
		place_reason(&why, pool, slots, window, &bindings[window]);
		size_t reason_length = why.length;
		for (uint32_t rank = window; rank < placement->nprocs; rank += slots->window_count) {
			struct rank_placement *to = &placement->ranks[rank];
			fill_rank(to, &bindings[window], pool->machine);
			to->bound = bound;
			why.length = reason_length;
			place_reason_add_round(&why, pool, slots, rank);
			to->why = arena_copy_bytes(&placement->arena, why.bytes, why.length);
		}
	}
	text_finish(&why);
}

static int place_by_rules(struct placement *placement, const struct place_pool *pool, struct error *err)
{
	struct place_slots slots;
	int rc = place_check_oversubscription(pool, placement->nprocs, err);
	if (rc < 0)
		return rc;
	place_slots_make(&slots, pool, placement->nprocs);
	struct place_binding *bindings = place_bindings_make(pool, &slots, placement->nprocs);
	fill_ranks(placement, pool, &slots, bindings);
	place_warn(placement, pool);
	place_bindings_free(bindings, slots.window_count);
	place_slots_finish(&slots);
	return 0;
}

static void make_ranks(struct placement *placement)
{
	placement->ranks = arena_alloc_array(&placement->arena, placement->nprocs, sizeof *placement->ranks);
}

static int place(struct placement *placement, const struct job_spec *spec, const struct machine *machine,
                 const struct place_held *held, struct error *err)
{
	struct placement made = {.nprocs = spec->nprocs};
	struct place_pool pool;
	int rc = place_pool_make(&pool, &spec->placement, machine, held, err);
	if (rc < 0)
		return rc;
	if (spec->placement.rank_cpus != NULL) {
		rc = place_explicit_nprocs(&made.nprocs, &spec->placement, err);
		if (rc == 0) {
			make_ranks(&made);
			rc = place_explicitly(&made, &pool, err);
		}
	} else {
		if (spec->nprocs == NPROCS_AUTO)
			choose_nprocs(&made, spec, &pool);
		make_ranks(&made);
		rc = place_by_rules(&made, &pool, err);
	}
	place_pool_finish(&pool);
	if (rc < 0) {
		placement_finish(&made);
		return rc;
	}
	*placement = made;
	return 0;
}

int placement_make(struct placement *placement, const struct job_spec *spec, const struct machine *machine,
                   struct error *err)
{
	struct place_held held = {0};
	int rc = place_held_choose(&held, spec, machine, err);
	if (rc == 0)
		rc = place(placement, spec, machine, &held, err);
	place_held_finish(&held);
	return rc;
}

bool placement_minds_others(const struct placement_spec *request)
{
	return request->bind_to != PLACE_NONE && (request->exclusive || !request->exclusive_given);
}

void placement_cpus_to_hold(const struct placement *placement, const struct machine *machine, struct index_set *cpus)
{
	struct index_set used = {0};
	for (uint32_t rank = 0; rank < placement->nprocs; rank++)
		index_set_union(&used, &placement->ranks[rank].cpus);
	machine_whole_cores(machine, &used, cpus);
	index_set_finish(&used);
}

void placement_finish(struct placement *placement)
{
	for (uint32_t i = 0; placement->ranks != NULL && i < placement->nprocs; i++) {
		index_set_finish(&placement->ranks[i].cpus);
		index_set_finish(&placement->ranks[i].cores);
		index_set_finish(&placement->ranks[i].nodes);
	}
	index_set_finish(&placement->shared);
	arena_finish(&placement->arena);
	*placement = (struct placement){0};
}
