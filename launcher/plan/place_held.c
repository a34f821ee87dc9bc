/* SPDX-License-Identifier: MIT
 *
 * place_held: see place_held.h.
 *
 * Cores are counted as placement will count them, in the units of a pool of all that may be used: free ones, ones that
 * may be shared, and ones whose holder shares with nobody. What is not wanted of them is left out; placement then sees
 * a smaller machine.
 */
#include "plan/place_held.h"

#include "base/error.h"
#include "base/memory.h"
#include "plan/place_pool.h"
#include "plan/place_words.h"
#include "plan/placement.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { NAMED_AT_MOST = 4, NEVER = -1 };

struct counting {
	const struct place_pool *pool;
	int64_t *holders; /* a unit: how many jobs hold its core; NEVER: one that shares with nobody does */
	uint32_t free;
	uint32_t sharable;
	uint32_t wanted;
};

static int64_t holders_of_core(const struct place_pool *pool, uint32_t core)
{
	const struct place_core *all = &pool->cores[core];
	int64_t most = 0;
	for (uint32_t i = all->first_thread; i < all->first_thread + all->thread_count; i++) {
		const struct hardware_thread *thread = &pool->machine->threads[i];
		if (thread->held_exclusively)
			return NEVER;
		most = thread->holder_count > most ? thread->holder_count : most;
	}
	return most;
}

static void count_units(struct counting *counting, const struct place_pool *pool, const struct job_spec *spec)
{
	*counting = (struct counting){.pool = pool};
	counting->holders = memory_zeroed(pool->unit_count * sizeof *counting->holders);
	for (uint32_t i = 0; i < pool->unit_count; i++) {
		counting->holders[i] = holders_of_core(pool, pool->units[i].core);
		counting->free += counting->holders[i] == 0;
		counting->sharable += counting->holders[i] > 0;
	}
	uint64_t width = spec->placement.cpus_per_rank;
	uint64_t wanted = width * spec->nprocs;
	if (spec->nprocs == NPROCS_AUTO)
		wanted = counting->free > width ? counting->free : width;
	counting->wanted = wanted < pool->unit_count ? (uint32_t)wanted : pool->unit_count;
}

static void add_cpus(struct index_set *cpus, const struct place_pool *pool, uint32_t unit)
{
	const struct place_unit *from = &pool->units[unit];
	for (uint32_t i = 0; i < from->thread_count; i++)
		index_set_add(cpus, pool->machine->threads[pool->threads[from->first_thread + i]].cpu);
}

/* --- enough is free --- */

struct home {
	enum place_level level;
	uint32_t object;
	uint32_t free;
};

/* The object of the level that has enough free units and the fewest of these. */
static bool find_home(const struct counting *counting, enum place_level level, struct home *home)
{
	const struct place_pool *pool = counting->pool;
	uint32_t *free_in = memory_zeroed(pool->object_count[level] * sizeof *free_in);
	for (uint32_t i = 0; i < pool->unit_count; i++)
		free_in[pool->units[i].object[level]] += counting->holders[i] == 0;
	*home = (struct home){.level = level, .free = UINT32_MAX};
	for (uint32_t i = 0; i < pool->unit_count; i++) {
		uint32_t object = pool->units[i].object[level];
		if (free_in[object] >= counting->wanted && free_in[object] < home->free)
			*home = (struct home){level, object, free_in[object]};
	}
	free(free_in);
	return home->free != UINT32_MAX;
}

/* Ranks that are packed and bound to their own cores stay together where other jobs have left room for that. */
static bool has_home(const struct counting *counting, struct home *home)
{
	const struct place_pool *pool = counting->pool;
	const struct placement_spec *request = pool->request;
	bool packed = request->map_by == PLACE_HWTHREAD || request->map_by == pool->order[0];
	if (!packed || request->bind_to > PLACE_CORE || counting->wanted >= counting->free)
		return false;
	for (uint32_t i = 1; i < pool->order_count; i++)
		if (find_home(counting, pool->order[i], home))
			return true;
	return false;
}

static void take_free(struct index_set *chosen, const struct counting *counting)
{
	struct home home = {0};
	bool at_home = has_home(counting, &home);
	for (uint32_t i = 0; i < counting->pool->unit_count; i++)
		if (counting->holders[i] == 0 &&
		    (!at_home || counting->pool->units[i].object[home.level] == home.object))
			add_cpus(chosen, counting->pool, i);
}

/* --- too little is free --- */

/* Those first that fewest jobs hold. */
static void take_shared(struct index_set *shared, const struct counting *counting)
{
	uint32_t missing = counting->wanted - counting->free, most = counting->pool->machine->holder_count;
	for (uint32_t holders = 1; holders <= most; holders++) {
		for (uint32_t i = 0; i < counting->pool->unit_count && missing > 0; i++) {
			if (counting->holders[i] != holders)
				continue;
			add_cpus(shared, counting->pool, i);
			missing--;
		}
	}
}

/* When even shared cores are too few, the others are missed. */
static void note_withheld(struct place_held *held, const struct counting *counting)
{
	bool missed = counting->free + counting->sharable < counting->wanted;
	for (uint32_t i = 0; missed && i < counting->pool->unit_count; i++) {
		if (counting->holders[i] != NEVER)
			continue;
		add_cpus(&held->withheld, counting->pool, i);
		held->withheld_units++;
	}
}

static void add_job(struct text *text, const struct lease_note *note)
{
	if (note->job[0] == '\0')
		text_add(text, "somebody who gave no name");
	else
		text_add_format(text, "job %s of user %" PRIu32, note->job, note->uid);
}

