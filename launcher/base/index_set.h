/* SPDX-License-Identifier: MIT
 *
 * index_set: a set of small whole numbers, 0 to INDEX_SET_MAX: CPUs, NUMA nodes, ranks.
 *
 * Written and read as lists, "0-3,8" (the kernel's cpulist, numactl, taskset -c). Grows as needed; a zero-initialised
 * set is empty and valid; what is beyond the storage is absent, so sets of different widths compare and combine.
 */
#ifndef MUSTER_BASE_INDEX_SET_H
#define MUSTER_BASE_INDEX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

#define INDEX_SET_MAX  65535u
#define INDEX_SET_NONE UINT32_MAX

struct index_set {
	uint64_t *words;
	uint32_t word_count;
};

void index_set_finish(struct index_set *set);
void index_set_clear(struct index_set *set);
void index_set_add(struct index_set *set, uint32_t index);
void index_set_add_range(struct index_set *set, uint32_t first, uint32_t last);
void index_set_remove(struct index_set *set, uint32_t index);
bool index_set_has(const struct index_set *set, uint32_t index);
bool index_set_is_empty(const struct index_set *set);
uint32_t index_set_count(const struct index_set *set);
uint32_t index_set_first(const struct index_set *set); /* INDEX_SET_NONE when empty */
uint32_t index_set_next(const struct index_set *set,
                        uint32_t after);              /* the next one above `after`, or INDEX_SET_NONE */
uint32_t index_set_last(const struct index_set *set); /* INDEX_SET_NONE when empty */
void index_set_copy(struct index_set *to, const struct index_set *from);
void index_set_union(struct index_set *to, const struct index_set *other);
void index_set_intersect(struct index_set *to, const struct index_set *other);
void index_set_subtract(struct index_set *to, const struct index_set *other);
bool index_set_equal(const struct index_set *a, const struct index_set *b);
bool index_set_intersects(const struct index_set *a, const struct index_set *b);
bool index_set_contains(const struct index_set *outer, const struct index_set *inner);

/* Visits the members in rising order: for (index_set_each(set, cpu)) { ... } */
#define index_set_each(set, index)                                                                                     \
	uint32_t index = index_set_first(set);                                                                         \
	(index) != INDEX_SET_NONE;                                                                                     \
	(index) = index_set_next(set, index)

/* Reads "0-3,8". `set` is changed only on success. -EINVAL for what is not a list, -ERANGE for a number above `max`;
 * the text says which part was wrong. An empty list is an error; blanks are allowed around numbers and commas. */
int index_set_parse(struct index_set *set, const char *text, uint32_t max, struct error *err);

/* Writes "0-3,8" ("" when empty). Returns the length that the whole text has, like snprintf. */
size_t index_set_format(const struct index_set *set, char *buffer, size_t size);

#endif
