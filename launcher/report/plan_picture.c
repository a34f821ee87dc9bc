/* SPDX-License-Identifier: MIT
 *
 * plan_picture: see plan_picture.h.
 */
#include "report/plan_picture.h"

#include "base/memory.h"
#include "plan/place_pool.h"
#include "report/plan_view.h"
#include "spec/job_spec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_RANGE = 7 };

/* Indices into machine.threads by the kernel's number, NO_OBJECT where there is none. */
static uint32_t *threads_by_cpu(const struct machine *machine)
{
	uint32_t highest = 0;
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].cpu > highest)
			highest = machine->threads[i].cpu;
	uint32_t *by_cpu = memory_zeroed((highest + 1) * sizeof *by_cpu);
	memset(by_cpu, 0xff, (highest + 1) * sizeof *by_cpu);
	for (uint32_t i = 0; i < machine->thread_count; i++)
		by_cpu[machine->threads[i].cpu] = i;
	return by_cpu;
}

static void put_ranks(struct picture *picture)
{
	uint32_t *by_cpu = threads_by_cpu(picture->machine);
	for (uint32_t rank = 0; rank < picture->placement->nprocs; rank++) {
		const struct rank_placement *place = &picture->placement->ranks[rank];
		if (!place->bound) {
			picture->unbound_ranks++;
			continue;
		}
		for (index_set_each(&place->cpus, cpu)) {
			struct picture_thread *thread = &picture->threads[by_cpu[cpu]];
			if (thread->rank_count++ == 0)
				thread->first_rank = rank;
			thread->last_rank = rank;
		}
	}
	free(by_cpu);
}

static bool same_block(const struct picture_block *block, const struct hardware_thread *thread)
{
	return block->package == thread->package && block->numa == thread->numa && block->l3cache == thread->l3cache;
}

static void find_blocks(struct picture *picture)
{
	const struct machine *machine = picture->machine;
	picture->core_threads = memory_zeroed((machine->core_count + 1) * sizeof *picture->core_threads);
	picture->blocks = memory_zeroed((machine->core_count + 1) * sizeof *picture->blocks);
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		if (thread->access == THREAD_OFFLINE) {
			index_set_add(&picture->offline, thread->cpu);
			continue;
		}
		picture->core_threads[thread->core + 1] = i + 1;
		if (thread->thread_of_core > 0)
			continue;
		struct picture_block *last = &picture->blocks[picture->block_count];
		if (picture->block_count > 0 && same_block(last - 1, thread)) {
			last[-1].core_count++;
			continue;
		}
		*last = (struct picture_block){thread->package, thread->numa, thread->l3cache, thread->core, 1};
		picture->block_count++;
	}
}

bool picture_same_node(const struct picture_block *one, const struct picture_block *other)
{
	return one->package == other->package && one->numa == other->numa;
}

static enum picture_use use_of(const struct picture *picture, const struct placement_spec *request, uint32_t thread)
{
	const struct hardware_thread *at = &picture->machine->threads[thread];
	if (at->access != THREAD_ALLOWED)
		return PICTURE_FORBIDDEN;
	if (picture->threads[thread].rank_count > 0)
		return PICTURE_RANKS;
	if (!index_set_is_empty(&request->cpu_set) && !index_set_has(&request->cpu_set, at->cpu))
		return PICTURE_NOT_IN_SET;
	if (!place_pool_takes_kind(picture->machine, request->cores, at->kind))
		return PICTURE_OTHER_KIND;
	if (picture->unbound_ranks > 0)
		return PICTURE_ANY_RANK;
	return at->holder_count > 0 ? PICTURE_HELD : PICTURE_FREE;
}

bool picture_has(const struct picture *picture, enum picture_use use)
{
	for (uint32_t i = 0; i < picture->machine->thread_count; i++)
		if (picture->machine->threads[i].access != THREAD_OFFLINE && picture->threads[i].use == use)
			return true;
	return false;
}

