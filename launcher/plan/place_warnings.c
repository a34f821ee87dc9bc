/* SPDX-License-Identifier: MIT
 *
 * place_warnings: see place_warnings.h. Numbers first, then what they are compared with, then what to do.
 */
#include "plan/place_warnings.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "machine/machine_holders.h"
#include "plan/place_held.h"
#include "plan/place_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One more text at the end of a NULL-terminated list. */
static void append(struct placement *placement, char ***list, uint32_t *count, const char *text)
{
	char **more = arena_alloc_array(&placement->arena, *count + 2, sizeof *more);
	if (*count > 0)
		memcpy(more, *list, *count * sizeof *more);
	more[(*count)++] = arena_copy(&placement->arena, text);
	*list = more;
}

static void add_warning(struct placement *placement, struct text *text)
{
	append(placement, &placement->warnings, &placement->warning_count, text->bytes);
	text_finish(text);
}

static const char *unit_noun(const struct place_pool *pool, uint64_t count)
{
	return place_noun(pool->unit_is_thread ? PLACE_HWTHREAD : PLACE_CORE, count != 1);
}

static uint64_t units_wanted(const struct place_pool *pool, uint32_t nprocs)
{
	return (uint64_t)nprocs * pool->request->cpus_per_rank;
}

/* "4 ranks of 2 cores want 8 cores; 6 may be used". */
static void add_arithmetic(struct text *text, const struct place_pool *pool, uint32_t nprocs)
{
	uint32_t width = pool->request->cpus_per_rank;
	uint64_t wanted = units_wanted(pool, nprocs);
	text_add_format(text, "%" PRIu32 " %s", nprocs, nprocs == 1 ? "rank" : "ranks");
	if (width > 1)
		text_add_format(text, " of %" PRIu32 " %s", width, unit_noun(pool, width));
	text_add_format(text, " %s %" PRIu64 " %s; %" PRIu32 " may be used", nprocs == 1 ? "wants" : "want", wanted,
	                unit_noun(pool, wanted), pool->unit_count);
}

/* "CPU 0 is held by job train-0f3k9q2x7c of user 1000, and shared with nobody". */
static void add_withheld(struct text *text, const struct place_pool *pool)
{
	place_held_add_holders(text, pool->machine, &pool->held->withheld);
	text_add(text, ", and shared with nobody");
}

/* Where there would be enough for all ranks but for other jobs. */
static bool waiting_helps(const struct place_pool *pool, uint32_t nprocs)
{
	uint32_t withheld = pool->held->withheld_units;
	return withheld > 0 && units_wanted(pool, nprocs) <= (uint64_t)pool->unit_count + withheld;
}

int place_check_oversubscription(const struct place_pool *pool, uint32_t nprocs, struct error *err)
{
	if (pool->request->oversubscribe != OVERSUBSCRIBE_REFUSE || units_wanted(pool, nprocs) <= pool->unit_count)
		return 0;
	uint32_t width = pool->request->cpus_per_rank;
	uint32_t fitting = pool->unit_count / width;
	struct text text = {0};
	add_arithmetic(&text, pool, nprocs);
	text_add(&text, " (");
	place_words_set(&text, "CPU", "CPUs", &pool->usable);
	text_add(&text, ")");
	if (pool->held->withheld_units > 0) {
		text_add(&text, ". ");
		add_withheld(&text, pool);
		text_add(&text, ". ");
	} else {
		text_add(&text, ", and ");
	}
	text_add(&text, "placement.oversubscribe is set to refuse: ");
	if (waiting_helps(pool, nprocs))
		text_add_format(&text, "%s, ", place_held_waiting(pool->request).advice);
	if (fitting > 0)
		text_add_format(&text, "start at most %" PRIu32 " %s, or set it to allow", fitting,
		                fitting == 1 ? "rank" : "ranks");
	else
		text_add_format(&text, "ask for at most %" PRIu32 " cpus_per_rank, or set it to allow",
		                pool->unit_count);
	int rc = error_set_key(err, -EBUSY, "placement.oversubscribe", "%s", text.bytes);
	text_finish(&text);
	return rc;
}

