/* SPDX-License-Identifier: MIT
 *
 * place_warnings: what a user must be told about a placement, or why there can be none.
 */
#ifndef MUSTER_PLAN_PLACE_WARNINGS_H
#define MUSTER_PLAN_PLACE_WARNINGS_H

#include "plan/place_pool.h"
#include "plan/placement.h"

/* -EBUSY when there are more ranks than units and the spec refuses that. */
int place_check_oversubscription(const struct place_pool *pool, uint32_t nprocs, struct error *err);

/* The same for explicit lists that have CPUs in common; with `warn` a warning is added. */
int place_check_overlap(struct placement *placement, const struct placement_spec *request, struct error *err);

/* Adds the warnings of a finished placement: oversubscription, CPU quota, missing levels, memory that cannot be bound.
 */
void place_warn(struct placement *placement, const struct place_pool *pool);

/* That nprocs auto came to fewer ranks because other jobs hold cores. */
void place_warn_fewer(struct placement *placement, const struct place_pool *pool);

/* The same of explicit lists. */
void place_warn_explicit(struct placement *placement, const struct place_pool *pool);

#endif
