/* SPDX-License-Identifier: MIT
 *
 * collective_values: what each rank brings to a collective in a test, and what must come out: combined in the order of
 * ranks by the plainest code there is, so that results can be compared byte by byte.
 */
#ifndef MUSTER_TEST_COLLECTIVE_VALUES_H
#define MUSTER_TEST_COLLECTIVE_VALUES_H

#include <muster/collective.h>

#include <stddef.h>

/* Elements [from, from + count) of what `rank` brings; small numbers, fractions where there are any. */
void values_of(int rank, enum muster_type type, size_t from, size_t count, void *into);

/* The same elements, combined over ranks 0 ... ranks - 1. */
void values_combined(int ranks, enum muster_type type, enum muster_op op, size_t from, size_t count, void *into);

size_t values_bytes(enum muster_type type);

/* An operator that is not commutative: 2 × 2 matrices of uint32_t, multiplied modulo 2^32. */
struct matrix {
	uint32_t a, b, c, d;
};
extern const struct muster_operator values_matrix_product;
struct matrix values_matrix(int rank, size_t element);

#endif
