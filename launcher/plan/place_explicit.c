/* SPDX-License-Identifier: MIT
 *
 * place_explicit: see place_explicit.h.
 */
#include "plan/place_explicit.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/place_binding.h"
#include "plan/place_held.h"
#include "plan/place_reason.h"
#include "plan/place_warnings.h"
#include "plan/place_words.h"

#include <errno.h>
#include <inttypes.h>

#define LISTS "placement.rank_cpus"

int place_explicit_nprocs(uint32_t *nprocs, const struct placement_spec *request, struct error *err)
{
	if (*nprocs != NPROCS_AUTO && *nprocs != request->rank_cpus_count)
		return error_set_key(err, -EINVAL, LISTS,
		                     "it has %" PRIu32 " lists for %" PRIu32
		                     " ranks: give one list a rank, or leave nprocs to auto",
		                     request->rank_cpus_count, *nprocs);
	*nprocs = request->rank_cpus_count;
	return 0;
}

static int check_list(const struct place_pool *pool, uint32_t rank, struct error *err)
{
	const struct index_set *list = &pool->request->rank_cpus[rank];
	if (index_set_is_empty(list))
		return error_set(err, -EINVAL, "the list is empty");
	int rc = place_pool_check_cpus(pool->machine, list, err);
	if (rc < 0 || index_set_is_empty(&pool->request->cpu_set) || index_set_contains(&pool->request->cpu_set, list))
		return rc;
	struct index_set outside = {0};
	struct text text = {0};
	index_set_copy(&outside, list);
	index_set_subtract(&outside, &pool->request->cpu_set);
	place_words_set(&text, "CPU", "CPUs", &outside);
	rc = error_set(err, -EINVAL, "%s not in placement.cpu_set", text.bytes);
	text_finish(&text);
	index_set_finish(&outside);
	return rc;
}

static void blame_list(struct error *err, uint32_t rank)
{
	error_prefix(err, "rank %" PRIu32, rank);
	error_about(err, LISTS);
}

static void bind_to_list(struct place_binding *binding, const struct place_pool *pool, uint32_t rank)
{
	const struct machine *machine = pool->machine;
	binding->rank_count = 1;
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (index_set_has(&pool->request->rank_cpus[rank], machine->threads[i].cpu))
			place_binding_add_thread(binding, machine, i);
}

static void give_reason(struct rank_placement *rank, struct placement *placement, const struct place_pool *pool)
{
	struct text why = {0};
	text_add(&why, "as rank_cpus says: ");
	place_words_set(&why, "core", "cores", &rank->cores);
	place_reason_add_where(&why, pool->machine, &rank->cores, pool->cores);
	rank->why = arena_copy(&placement->arena, why.bytes);
	text_finish(&why);
}

static void fill_ranks(struct placement *placement, const struct place_pool *pool, struct place_binding *bindings)
{
	place_bindings_find_shared(bindings, placement->nprocs, pool->machine);
	for (uint32_t i = 0; i < placement->nprocs; i++) {
		struct rank_placement *rank = &placement->ranks[i];
		index_set_copy(&rank->cpus, &bindings[i].cpus);
		index_set_copy(&rank->cores, &bindings[i].cores);
		place_set_nodes(&rank->nodes, &bindings[i].nodes, pool->machine);
		rank->bound = true;
		rank->shared = bindings[i].shared;
		give_reason(rank, placement, pool);
	}
}

int place_explicitly(struct placement *placement, const struct place_pool *pool, struct error *err)
{
	struct place_binding *bindings = memory_zeroed(placement->nprocs * sizeof *bindings);
	int rc = 0;
	for (uint32_t rank = 0; rc == 0 && rank < placement->nprocs; rank++) {
		rc = check_list(pool, rank, err);
		if (rc == 0)
			bind_to_list(&bindings[rank], pool, rank);
		else
			blame_list(err, rank);
	}
	if (rc == 0)
		rc = place_check_overlap(placement, pool->request, err);
	if (rc == 0)
		rc = place_held_check_lists(pool->request, pool->machine, err);
	if (rc == 0) {
		fill_ranks(placement, pool, bindings);
		place_warn_explicit(placement, pool);
	}
	place_bindings_free(bindings, placement->nprocs);
	return rc;
}
