/* SPDX-License-Identifier: MIT
 *
 * plan_groups: see plan_groups.h.
 */
#include "report/plan_groups.h"

#include "base/text.h"
#include "plan/place_words.h"
#include "report/plan_picture.h"

#include <inttypes.h>

enum { LISTED_CPUS = 32 };

/* What is in a run of blocks, for a machine that is too large to be drawn. */
struct summary {
	struct index_set cores;
	struct index_set cpus;
	struct index_set ranks;
	uint32_t cpus_of_use[PICTURE_USES];
};

static void summarize(struct summary *summary, const struct picture *picture, uint32_t first_core, uint32_t core_count)
{
	index_set_add_range(&summary->cores, first_core, first_core + core_count - 1);
	for (uint32_t i = picture->core_threads[first_core]; i < picture->core_threads[first_core + core_count]; i++) {
		index_set_add(&summary->cpus, picture->machine->threads[i].cpu);
		summary->cpus_of_use[picture->threads[i].use]++;
	}
	for (uint32_t rank = 0; rank < picture->placement->nprocs; rank++) {
		const struct rank_placement *place = &picture->placement->ranks[rank];
		if (place->bound && index_set_intersects(&place->cpus, &summary->cpus))
			index_set_add(&summary->ranks, rank);
	}
}

static void add_count(struct text *text, uint32_t cpus, const char *what)
{
	if (cpus > 0)
		text_add_format(text, ", %" PRIu32 " %s %s", cpus, cpus == 1 ? "CPU" : "CPUs", what);
}

static void add_summary(struct text *text, const struct picture *picture, const struct summary *summary)
{
	text_add(text, ": ");
	place_words_set(text, "core", "cores", &summary->cores);
	text_add(text, " (");
	text_add(text, "CPUs ");
	place_words_short_list(text, &summary->cpus, LISTED_CPUS);
	text_add(text, "): ");
	if (!index_set_is_empty(&summary->ranks))
		place_words_set(text, "rank", "ranks", &summary->ranks);
	else
		text_add(text, picture->unbound_ranks > 0 ? "any rank" : "no rank");
	if (!index_set_is_empty(&summary->ranks))
		add_count(text, summary->cpus_of_use[PICTURE_FREE], "free");
	add_count(text, summary->cpus_of_use[PICTURE_HELD], "held by other jobs");
	add_count(text, summary->cpus_of_use[PICTURE_NOT_IN_SET], "not in cpu_set");
	add_count(text, summary->cpus_of_use[PICTURE_OTHER_KIND], "of another kind of core");
	add_count(text, summary->cpus_of_use[PICTURE_FORBIDDEN], "not allowed");
	text_add(text, "\n");
}

static uint32_t key_of(const struct picture_block *block, enum place_level level)
{
	return level == PLACE_PACKAGE ? block->package : level == PLACE_NUMA ? block->numa : block->l3cache;
}

static bool belong_together(const struct picture_block *one, const struct picture_block *other, enum place_level level)
{
	return one->package == other->package && key_of(one, level) == key_of(other, level);
}

uint32_t plan_groups_count(const struct picture *picture, enum place_level level)
{
	uint32_t groups = picture->block_count > 0 ? 1 : 0;
	for (uint32_t i = 1; i < picture->block_count; i++)
		groups += !belong_together(&picture->blocks[i - 1], &picture->blocks[i], level);
	return groups;
}

static void add_group_name(struct text *text, const struct picture *picture, const struct picture_block *block,
                           enum place_level level)
{
	text_add_format(text, "package %" PRIu32, block->package);
	if (level <= PLACE_NUMA && block->numa != NO_OBJECT)
		text_add_format(text, ", NUMA node %" PRIu32, picture->machine->nodes[block->numa].os_index);
	if (level == PLACE_L3CACHE && block->l3cache != NO_OBJECT)
		text_add_format(text, ", L3 %" PRIu32, block->l3cache);
}

void plan_groups_list(struct text *text, const struct picture *picture, enum place_level level)
{
	text_add(text, "\n");
	for (uint32_t i = 0; i < picture->block_count;) {
		const struct picture_block *first = &picture->blocks[i];
		struct summary summary = {0};
		uint32_t cores = 0;
		for (; i < picture->block_count && belong_together(first, &picture->blocks[i], level); i++)
			cores += picture->blocks[i].core_count;
		summarize(&summary, picture, first->first_core, cores);
		add_group_name(text, picture, first, level);
		add_summary(text, picture, &summary);
		index_set_finish(&summary.cores);
		index_set_finish(&summary.cpus);
		index_set_finish(&summary.ranks);
	}
}
