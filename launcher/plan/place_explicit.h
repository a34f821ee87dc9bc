/* SPDX-License-Identifier: MIT
 *
 * place_explicit: placement.rank_cpus: the user said which CPUs each rank gets; they are checked and taken as they are.
 */
#ifndef MUSTER_PLAN_PLACE_EXPLICIT_H
#define MUSTER_PLAN_PLACE_EXPLICIT_H

#include "plan/place_pool.h"
#include "plan/placement.h"

/* The number of ranks: that of the lists; an error when the spec says another. */
int place_explicit_nprocs(uint32_t *nprocs, const struct placement_spec *request, struct error *err);

/* Fills placement->ranks, of which there are as many as lists, and the warnings. */
int place_explicitly(struct placement *placement, const struct place_pool *pool, struct error *err);

#endif
