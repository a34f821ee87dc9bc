/* SPDX-License-Identifier: MIT
 *
 * place_slots: see place_slots.h.
 */
#include "plan/place_slots.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

/* A slot while the order is being found. */
struct slot {
	uint32_t *units; /* `width` of them, in hardware order */
	bool held;       /* some of it is shared with another job */
	uint32_t span;   /* index into place_pool.order of the level that it fits in; order_count: none */
};

struct cutting {
	const struct place_pool *pool;
	uint32_t width;
	struct slot *slots;
	uint32_t slot_count;
	uint32_t *slot_units; /* storage of all slots */
	uint32_t *left;       /* units that are in no slot yet, in hardware order */
	uint32_t left_count;
};

/* What one object of the level gives: how many of its units go into slots, and the slot being filled. */
struct object_cut {
	uint32_t count;
	uint32_t taken;
	uint32_t slot;
};

static uint32_t object_at(const struct cutting *cutting, uint32_t unit, uint32_t span)
{
	const struct place_pool *pool = cutting->pool;
	return span < pool->order_count ? pool->units[unit].object[pool->order[span]] : 0;
}

static void take_unit(struct cutting *cutting, struct object_cut *object, uint32_t unit, uint32_t span)
{
	uint32_t at = object->taken++ % cutting->width;
	if (at == 0) {
		object->slot = cutting->slot_count++;
		cutting->slots[object->slot] =
			(struct slot){cutting->slot_units + (size_t)object->slot * cutting->width, false, span};
	}
	cutting->slots[object->slot].units[at] = unit;
	cutting->slots[object->slot].held |= cutting->pool->units[unit].held;
}

/* Cuts what is left into slots that lie within one object of the level; what does not fill a slot stays left. */
static void cut_level(struct cutting *cutting, uint32_t span)
{
	const struct place_pool *pool = cutting->pool;
	uint32_t object_count = span < pool->order_count ? pool->object_count[pool->order[span]] : 1;
	struct object_cut *objects = memory_zeroed(object_count * sizeof *objects);
	for (uint32_t i = 0; i < cutting->left_count; i++)
		objects[object_at(cutting, cutting->left[i], span)].count++;
	uint32_t still_left = 0;
	for (uint32_t i = 0; i < cutting->left_count; i++) {
		uint32_t unit = cutting->left[i];
		struct object_cut *object = &objects[object_at(cutting, unit, span)];
		if (object->taken < object->count / cutting->width * cutting->width)
			take_unit(cutting, object, unit, span);
		else
			cutting->left[still_left++] = unit;
	}
	cutting->left_count = still_left;
	free(objects);
}

static void cut_all(struct cutting *cutting, const struct place_pool *pool, uint32_t width)
{
	uint32_t most = pool->unit_count / width;
	*cutting = (struct cutting){.pool = pool, .width = width, .left_count = pool->unit_count};
	cutting->slots = memory_zeroed((most + 1) * sizeof *cutting->slots);
	cutting->slot_units = memory_zeroed((pool->unit_count + 1) * sizeof *cutting->slot_units);
	cutting->left = memory_zeroed((pool->unit_count + 1) * sizeof *cutting->left);
	for (uint32_t i = 0; i < pool->unit_count; i++)
		cutting->left[i] = i;
	for (uint32_t span = 0; span <= pool->order_count && cutting->left_count >= width; span++)
		cut_level(cutting, span);
}

/* What is shared with other jobs comes last: a rank more than there are slots goes to the first ones again. */
static int by_position(const void *a, const void *b)
{
	const struct slot *one = a, *other = b;
	if (one->held != other->held)
		return one->held ? 1 : -1;
	return (one->units[0] > other->units[0]) - (one->units[0] < other->units[0]);
}

static int by_span(const void *a, const void *b)
{
	const struct slot *one = a, *other = b;
	int spans = (one->span > other->span) - (one->span < other->span);
	return spans != 0 ? spans : by_position(a, b);
}

/* Packed: the slots that keep best together, in hardware order. */
static void deal_packed(struct cutting *cutting, uint32_t nprocs, uint32_t *dealt)
{
	uint32_t wanted = nprocs < cutting->slot_count ? nprocs : cutting->slot_count;
	qsort(cutting->slots, cutting->slot_count, sizeof *cutting->slots, by_span);
	qsort(cutting->slots, wanted, sizeof *cutting->slots, by_position);
	for (uint32_t i = 0; i < cutting->slot_count; i++)
		dealt[i] = i;
}

/* Over objects: a turn gives each object that still has a slot one rank. */
struct deal {
	uint32_t *next;  /* per slot: the following one of the same object, or UINT32_MAX */
	uint32_t *heads; /* per object in order of appearance: its next slot, or UINT32_MAX */
	uint32_t head_count;
};

