/* SPDX-License-Identifier: MIT
 *
 * place_reason: see place_reason.h.
 */
#include "plan/place_reason.h"

#include "plan/place_words.h"

static void collect_places(const struct machine *machine, const struct index_set *cores,
                           const struct place_core *core_table, struct index_set *nodes, struct index_set *packages)
{
	for (index_set_each(cores, core)) {
		const struct hardware_thread *thread = &machine->threads[core_table[core].first_thread];
		if (thread->numa != NO_OBJECT)
			index_set_add(nodes, machine->nodes[thread->numa].os_index);
		index_set_add(packages, thread->package);
	}
}

static void add_place(struct text *text, const char *one, const char *many, const struct index_set *set)
{
	bool single = index_set_first(set) == index_set_last(set);
	text_add(text, single ? " of " : " across ");
	place_words_set(text, one, many, set);
}

void place_reason_add_where(struct text *text, const struct machine *machine, const struct index_set *cores,
                            const struct place_core *core_table)
{
	struct index_set nodes = {0}, packages = {0};
	collect_places(machine, cores, core_table, &nodes, &packages);
	if (machine->node_count > 1 && !index_set_is_empty(&nodes))
		add_place(text, "NUMA node", "NUMA nodes", &nodes);
	else if (machine->package_count > 1)
		add_place(text, "package", "packages", &packages);
	index_set_finish(&nodes);
	index_set_finish(&packages);
}

static bool is_left_out(const struct place_pool *pool, const struct hardware_thread *thread, int cause)
{
	if (index_set_has(&pool->usable, thread->cpu))
		return false;
	if (cause < 0)
		return thread->access == THREAD_ALLOWED && !index_set_is_empty(&pool->request->cpu_set) &&
		       !index_set_has(&pool->request->cpu_set, thread->cpu);
	return (int)thread->access == cause;
}

/* "; CPU 9 left out: outside the cpuset", for hardware threads of the cores that are not used. */
static void add_left_out(struct text *text, const struct place_pool *pool, const struct index_set *cores)
{
	for (int cause = -1; cause <= THREAD_OUTSIDE_AFFINITY; cause++) {
		struct index_set out = {0};
		for (index_set_each(cores, core)) {
			const struct place_core *all = &pool->cores[core];
			for (uint32_t i = all->first_thread; i < all->first_thread + all->thread_count; i++)
				if (cause != THREAD_ALLOWED && is_left_out(pool, &pool->machine->threads[i], cause))
					index_set_add(&out, pool->machine->threads[i].cpu);
		}
		if (!index_set_is_empty(&out)) {
			text_add(text, "; ");
			place_words_set(text, "CPU", "CPUs", &out);
			text_add_format(text, " left out: %s",
			                cause < 0 ? "not in cpu_set" : thread_access_reason((enum thread_access)cause));
		}
		index_set_finish(&out);
	}
}

static void add_mapped(struct text *text, const struct place_pool *pool, const struct place_binding *binding)
{
	if (pool->unit_is_thread) {
		place_words_set(text, "hardware thread", "hardware threads", &binding->mapped_cpus);
		place_words_set(text, " of core", " of cores", &binding->mapped);
	} else {
		place_words_set(text, "core", "cores", &binding->mapped);
	}
	place_reason_add_where(text, pool->machine, &binding->mapped, pool->cores);
}

static bool is_packed(const struct place_pool *pool)
{
	return pool->request->map_by == PLACE_HWTHREAD || pool->request->map_by == pool->order[0];
}

/* The level that is meant, where an L3 cache is asked for and there is none. */
static enum place_level real_level(const struct place_pool *pool, enum place_level level)
{
	return level == PLACE_L3CACHE ? pool->l3cache_is : level;
}

static void add_turn(struct text *text, const struct place_pool *pool, const struct place_slots *slots, uint32_t window)
{
	const char *objects = place_noun(real_level(pool, pool->request->map_by), true);
	if (window >= slots->slot_count)
		text_add(text, ", next in turn");
	else if (is_packed(pool))
		text_add(text, ", next in hardware order");
	else if (slots->pieced_together[window])
		text_add_format(text, ", pieced together from what the turns over %s left", objects);
	else {
		text_add(text, ", ");
		place_words_ordinal(text, slots->turns[window] + 1);
		text_add_format(text, " turn over %s", objects);
	}
}

/* Some cores of a machine may be without what the others have: an L3 cache, a NUMA node. They are one object then. */
static bool has_object(const struct place_pool *pool, uint32_t core, enum place_level level)
{
	const struct hardware_thread *thread = &pool->machine->threads[pool->cores[core].first_thread];
	return !(level == PLACE_L3CACHE && thread->l3cache == NO_OBJECT) &&
	       !(level == PLACE_NUMA && thread->numa == NO_OBJECT);
}

static void add_bound(struct text *text, const struct place_pool *pool, const struct place_binding *binding)
{
	enum place_level level = real_level(pool, pool->request->bind_to);
	if (level == PLACE_HWTHREAD || (level == PLACE_CORE && !pool->unit_is_thread))
		return;
	if (has_object(pool, index_set_first(&binding->mapped), level))
		text_add_format(text, "; bound to the whole %s", place_noun(level, false));
	else
		text_add_format(text, "; bound to what of its package is without %s", place_noun(level, false));
	if (level == PLACE_CORE)
		return;
	text_add(text, ": ");
	place_words_set(text, "core", "cores", &binding->cores);
}

static void add_unbound(struct text *text, const struct place_pool *pool)
{
	if (index_set_equal(&pool->usable, &pool->machine->allowed)) {
		text_add(text, "not bound: may run on every CPU that is allowed");
		return;
	}
	text_add(text, "not bound to a core: may run on ");
	place_words_set(text, "CPU", "CPUs", &pool->usable);
}

void place_reason(struct text *text, const struct place_pool *pool, const struct place_slots *slots, uint32_t window,
                  const struct place_binding *binding)
{
	if (pool->request->bind_to == PLACE_NONE) {
		add_unbound(text, pool);
		return;
	}
	add_mapped(text, pool, binding);
	add_turn(text, pool, slots, window);
	add_bound(text, pool, binding);
	add_left_out(text, pool, &binding->mapped);
}

void place_reason_add_round(struct text *text, const struct place_pool *pool, const struct place_slots *slots,
                            uint32_t rank)
{
	uint64_t round = (uint64_t)rank * slots->width / slots->unit_count;
	if (round == 0)
		return;
	text_add(text, "; ");
	place_words_ordinal(text, (uint32_t)round + 1);
	text_add_format(text, " round: more ranks than %s", pool->unit_is_thread ? "hardware threads" : "cores");
}
