/* SPDX-License-Identifier: MIT
 *
 * rank_limits: the resource limits that the spec asks for, as ranks set them for themselves, and whether this process
 * may hand them out at all.
 */
#ifndef MUSTER_RUN_RANK_LIMITS_H
#define MUSTER_RUN_RANK_LIMITS_H

#include "run/rank_child.h"

struct error;
struct limits_spec;

/* Returns how many there are. */
uint32_t rank_limits_make(struct rank_limit limits[RANK_LIMITS_MAX], const struct limits_spec *spec);

/* Tries it: what a process may do depends on capabilities, hard limits and settings of the kernel. Nothing is changed
 * after it. */
int rank_limits_check(const struct limits_spec *spec, struct error *err);

#endif
