/* SPDX-License-Identifier: MIT
 *
 * reduce_pipeline: reductions of much data that lies in the members' own memory: chunks of it go through the members'
 * bulk memory, and each member combines its part of every chunk.
 */
#ifndef MUSTER_REDUCE_PIPELINE_H
#define MUSTER_REDUCE_PIPELINE_H

#include "reduction.h"
#include "steps.h"

/* A reduction of much data, as one member goes through it. */
struct large {
	struct call *call;
	const struct reduction *reduction;
	const char *in;
	char *out; /* NULL: not wanted */
	size_t count;
	size_t element_bytes;
};

struct part { /* in elements */
	size_t begin;
	size_t count;
};

/* Of `count` elements those that a member combines; parts begin at cache lines if the whole does. */
struct part large_part(const struct large *large, uint32_t member, size_t count);

/* The result, or my part of it, in large->out. */
int pipeline_reduce(struct large *large);
int pipeline_reduce_scatter(struct large *large);

#endif
