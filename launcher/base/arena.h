/* SPDX-License-Identifier: MIT
 *
 * arena: memory that is made piece by piece and given back all at once.
 *
 * A spec and a plan each own one: their strings, lists and records live in it, so that destroying them is one call and
 * no half-built object can leak. Pieces are aligned to 16 bytes and zeroed. There is no way to free a single piece.
 * The memory is pages of the kernel's, not of malloc's: a forked process that gives them back writes to none.
 *
 * Running out of memory here ends the program: what is allocated is small, comes before any rank is started, and the
 * message ("out of memory") is the same wherever it happens. Nothing that runs while ranks live allocates from an
 * arena.
 */
#ifndef MUSTER_BASE_ARENA_H
#define MUSTER_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *newest; /* zero-initialised is empty and valid */
};

void *arena_alloc(struct arena *arena, size_t size);
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
char *arena_copy(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const char *bytes, size_t length); /* adds the NUL */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_finish(struct arena *arena);

#endif
