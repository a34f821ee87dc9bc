/* SPDX-License-Identifier: MIT
 *
 * place_slots: which units each rank is mapped to, before anything is bound.
 *
 * A slot is as many units as a rank wants. Slots are cut so that as many as possible lie within one L3 cache, of the
 * others as many as possible within one NUMA node, then within one package; what is left over is pieced together. Slots
 * are then put in the order in which ranks take them. Ranks beyond the last slot go round again over the same units in
 * the same order, so that no unit ever has two ranks more than another.
 */
#ifndef MUSTER_PLAN_PLACE_SLOTS_H
#define MUSTER_PLAN_PLACE_SLOTS_H

#include "plan/place_pool.h"

struct place_slots {
	uint32_t *units; /* all of the pool's, in the order in which they are dealt */
	uint32_t unit_count;
	uint32_t width;        /* units a rank */
	uint32_t slot_count;   /* disjoint ones */
	uint32_t *turns;       /* per slot: from 0, how often its object had been dealt to before */
	bool *pieced_together; /* per slot: it reaches beyond the objects that ranks are dealt over */
	uint32_t window_count; /* distinct sets of units that ranks can get: rank r has window r % window_count */
};

void place_slots_make(struct place_slots *slots, const struct place_pool *pool, uint32_t nprocs);
void place_slots_finish(struct place_slots *slots);

/* The i-th unit (below slots->width) of a window. */
uint32_t place_slots_unit(const struct place_slots *slots, uint32_t window, uint32_t i);

#endif
