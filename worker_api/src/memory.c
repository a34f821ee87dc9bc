/* SPDX-License-Identifier: MIT
 *
 * memory: see muster/memory.h; the heap is what it stands on. Called by any number of threads, so that the world counts
 * as in use by nobody.
 */
#include <muster/memory.h>

#include "error.h"
#include "heap.h"
#include "world.h"

static struct segment *segment_of(const muster_world *world)
{
	uint32_t state = world == NULL ? 0 : atomic_load_explicit(world->state, memory_order_relaxed);
	if (state == WORLD_OPEN || state == WORLD_BUSY)
		return world->segment;
	world_refuse(world);
	return NULL;
}

void *muster_alloc(muster_world *world, size_t bytes)
{
	struct segment *segment = segment_of(world);
	if (segment == NULL)
		return NULL;
	if (bytes == 0) {
		error_say("muster_alloc: of 0 bytes there is no memory: ask for one at least");
		return NULL;
	}
	uint64_t offset = heap_take(segment, bytes);
	if (offset != 0)
		return segment_at(segment, offset);
	segment_tell_full(segment, bytes);
	return NULL;
}

void muster_free(muster_world *world, void *memory)
{
	struct segment *segment = memory != NULL ? segment_of(world) : NULL;
	if (segment == NULL)
		return;
	if (!segment_holds(segment, memory, 1) || !heap_give(segment, (uint64_t)((char *)memory - segment->base)))
		error_say("muster_free: %p is not what muster_alloc gave, or was freed before; ignored", memory);
}

uint64_t muster_offset(const muster_world *world, const void *memory)
{
	const struct segment *segment = segment_of(world);
	if (segment == NULL || !segment_holds(segment, memory, 1))
		return 0;
	return (uint64_t)((const char *)memory - segment->base);
}

void *muster_at(const muster_world *world, uint64_t offset)
{
	const struct segment *segment = segment_of(world);
	return segment != NULL && offset != 0 && offset < segment->bytes ? segment_at(segment, offset) : NULL;
}
