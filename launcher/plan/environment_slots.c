/* SPDX-License-Identifier: MIT
 *
 * environment_slots: see environment_builder.h. A slot is a name whose value may differ between ranks: who a rank is,
 * what follows from its CPUs, and what some exception changes.
 */
#include "plan/environment_builder.h"

#include "base/memory.h"
#include "plan/environment_names.h"

#include <inttypes.h>
#include <string.h>

struct environment_slot *environment_add_slot(struct environment_builder *b, enum slot_source source, const char *name)
{
	if (b->slot_count == b->slot_capacity) {
		b->slot_capacity = b->slot_capacity == 0 ? 32 : b->slot_capacity * 2;
		b->slots = memory_resized(b->slots, b->slot_capacity, sizeof *b->slots);
	}
	struct environment_slot *slot = &b->slots[b->slot_count++];
	*slot = (struct environment_slot){.source = source, .name = name, .prefix_bytes = (uint32_t)strlen(name) + 1};
	return slot;
}

const struct environment_slot *environment_find_slot(const struct environment_builder *b, const char *name)
{
	for (uint32_t i = 0; i < b->slot_count; i++)
		if (strcmp(b->slots[i].name, name) == 0)
			return &b->slots[i];
	return NULL;
}

/* Did the user settle this name for all ranks, by the spec or by what muster inherited? */
static bool is_settled(const struct environment_builder *b, const char *name, bool inherited_counts)
{
	if (environment_find_change(&b->input->spec->env, name) != NULL)
		return true;
	return inherited_counts && variables_find(&b->job, name) != NULL;
}

static void add_rank_slots(struct environment_builder *b)
{
	static const struct {
		const char *name;
		enum slot_source source;
	} numbers[] = {
		{"MUSTER_RANK", SLOT_RANK}, {"MUSTER_LOCAL_RANK", SLOT_LOCAL_RANK},
		{"RANK", SLOT_RANK},        {"LOCAL_RANK", SLOT_LOCAL_RANK},
		{"ROLE_RANK", SLOT_RANK},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!is_settled(b, numbers[i].name, true))
			environment_add_slot(b, numbers[i].source, numbers[i].name);
}

static char *word_share(struct environment_builder *b, const struct environment_slot *slot,
                        const struct cpu_share *share)
{
	uint32_t threads = b->input->spec->threads == THREADS_AUTO ? share->threads : b->input->spec->threads;
	switch (slot->source) {
	case SLOT_CPUS:
		return arena_format(b->arena, "%s=%s", slot->name, share->cpus);
	case SLOT_THREADS:
		return arena_format(b->arena, "%s=%" PRIu32, slot->name, threads);
	case SLOT_PLACES:
		return share->places == NULL ? NULL : arena_format(b->arena, "%s=%s", slot->name, share->places);
	default:
		return share->places == NULL ? NULL : arena_format(b->arena, "%s=false", slot->name);
	}
}

static bool is_same_for_all(char *const *texts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (texts[i] == NULL || strcmp(texts[i], texts[0]) != 0)
			return false;
	return count > 0;
}

/* A name whose value follows from a rank's CPUs. It goes into the job's list when it is the same for all ranks. */
static void add_share_slot(struct environment_builder *b, enum slot_source source, const char *name)
{
	struct environment_slot *slot = environment_add_slot(b, source, name);
	slot->by_share = arena_alloc_array(b->arena, b->shares.count, sizeof *slot->by_share);
	for (uint32_t share = 0; share < b->shares.count; share++)
		slot->by_share[share] = word_share(b, slot, &b->shares.items[share]);
	if (b->input->spec->ranks_count > 0 || !is_same_for_all(slot->by_share, b->shares.count))
		return;
	variables_set(&b->job, slot->by_share[0]);
	b->slot_count--;
}

/* A number that the spec gives outweighs an inherited one, not one of env. OMP_NUM_THREADS speaks for all libraries:
 * where the user settled it, the others are left to follow it. */
static void add_thread_slots(struct environment_builder *b)
{
	uint32_t threads = b->input->spec->threads;
	bool inherited_counts = threads == THREADS_AUTO;
	if (threads == THREADS_KEEP || is_settled(b, THREADS_VARIABLE, inherited_counts))
		return;
	for (const char *const *name = thread_variables; *name != NULL; name++) {
		if (is_settled(b, *name, inherited_counts))
			continue;
		variables_remove(&b->job, *name);
		add_share_slot(b, SLOT_THREADS, *name);
	}
}

static void add_affinity_slots(struct environment_builder *b)
{
	if (b->input->spec->threads == THREADS_KEEP)
		return;
	for (const char *const *name = affinity_variables; *name != NULL; name++)
		if (is_settled(b, *name, true))
			return;
	add_share_slot(b, SLOT_PLACES, PLACES_VARIABLE);
	add_share_slot(b, SLOT_PROC_BIND, PROC_BIND_VARIABLE);
}

void environment_add_slots(struct environment_builder *b)
{
	add_rank_slots(b);
	if (!is_settled(b, "MUSTER_CPUS", true))
		add_share_slot(b, SLOT_CPUS, "MUSTER_CPUS");
	add_thread_slots(b);
	add_affinity_slots(b);
}