static void warn_oversubscribed(struct placement *placement, const struct place_pool *pool)
{
	uint64_t wanted = units_wanted(pool, placement->nprocs);
	if (wanted <= pool->unit_count || pool->request->oversubscribe == OVERSUBSCRIBE_ALLOW)
		return;
	struct text text = {0};
	uint64_t fewest = wanted / pool->unit_count, most = (wanted + pool->unit_count - 1) / pool->unit_count;
	add_arithmetic(&text, pool, placement->nprocs);
	if (placement->nprocs == 1)
		text_add(&text, ": it gets those");
	else if (fewest >= placement->nprocs)
		text_add_format(&text, ": every rank shares %s", pool->unit_count == 1 ? "it" : "all of them");
	else if (fewest == most)
		text_add_format(&text, ": %" PRIu64 " ranks share each %s", most, unit_noun(pool, 1));
	else
		text_add_format(&text, ": %" PRIu64 " to %" PRIu64 " ranks share each %s", fewest, most,
		                unit_noun(pool, 1));
	add_warning(placement, &text);
}

static void warn_quota(struct placement *placement, const struct place_pool *pool, uint64_t wanted)
{
	const struct machine *machine = pool->machine;
	if (machine->quota_millicpus == 0 || wanted * 1000 <= machine->quota_millicpus)
		return;
	struct text text = {0};
	text_add(&text, "the CPU quota of ");
	place_words_thousandths(&text, machine->quota_millicpus);
	text_add_format(&text, " CPUs (%s) is less than the %" PRIu64 " %s that the ranks have: they may be throttled",
	                machine->quota_source != NULL ? machine->quota_source : "control group", wanted,
	                unit_noun(pool, wanted));
	add_warning(placement, &text);
}

static void warn_missing_level(struct placement *placement, const struct place_pool *pool)
{
	const struct placement_spec *request = pool->request;
	bool used = request->bind_to == PLACE_L3CACHE || request->map_by == PLACE_L3CACHE;
	if (!used || pool->l3cache_is == PLACE_L3CACHE)
		return;
	struct text text = {0};
	text_add_format(&text, "%s shows no L3 cache: %s stand in for L3 caches", place_words_machine(pool->machine),
	                place_noun(pool->l3cache_is, true));
	add_warning(placement, &text);
}

/* Ranks whose local nodes have no memory, or none that may be used. */
static void warn_memory(struct placement *placement, const struct place_pool *pool)
{
	struct index_set without = {0};
	if (pool->request->memory == MEMORY_NONE || pool->machine->node_count == 0)
		return;
	for (uint32_t rank = 0; rank < placement->nprocs; rank++)
		if (placement->ranks[rank].bound && index_set_is_empty(&placement->ranks[rank].nodes))
			index_set_add(&without, rank);
	if (!index_set_is_empty(&without)) {
		struct text text = {0};
		place_words_set(&text, "rank", "ranks", &without);
		text_add_format(&text, " %s no local NUMA node with memory that may be used: memory is left unbound",
		                index_set_count(&without) == 1 ? "has" : "have");
		add_warning(placement, &text);
	}
	index_set_finish(&without);
}

/* Which of the ranks' CPUs other jobs hold, and who they are. */
static void find_shared(struct placement *placement, const struct machine *machine)
{
	for (uint32_t i = 0; i < machine->holder_count; i++) {
		const struct core_holder *holder = &machine->holders[i];
		struct index_set both = {0};
		placement_cpus_to_hold(placement, machine, &both);
		index_set_intersect(&both, &holder->cpus);
		if (!index_set_is_empty(&both)) {
			index_set_union(&placement->shared, &both);
			append(placement, &placement->shared_with, &placement->shared_with_count, holder->note.job);
		}
		index_set_finish(&both);
	}
}

