/* SPDX-License-Identifier: MIT
 *
 * call: see call.h.
 */
#include "call.h"

#include "error.h"
#include "trace.h"

#include <errno.h>

static const char *const names[] = {
	[COLLECTIVE_BROADCAST] = "broadcast", [COLLECTIVE_REDUCE] = "reduce",
	[COLLECTIVE_ALLREDUCE] = "allreduce", [COLLECTIVE_REDUCE_SCATTER] = "reduce_scatter",
	[COLLECTIVE_GATHER] = "gather",       [COLLECTIVE_ALLGATHER] = "allgather",
	[COLLECTIVE_SCATTER] = "scatter",     [COLLECTIVE_ALLTOALL] = "alltoall",
	[COLLECTIVE_SPLIT] = "split",         [COLLECTIVE_ALLOC_SHARED] = "alloc_shared",
};

const char *call_name(uint32_t kind)
{
	return kind < sizeof names / sizeof *names ? names[kind] : NULL;
}

static bool has_root(enum collective_kind kind)
{
	return kind == COLLECTIVE_BROADCAST || kind == COLLECTIVE_REDUCE || kind == COLLECTIVE_GATHER ||
	       kind == COLLECTIVE_SCATTER;
}

static int make_steps(muster_world *world)
{
	world->steps = steps_create(world);
	return world->steps != NULL ? 0 : error_set(-ENOMEM, "no memory for collectives of %u ranks", world->size);
}

int call_begin(struct call *call, muster_world *world, enum collective_kind kind, int root, int timeout_ms)
{
	int rc = world_enter(world);
	if (rc < 0)
		return rc;
	*call = (struct call){.world = world, .name = names[kind], .timeout_ms = timeout_ms, .kind = (uint16_t)kind};
	if (has_root(kind) && (root < 0 || root >= (int)world->size))
		return world_leave(world, error_set(-EINVAL, "collective '%s': there is no rank %d", call->name, root));
	if (atomic_load_explicit(&world->group->broken, memory_order_relaxed) != 0)
		return world_leave(world, wait_tell_broken(world, call->name, false));
	/* Whoever cannot take part tells the others, who wait for it. */
	if (world->steps == NULL && (rc = make_steps(world)) < 0)
		return world_leave(world, wait_break_group(world, rc, (int32_t)world->rank));
	call->steps = world->steps;
	call->begin_ticks = ticks_now();
	return 0;
}

/* Sixteen bits of everything that all members must agree on; the mixing is that of MurmurHash3's finalizer, so that
 * counts that differ little or regularly differ here as often as any. */
static uint16_t hash(uint16_t kind, uint32_t tag, int root, size_t count)
{
	uint64_t all = ((uint64_t)kind << 32 ^ tag) * UINT64_C(0x9e3779b97f4a7c15) +
	               (uint32_t)root * UINT64_C(0xd1b54a32d192ed03) + count;
	all = (all ^ all >> 33) * UINT64_C(0xff51afd7ed558ccd);
	all = (all ^ all >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint16_t)(all >> 48);
}

int call_shape(struct call *call, uint32_t tag, size_t count, size_t element_bytes, int root, bool complete)
{
	size_t bytes, all;
	if (element_bytes == 0)
		return error_set(-EINVAL, "collective '%s': elements of a type that does not exist", call->name);
	if (__builtin_mul_overflow(count, element_bytes, &bytes) ||
	    __builtin_mul_overflow(bytes, (size_t)call->world->size, &all) || all > SIZE_MAX / 2)
		return error_set(-EINVAL, "collective '%s': %zu elements are more than there can be", call->name,
		                 count);
	if (!complete && count > 0)
		return error_set(-EINVAL, "collective '%s': count is %zu, and the memory for that is NULL", call->name,
		                 count);
	call->bytes = bytes;
	call->what = hash(call->kind, tag, root, count);
	return 0;
}

/* Nothing was said yet when an argument made no sense. */
int call_end(struct call *call, int rc)
{
	muster_world *world = call->world;
	if (rc == 0)
		trace_collective(world->segment, call->kind, call->bytes, call->begin_ticks);
	else if (rc != -EINVAL) /* what nobody noted is this rank's own */
		wait_break_group(world, rc, world->failure_noted ? world->failure.rank : (int32_t)world->rank);
	return world_leave(world, rc);
}

int call_end_alike(struct call *call, int rc)
{
	trace_collective(call->world->segment, call->kind, call->bytes, call->begin_ticks);
	return world_leave(call->world, rc);
}