static void list_by_object(struct deal *deal, const struct cutting *cutting, enum place_level level, uint32_t within)
{
	const struct place_pool *pool = cutting->pool;
	uint32_t *tails = memory_zeroed(pool->object_count[level] * sizeof *tails);
	for (uint32_t i = 0; i < pool->object_count[level]; i++)
		tails[i] = UINT32_MAX;
	for (uint32_t i = 0; i < cutting->slot_count; i++) {
		deal->next[i] = UINT32_MAX;
		if (cutting->slots[i].span > within)
			continue;
		uint32_t *tail = &tails[pool->units[cutting->slots[i].units[0]].object[level]];
		if (*tail == UINT32_MAX)
			deal->heads[deal->head_count++] = i;
		else
			deal->next[*tail] = i;
		*tail = i;
	}
	free(tails);
}

static uint32_t rank_of_level(const struct place_pool *pool, enum place_level level)
{
	uint32_t at = 0;
	while (pool->order[at] != level)
		at++;
	return at;
}

static void deal_over_objects(struct place_slots *slots, struct cutting *cutting, enum place_level level,
                              uint32_t *dealt)
{
	uint32_t within = rank_of_level(cutting->pool, level);
	struct deal deal = {0};
	deal.next = memory_zeroed((cutting->slot_count + 1) * sizeof *deal.next);
	deal.heads = memory_zeroed((cutting->slot_count + 1) * sizeof *deal.heads);
	qsort(cutting->slots, cutting->slot_count, sizeof *cutting->slots, by_position);
	list_by_object(&deal, cutting, level, within);
	uint32_t count = 0;
	for (uint32_t turn = 0; deal.head_count > 0; turn++) {
		uint32_t heads = deal.head_count;
		deal.head_count = 0;
		for (uint32_t i = 0; i < heads; i++) {
			uint32_t slot = deal.heads[i];
			slots->turns[count] = turn;
			dealt[count++] = slot;
			if (deal.next[slot] != UINT32_MAX)
				deal.heads[deal.head_count++] = deal.next[slot];
		}
	}
	for (uint32_t i = 0; i < cutting->slot_count; i++) {
		if (cutting->slots[i].span <= within)
			continue;
		slots->pieced_together[count] = true;
		dealt[count++] = i;
	}
	free(deal.next);
	free(deal.heads);
}

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b)
{
	assert(a > 0);
	while (b != 0) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	assert(a > 0);
	return a;
}

static void lay_out(struct place_slots *slots, const struct cutting *cutting, const uint32_t *dealt)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < cutting->slot_count; i++)
		for (uint32_t j = 0; j < cutting->width; j++)
			slots->units[count++] = cutting->slots[dealt[i]].units[j];
	for (uint32_t i = 0; i < cutting->left_count; i++)
		slots->units[count++] = cutting->left[i];
}

void place_slots_make(struct place_slots *slots, const struct place_pool *pool, uint32_t nprocs)
{
	const struct placement_spec *request = pool->request;
	struct cutting cutting;
	struct place_slots made = {.unit_count = pool->unit_count};
	made.width = request->cpus_per_rank < pool->unit_count ? request->cpus_per_rank : pool->unit_count;
	cut_all(&cutting, pool, made.width);
	made.slot_count = cutting.slot_count;
	made.units = memory_zeroed(pool->unit_count * sizeof *made.units);
	made.turns = memory_zeroed(made.slot_count * sizeof *made.turns);
	made.pieced_together = memory_zeroed(made.slot_count * sizeof *made.pieced_together);
	uint32_t *dealt = memory_zeroed(made.slot_count * sizeof *dealt);
	bool packed = request->map_by == PLACE_HWTHREAD || request->map_by == pool->order[0];
	if (packed)
		deal_packed(&cutting, nprocs, dealt);
	else
		deal_over_objects(&made, &cutting, request->map_by, dealt);
	lay_out(&made, &cutting, dealt);
	made.window_count = nprocs <= made.slot_count
	                            ? nprocs
	                            : pool->unit_count / greatest_common_divisor(pool->unit_count, made.width);
	free(dealt);
	free(cutting.slots);
	free(cutting.slot_units);
	free(cutting.left);
	*slots = made;
}

void place_slots_finish(struct place_slots *slots)
{
	free(slots->units);
	free(slots->turns);
	free(slots->pieced_together);
	*slots = (struct place_slots){0};
}

uint32_t place_slots_unit(const struct place_slots *slots, uint32_t window, uint32_t i)
{
	return slots->units[((uint64_t)window * slots->width + i) % slots->unit_count];
}
