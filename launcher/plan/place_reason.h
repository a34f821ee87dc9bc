/* SPDX-License-Identifier: MIT
 *
 * place_reason: one exact sentence a rank, saying why it is where it is.
 */
#ifndef MUSTER_PLAN_PLACE_REASON_H
#define MUSTER_PLAN_PLACE_REASON_H

#include "base/text.h"
#include "plan/place_binding.h"

/* The reason of the ranks with this window, but for the round that place_reason_add_round says. */
void place_reason(struct text *text, const struct place_pool *pool, const struct place_slots *slots, uint32_t window,
                  const struct place_binding *binding);

/* ", 2nd round: more ranks than cores", for ranks beyond the last slot. */
void place_reason_add_round(struct text *text, const struct place_pool *pool, const struct place_slots *slots,
                            uint32_t rank);

/* " of NUMA node 1", " across packages 0-1": where these cores are, on a machine that has several places. */
void place_reason_add_where(struct text *text, const struct machine *machine, const struct index_set *cores,
                            const struct place_core *core_table);

#endif
