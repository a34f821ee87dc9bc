/* SPDX-License-Identifier: MIT
 *
 * place_binding: see place_binding.h.
 */
#include "plan/place_binding.h"

#include "base/memory.h"

#include <stdlib.h>

void place_binding_add_thread(struct place_binding *binding, const struct machine *machine, uint32_t thread)
{
	const struct hardware_thread *from = &machine->threads[thread];
	index_set_add(&binding->cpus, from->cpu);
	index_set_add(&binding->cores, from->core);
	if (from->numa != NO_OBJECT)
		index_set_add(&binding->nodes, from->numa);
}

static void add_unit(struct place_binding *to, const struct place_pool *pool, const struct place_unit *unit)
{
	for (uint32_t i = 0; i < unit->thread_count; i++)
		place_binding_add_thread(to, pool->machine, pool->threads[unit->first_thread + i]);
}

static void binding_finish(struct place_binding *binding)
{
	index_set_finish(&binding->cpus);
	index_set_finish(&binding->cores);
	index_set_finish(&binding->nodes);
	index_set_finish(&binding->mapped);
	index_set_finish(&binding->mapped_cpus);
}

void place_bindings_free(struct place_binding *bindings, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		binding_finish(&bindings[i]);
	free(bindings);
}

/* What each object of the level holds, by object number; a unit that is a thread still brings its whole core. */
static struct place_binding *objects_of_level(const struct place_pool *pool, enum place_level level)
{
	struct place_binding *objects = memory_zeroed(pool->object_count[level] * sizeof *objects);
	for (uint32_t i = 0; i < pool->unit_count; i++)
		add_unit(&objects[level == PLACE_NONE ? 0 : pool->units[i].object[level]], pool, &pool->units[i]);
	return objects;
}

static void join(struct place_binding *to, const struct place_binding *object)
{
	index_set_union(&to->cpus, &object->cpus);
	index_set_union(&to->cores, &object->cores);
	index_set_union(&to->nodes, &object->nodes);
}

static void bind_window(struct place_binding *binding, const struct place_pool *pool, const struct place_slots *slots,
                        uint32_t window, const struct place_binding *objects)
{
	enum place_level level = pool->request->bind_to;
	uint32_t joined = UINT32_MAX;
	for (uint32_t i = 0; i < slots->width; i++) {
		const struct place_unit *unit = &pool->units[place_slots_unit(slots, window, i)];
		uint32_t object = level == PLACE_NONE ? 0 : unit->object[level];
		if (object != joined)
			join(binding, &objects[object]);
		joined = object;
		index_set_add(&binding->mapped, unit->core);
		for (uint32_t j = 0; j < unit->thread_count; j++)
			index_set_add(&binding->mapped_cpus,
			              pool->machine->threads[pool->threads[unit->first_thread + j]].cpu);
	}
}

struct place_binding *place_bindings_make(const struct place_pool *pool, const struct place_slots *slots,
                                          uint32_t nprocs)
{
	enum place_level level = pool->request->bind_to;
	struct place_binding *objects = objects_of_level(pool, level);
	struct place_binding *bindings = memory_zeroed(slots->window_count * sizeof *bindings);
	for (uint32_t window = 0; window < slots->window_count; window++) {
		bind_window(&bindings[window], pool, slots, window, objects);
		bindings[window].rank_count =
			nprocs / slots->window_count + (window < nprocs % slots->window_count ? 1 : 0);
	}
	place_bindings_free(objects, pool->object_count[level]);
	place_bindings_find_shared(bindings, slots->window_count, pool->machine);
	return bindings;
}

void place_bindings_find_shared(struct place_binding *bindings, uint32_t count, const struct machine *machine)
{
	uint32_t *ranks_on = memory_zeroed((machine->core_count + 1) * sizeof *ranks_on);
	for (uint32_t i = 0; i < count; i++)
		for (index_set_each(&bindings[i].cores, core))
			ranks_on[core] += bindings[i].rank_count;
	for (uint32_t i = 0; i < count; i++)
		for (index_set_each(&bindings[i].cores, core))
			bindings[i].shared = bindings[i].shared || ranks_on[core] > 1;
	free(ranks_on);
}

/* Memory is bound to nodes that may be used and have any; a node whose size is unknown counts when all are unknown. */
void place_set_nodes(struct index_set *to, const struct index_set *local, const struct machine *machine)
{
	bool sizes_known = false;
	for (uint32_t i = 0; i < machine->node_count; i++)
		sizes_known = sizes_known || machine->nodes[i].memory_bytes > 0;
	for (index_set_each(local, node)) {
		const struct numa_node *from = &machine->nodes[node];
		if (from->allowed && (from->memory_bytes > 0 || !sizes_known))
			index_set_add(to, from->os_index);
	}
}
