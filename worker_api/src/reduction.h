/* SPDX-License-Identifier: MIT
 *
 * reduction: elements of several ranks combined into one, in the order in which they are given: ((a + b) + c) + ...
 * Built-in operators for built-in types, or one of the caller's own.
 */
#ifndef MUSTER_REDUCTION_H
#define MUSTER_REDUCTION_H

#include <muster/collective.h>

#include <stdbool.h>

/* into[i] = a[i] ∘ b[i]; `into` may be `a` or `b`. */
typedef void reduction_kernel(void *into, const void *a, const void *b, size_t count);

struct reduction {
	reduction_kernel *kernel;          /* built in, or NULL */
	const struct muster_operator *own; /* else */
	size_t element_bytes;
	uint32_t tag; /* tells one from another, as far as ranks can know it of each other */
};

/* 0 for what is no type. */
size_t reduction_type_bytes(enum muster_type type);

/* -EINVAL, with words. */
int reduction_built_in(struct reduction *reduction, enum muster_type type, enum muster_op op);
int reduction_of_own(struct reduction *reduction, const struct muster_operator *own);

/* Combines `count` elements at byte `offset` of each of the `n` members of `from`, into `into` itself, which may be one
 * of them at that offset. `streams`: the result is large, and not needed soon: past the caches. */
void reduction_fold(const struct reduction *reduction, void *into, const void *const *from, size_t n, size_t offset,
                    size_t count, bool streams);

#endif