void place_held_add_holders(struct text *text, const struct machine *machine, const struct index_set *cpus)
{
	uint32_t named = 0, others = 0;
	for (uint32_t i = 0; i < machine->holder_count; i++) {
		struct index_set both = {0};
		index_set_copy(&both, cpus);
		index_set_intersect(&both, &machine->holders[i].cpus);
		if (!index_set_is_empty(&both) && named == NAMED_AT_MOST) {
			others++;
		} else if (!index_set_is_empty(&both)) {
			text_add(text, named > 0 ? ", " : "");
			place_words_set(text, "CPU", "CPUs", &both);
			text_add(text, named > 0                     ? " by "
			               : index_set_count(&both) == 1 ? " is held by "
			                                             : " are held by ");
			add_job(text, &machine->holders[i].note);
			named++;
		}
		index_set_finish(&both);
	}
	if (others > 0)
		text_add_format(text, ", more by %" PRIu32 " other %s", others, others == 1 ? "job" : "jobs");
}

static void add_advice(struct text *text, const struct placement_spec *request)
{
	text_add(text, place_held_waiting(request).advice);
	if (request->exclusive)
		text_add(text, ", or leave --exclusive out to share");
}

static int refuse(struct text *text, const struct placement_spec *request, const struct machine *machine,
                  const struct index_set *held, struct error *err)
{
	place_held_add_holders(text, machine, held);
	text_add(text, request->exclusive ? ", and placement.exclusive is true: "
	                                  : ", which shares with nobody (placement.exclusive): ");
	add_advice(text, request);
	int rc = error_set(err, -EAGAIN, "%s", text->bytes);
	text_finish(text);
	return rc;
}

static int refuse_units(const struct counting *counting, const struct job_spec *spec, struct error *err)
{
	const struct place_pool *pool = counting->pool;
	enum place_level level = pool->unit_is_thread ? PLACE_HWTHREAD : PLACE_CORE;
	struct index_set held = {0};
	struct text text = {0};
	for (uint32_t i = 0; i < pool->unit_count; i++)
		if (counting->holders[i] != 0)
			add_cpus(&held, pool, i);
	text_add_format(&text, "%" PRIu32 " %s wanted for ", counting->wanted,
	                place_noun(level, counting->wanted != 1));
	if (spec->nprocs == NPROCS_AUTO)
		text_add(&text, "a rank");
	else
		text_add_format(&text, "%" PRIu32 " %s", spec->nprocs, spec->nprocs == 1 ? "rank" : "ranks");
	text_add_format(&text, ", %" PRIu32 " free: ", counting->free);
	int rc = refuse(&text, &spec->placement, pool->machine, &held, err);
	if (spec->placement.exclusive)
		error_about(err, "placement.exclusive");
	index_set_finish(&held);
	return rc;
}

static int choose(struct place_held *held, const struct counting *counting, const struct job_spec *spec,
                  struct error *err)
{
	bool enough = counting->wanted <= counting->free;
	if (!enough && (spec->placement.exclusive || counting->free + counting->sharable == 0))
		return refuse_units(counting, spec, err);
	struct index_set chosen = {0};
	take_free(&chosen, counting);
	if (!enough) {
		take_shared(&held->shared, counting);
		note_withheld(held, counting);
	}
	index_set_union(&chosen, &held->shared);
	index_set_copy(&held->left_out, &counting->pool->machine->allowed);
	index_set_subtract(&held->left_out, &chosen);
	index_set_finish(&chosen);
	return 0;
}

/* --- the whole --- */

int place_held_choose(struct place_held *held, const struct job_spec *spec, const struct machine *machine,
                      struct error *err)
{
	struct place_pool pool;
	struct counting counting;
	const struct place_held nothing = {0};
	*held = (struct place_held){0};
	if (machine->holder_count == 0 || !placement_minds_others(&spec->placement) ||
	    spec->placement.rank_cpus != NULL)
		return 0;
	int rc = place_pool_make(&pool, &spec->placement, machine, &nothing, err);
	if (rc < 0)
		return rc;
	count_units(&counting, &pool, spec);
	rc = choose(held, &counting, spec, err);
	free(counting.holders);
	place_pool_finish(&pool);
	return rc;
}

void place_held_finish(struct place_held *held)
{
	index_set_finish(&held->left_out);
	index_set_finish(&held->shared);
	index_set_finish(&held->withheld);
}

int place_held_check_lists(const struct placement_spec *request, const struct machine *machine, struct error *err)
{
	struct index_set held = {0};
	int rc = 0;
	for (uint32_t i = 0; i < machine->thread_count && placement_minds_others(request); i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		bool refuses = thread->held_exclusively || (request->exclusive && thread->holder_count > 0);
		for (uint32_t rank = 0; refuses && rank < request->rank_cpus_count; rank++)
			if (index_set_has(&request->rank_cpus[rank], thread->cpu))
				index_set_add(&held, thread->cpu);
	}
	if (!index_set_is_empty(&held)) {
		struct text text = {0};
		rc = refuse(&text, request, machine, &held, err);
		error_about(err, "placement.rank_cpus");
	}
	index_set_finish(&held);
	return rc;
}

struct waiting_words place_held_waiting(const struct placement_spec *request)
{
	if (request->wait_for_cores_ms == NOT_SET)
		return (struct waiting_words){"wait with --wait-for-cores", "--wait-for-cores waits"};
	return (struct waiting_words){"wait longer (--wait-for-cores)", "a longer --wait-for-cores waits on"};
}
