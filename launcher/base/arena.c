/* SPDX-License-Identifier: MIT
 *
 * arena: see arena.h. Blocks double up to 256 KiB; a piece that is larger gets a block of its own.
 */
#include "base/arena.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ALIGNMENT = 16,
	FIRST_BLOCK_BYTES = 16 * 1024,
	LARGEST_BLOCK_BYTES = 256 * 1024,
};

struct arena_block {
	_Alignas(ALIGNMENT) struct arena_block *older;
	size_t used; /* of `size`; both count this struct */
	size_t size;
};

static struct arena_block *add_block(struct arena *arena, size_t wanted)
{
	size_t size = arena->newest == NULL ? FIRST_BLOCK_BYTES : arena->newest->size * 2;
	if (size > LARGEST_BLOCK_BYTES)
		size = LARGEST_BLOCK_BYTES;
	if (size < wanted + sizeof(struct arena_block))
		size = wanted + sizeof(struct arena_block);
	struct arena_block *block = memory_pages(size);
	*block = (struct arena_block){.older = arena->newest, .used = sizeof *block, .size = size};
	arena->newest = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		memory_exhausted();
	size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct arena_block *block = arena->newest;
	if (block == NULL || block->size - block->used < rounded)
		block = add_block(arena, rounded);
	char *piece = (char *)block + block->used;
	block->used += rounded;
	return piece;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		memory_exhausted();
	return arena_alloc(arena, bytes);
}

char *arena_copy_bytes(struct arena *arena, const char *bytes, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);
	memcpy(copy, bytes, length);
	return copy;
}

char *arena_copy(struct arena *arena, const char *text)
{
	return arena_copy_bytes(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *made;
	int length = vasprintf(&made, format, args);
	va_end(args);
	if (length < 0)
		memory_exhausted();
	char *copy = arena_copy_bytes(arena, made, (size_t)length);
	free(made);
	return copy;
}

void arena_finish(struct arena *arena)
{
	struct arena_block *block = arena->newest;
	while (block != NULL) {
		struct arena_block *older = block->older;
		memory_pages_give(block, block->size);
		block = older;
	}
	arena->newest = NULL;
}
