/* SPDX-License-Identifier: MIT
 *
 * collective_values: see collective_values.h.
 */
#include "collective_values.h"

#include <stdint.h>

static uint32_t number(int rank, size_t element)
{
	uint64_t mixed =
		((uint64_t)element + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)rank * UINT64_C(0xbf58476d1ce4e5b9);
	return (uint32_t)((mixed ^ mixed >> 29) * UINT64_C(0x94d049bb133111eb) >> 40);
}

#define FOR_EACH_ELEMENT(type, value)                                                                                  \
	for (size_t i = 0; i < count; i++) {                                                                           \
		uint32_t n = number(rank, from + i);                                                                   \
		((type *)into)[i] = (type)(value);                                                                     \
	}                                                                                                              \
	break

void values_of(int rank, enum muster_type type, size_t from, size_t count, void *into)
{
	switch (type) {
	case MUSTER_INT32:
		FOR_EACH_ELEMENT(int32_t, n * 257 - 0x7fffffff);
	case MUSTER_INT64:
		FOR_EACH_ELEMENT(int64_t, (int64_t)n * 0x123456789 - 0x7ffffffffffff);
	case MUSTER_UINT64:
		FOR_EACH_ELEMENT(uint64_t, n * UINT64_C(0xfedcba987654321));
	case MUSTER_FLOAT:
		FOR_EACH_ELEMENT(float, 0.5 + n / 16777216.0);
	case MUSTER_DOUBLE:
		FOR_EACH_ELEMENT(double, 0.7 + n / 16777217.0);
	case MUSTER_BYTES:
		FOR_EACH_ELEMENT(uint8_t, n);
	}
}

size_t values_bytes(enum muster_type type)
{
	static const size_t bytes[] = {[MUSTER_INT32] = 4, [MUSTER_INT64] = 8,  [MUSTER_UINT64] = 8,
	                               [MUSTER_FLOAT] = 4, [MUSTER_DOUBLE] = 8, [MUSTER_BYTES] = 1};
	return bytes[type];
}

#define COMBINE(type, wide)                                                                                            \
	do {                                                                                                           \
		type into_value = *(type *)into, value = *(type *)other;                                               \
		if (op == MUSTER_SUM)                                                                                  \
			into_value = (type)((wide)into_value + (wide)value);                                           \
		if (op == MUSTER_PROD)                                                                                 \
			into_value = (type)((wide)into_value * (wide)value);                                           \
		if (op == MUSTER_MIN && value < into_value)                                                            \
			into_value = value;                                                                            \
		if (op == MUSTER_MAX && value > into_value)                                                            \
			into_value = value;                                                                            \
		*(type *)into = into_value;                                                                            \
	} while (0);                                                                                                   \
	break

static void combine(enum muster_type type, enum muster_op op, void *into, void *other)
{
	switch (type) {
	case MUSTER_INT32:
		COMBINE(int32_t, uint32_t);
	case MUSTER_INT64:
		COMBINE(int64_t, uint64_t);
	case MUSTER_UINT64:
		COMBINE(uint64_t, uint64_t);
	case MUSTER_FLOAT:
		COMBINE(float, float);
	case MUSTER_DOUBLE:
		COMBINE(double, double);
	case MUSTER_BYTES:
		COMBINE(uint8_t, uint8_t);
	}
}

void values_combined(int ranks, enum muster_type type, enum muster_op op, size_t from, size_t count, void *into)
{
	size_t bytes = values_bytes(type);
	values_of(0, type, from, count, into);
	for (size_t i = 0; i < count; i++)
		for (int rank = 1; rank < ranks; rank++) {
			uint64_t other;
			values_of(rank, type, from + i, 1, &other);
			combine(type, op, (char *)into + i * bytes, &other);
		}
}

struct matrix values_matrix(int rank, size_t element)
{
	return (struct matrix){number(rank, element * 4) | 1, number(rank, element * 4 + 1),
	                       number(rank, element * 4 + 2), number(rank, element * 4 + 3)};
}

static void multiply(void *into, const void *from, size_t count, void *context)
{
	struct matrix *left = into;
	const struct matrix *right = from;
	(void)context;
	for (size_t i = 0; i < count; i++) {
		struct matrix l = left[i], r = right[i];
		left[i] = (struct matrix){l.a * r.a + l.b * r.c, l.a * r.b + l.b * r.d, l.c * r.a + l.d * r.c,
		                          l.c * r.b + l.d * r.d};
	}
}

const struct muster_operator values_matrix_product = {.combine = multiply, .element_bytes = sizeof(struct matrix)};
