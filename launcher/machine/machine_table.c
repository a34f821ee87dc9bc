/* SPDX-License-Identifier: MIT
 *
 * machine_table: see machine_table.h.
 */
#include "machine/machine_table.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>

/* Counts objects of one level along the hardware order: a new key is a new object. */
struct numbering {
	uintptr_t key;
	uint32_t count;
};

static uint32_t number_of(struct numbering *numbering, uintptr_t key)
{
	if (numbering->count == 0 || key != numbering->key) {
		numbering->key = key;
		numbering->count++;
	}
	return numbering->count - 1;
}

static enum thread_access access_of(const struct found_machine *found, const struct index_set *affinity, uint32_t cpu)
{
	if (!index_set_has(&found->cpuset, cpu))
		return THREAD_OUTSIDE_CPUSET;
	if (affinity != NULL && !index_set_has(affinity, cpu))
		return THREAD_OUTSIDE_AFFINITY;
	return THREAD_ALLOWED;
}

static void fill_threads(struct machine *machine, const struct found_machine *found, const struct index_set *affinity)
{
	struct numbering cores = {0}, l3caches = {0}, packages = {0};
	for (uint32_t i = 0; i < found->thread_count; i++) {
		const struct found_thread *from = &found->threads[i];
		struct hardware_thread *to = &machine->threads[i];
		/* A machine that shows no cores has cores of one thread; one that shows no package is one. */
		uintptr_t core_key = from->core != 0 ? from->core : (uintptr_t)from;
		to->cpu = from->cpu;
		to->core = number_of(&cores, core_key);
		to->l3cache = from->l3cache != 0 ? number_of(&l3caches, from->l3cache) : NO_OBJECT;
		to->package = number_of(&packages, from->package);
		to->numa = from->numa;
		to->kind = from->kind;
		to->thread_of_core = i > 0 && to[-1].core == to->core ? to[-1].thread_of_core + 1 : 0;
		to->access = access_of(found, affinity, from->cpu);
		if (to->access == THREAD_ALLOWED)
			index_set_add(&machine->allowed, to->cpu);
	}
	machine->core_count = cores.count;
	machine->l3cache_count = l3caches.count;
	machine->package_count = packages.count;
}

/* The kernel tells nothing of where an offline CPU sits: they stand at the end, without a place. */
static void add_offline_threads(struct machine *machine, const struct found_machine *found)
{
	struct hardware_thread *to = &machine->threads[found->thread_count];
	for (index_set_each(&found->offline, cpu))
		*to++ = (struct hardware_thread){cpu, NO_OBJECT, NO_OBJECT,      NO_OBJECT, NO_OBJECT,
		                                 0,   0,         THREAD_OFFLINE, 0,         false};
}

static void add_count(struct text *text, uint32_t count, const char *one, const char *many)
{
	text_add_format(text, "%s%u %s", text->length > 0 ? ", " : "", count, count == 1 ? one : many);
}

static char *describe(const struct machine *machine, uint32_t offline_count)
{
	struct text text = {0};
	add_count(&text, machine->package_count, "package", "packages");
	add_count(&text, machine->core_count, "core", "cores");
	add_count(&text, machine->thread_count - offline_count, "hardware thread", "hardware threads");
	add_count(&text, machine->node_count, "NUMA node", "NUMA nodes");
	if (machine->l3cache_count > 0)
		add_count(&text, machine->l3cache_count, "L3 cache", "L3 caches");
	if (offline_count > 0)
		add_count(&text, offline_count, "CPU offline", "CPUs offline");
	return text.bytes;
}

void machine_table_fill(struct machine *machine, struct found_machine *found, const struct index_set *affinity)
{
	uint32_t offline_count = index_set_count(&found->offline);
	machine->thread_count = found->thread_count + offline_count;
	machine->threads = memory_zeroed(machine->thread_count * sizeof *machine->threads);
	fill_threads(machine, found, affinity);
	add_offline_threads(machine, found);
	machine->kind_count = found->kind_count > 0 ? found->kind_count : 1;
	machine->nodes = found->nodes;
	machine->node_count = found->node_count;
	found->nodes = NULL;
	machine->description = describe(machine, offline_count);
}

void found_machine_finish(struct found_machine *found)
{
	free(found->threads);
	free(found->nodes);
	index_set_finish(&found->offline);
	index_set_finish(&found->cpuset);
}
