/* SPDX-License-Identifier: MIT
 *
 * reduce_large: reductions of much data, which the members share: each combines its part of it.
 */
#ifndef MUSTER_REDUCE_LARGE_H
#define MUSTER_REDUCE_LARGE_H

#include "reduction.h"
#include "steps.h"

/* `out`: NULL where the result is not wanted. */
int reduce_large(struct call *call, const struct reduction *reduction, const void *in, void *out, size_t count);

int reduce_scatter_large(struct call *call, const struct reduction *reduction, const void *in, void *out, size_t count);

#endif