const char *picture_use_mark(enum picture_use use, const char *free_mark)
{
	static const char *const marks[PICTURE_USES] = {"", "*", "", "h", "-", "~", "x"};
	return use == PICTURE_FREE ? free_mark : marks[use];
}

const char *picture_use_words(enum picture_use use)
{
	static const char *const words[PICTURE_USES] = {
		[PICTURE_RANKS] = "",
		[PICTURE_ANY_RANK] = "any rank",
		[PICTURE_FREE] = "free",
		[PICTURE_HELD] = "held by another job",
		[PICTURE_NOT_IN_SET] = "not in cpu_set",
		[PICTURE_OTHER_KIND] = "another kind of core",
		[PICTURE_FORBIDDEN] = "not allowed",
	};
	return words[use];
}

uint32_t picture_ranks_on(const struct picture *picture, uint32_t thread, uint32_t *ranks, uint32_t most)
{
	const struct picture_thread *on = &picture->threads[thread];
	uint32_t count = 0;
	most = on->rank_count < most ? on->rank_count : most;
	for (uint32_t rank = on->first_rank; count < most; rank++)
		if (index_set_has(&picture->placement->ranks[rank].cpus, picture->machine->threads[thread].cpu))
			ranks[count++] = rank;
	return count;
}

void picture_label(const struct picture *picture, uint32_t thread, const char *free_mark,
                   char label[PICTURE_LABEL_SIZE])
{
	const struct picture_thread *on = &picture->threads[thread];
	int length;
	if (on->use != PICTURE_RANKS)
		snprintf(label, PICTURE_LABEL_SIZE, "%s", picture_use_mark(on->use, free_mark));
	else if (on->rank_count == 1)
		snprintf(label, PICTURE_LABEL_SIZE, "%" PRIu32, on->first_rank);
	else {
		length = snprintf(label, PICTURE_LABEL_SIZE, "%" PRIu32 "-%" PRIu32, on->first_rank, on->last_rank);
		if (on->last_rank - on->first_rank + 1 != on->rank_count || length > LONGEST_RANGE)
			snprintf(label, PICTURE_LABEL_SIZE, "%" PRIu32 "+", on->first_rank);
	}
}

bool picture_same_label(const struct picture *picture, uint32_t one, uint32_t other)
{
	const struct picture_thread *a = &picture->threads[one], *b = &picture->threads[other];
	return a->use == b->use && a->rank_count == b->rank_count && a->first_rank == b->first_rank &&
	       a->last_rank == b->last_rank;
}

static void measure(struct picture *picture)
{
	picture->cores_are_uniform = true;
	for (uint32_t i = 0; i < picture->machine->thread_count; i++) {
		const struct hardware_thread *thread = &picture->machine->threads[i];
		char label[PICTURE_LABEL_SIZE];
		if (thread->access == THREAD_OFFLINE)
			continue;
		picture_label(picture, i, ".", label);
		if (strlen(label) > picture->label_width)
			picture->label_width = (uint32_t)strlen(label);
		if (thread->thread_of_core + 1 > picture->threads_a_core)
			picture->threads_a_core = thread->thread_of_core + 1;
		if (thread->thread_of_core > 0 && !picture_same_label(picture, i - 1, i))
			picture->cores_are_uniform = false;
	}
}

void picture_make(struct picture *picture, const struct plan_view *view)
{
	const struct machine *machine = view->machine;
	*picture = (struct picture){.machine = machine, .placement = view->placement};
	picture->threads = memory_zeroed((machine->thread_count + 1) * sizeof *picture->threads);
	put_ranks(picture);
	for (uint32_t i = 0; i < machine->thread_count; i++)
		picture->threads[i].use = use_of(picture, &view->spec->placement, i);
	find_blocks(picture);
	measure(picture);
}

void picture_finish(struct picture *picture)
{
	free(picture->threads);
	free(picture->core_threads);
	free(picture->blocks);
	index_set_finish(&picture->offline);
	*picture = (struct picture){0};
}