static void warn_held(struct placement *placement, const struct place_pool *pool)
{
	if (!placement_minds_others(pool->request))
		return;
	find_shared(placement, pool->machine);
	if (index_set_is_empty(&placement->shared))
		return;
	struct text text = {0};
	place_held_add_holders(&text, pool->machine, &placement->shared);
	text_add_format(&text, ": the ranks share %s%s; %s", index_set_count(&placement->shared) == 1 ? "it" : "them",
	                pool->request->rank_cpus != NULL ? "" : ", for too few cores are free",
	                place_held_waiting(pool->request).offer);
	add_warning(placement, &text);
}

static void warn_withheld(struct placement *placement, const struct place_pool *pool)
{
	if (pool->held->withheld_units == 0)
		return;
	struct text text = {0};
	add_withheld(&text, pool);
	text_add_format(&text, ": the ranks use the other cores only; %s", place_held_waiting(pool->request).offer);
	add_warning(placement, &text);
}

void place_warn_fewer(struct placement *placement, const struct place_pool *pool)
{
	struct text text = {0};
	struct index_set held = {0};
	machine_held_cpus(pool->machine, &held);
	index_set_intersect(&held, &pool->held->left_out);
	if (!index_set_is_empty(&pool->request->cpu_set))
		index_set_intersect(&held, &pool->request->cpu_set);
	if (!index_set_is_empty(&held)) {
		place_held_add_holders(&text, pool->machine, &held);
		text_add(&text, ": nprocs auto counts the other cores only");
		add_warning(placement, &text);
	}
	index_set_finish(&held);
}

void place_warn(struct placement *placement, const struct place_pool *pool)
{
	uint64_t wanted = units_wanted(pool, placement->nprocs);
	warn_held(placement, pool);
	warn_withheld(placement, pool);
	warn_oversubscribed(placement, pool);
	warn_quota(placement, pool, wanted < pool->unit_count ? wanted : pool->unit_count);
	warn_missing_level(placement, pool);
	warn_memory(placement, pool);
}

/* The first two lists that have a CPU in common. */
static bool find_overlap(const struct placement_spec *request, uint32_t *one, uint32_t *other, uint32_t *cpu)
{
	uint32_t *owner = memory_zeroed((INDEX_SET_MAX + 1) * sizeof *owner);
	bool found = false;
	for (uint32_t rank = 0; !found && rank < request->rank_cpus_count; rank++) {
		for (index_set_each(&request->rank_cpus[rank], member)) {
			if (owner[member] != 0) {
				*one = owner[member] - 1;
				*other = rank;
				*cpu = member;
				found = true;
				break;
			}
			owner[member] = rank + 1;
		}
	}
	free(owner);
	return found;
}

int place_check_overlap(struct placement *placement, const struct placement_spec *request, struct error *err)
{
	uint32_t one, other, cpu;
	if (request->oversubscribe == OVERSUBSCRIBE_ALLOW || !find_overlap(request, &one, &other, &cpu))
		return 0;
	struct text text = {0};
	text_add_format(&text, "placement.rank_cpus gives CPU %" PRIu32 " to rank %" PRIu32 " and to rank %" PRIu32,
	                cpu, one, other);
	if (request->oversubscribe == OVERSUBSCRIBE_WARN) {
		add_warning(placement, &text);
		return 0;
	}
	int rc = error_set_key(err, -EBUSY, "placement.oversubscribe",
	                       "it is set to refuse, and %s: give each its own, or allow it", text.bytes);
	text_finish(&text);
	return rc;
}

void place_warn_explicit(struct placement *placement, const struct place_pool *pool)
{
	struct index_set units = {0};
	warn_held(placement, pool);
	for (uint32_t rank = 0; rank < placement->nprocs; rank++)
		index_set_union(&units,
		                pool->unit_is_thread ? &placement->ranks[rank].cpus : &placement->ranks[rank].cores);
	warn_quota(placement, pool, index_set_count(&units));
	warn_memory(placement, pool);
	index_set_finish(&units);
}
