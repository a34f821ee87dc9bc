/* SPDX-License-Identifier: MIT
 *
 * collective_reduce: the collectives that combine data: reduce, allreduce, reduce_scatter. What is small here; what is
 * large in reduce_large.c.
 *
 * Every element is combined by one function, in the order of ranks, wherever that happens: the bytes are the same.
 */
#include "call.h"
#include "error.h"
#include "known.h"
#include "reduce_large.h"
#include "reduction.h"

#include <string.h>

/* Up to here everybody hears everybody, or the last to come combines for all. */
enum { SMALL_BYTES = 16384, SMALL_CROWD_BYTES = 16384 };

/* --- hearing --- */

static const void *operand_of(const struct call *call, uint32_t member, const struct step_line *line)
{
	if (line->form == STEP_HERE)
		return line->payload;
	return steps_bulk(call, member, ((const struct step_bulk *)line->payload)->position);
}

/* steps->views: everybody's operand; mine from `in`, or, when that is NULL, as I have said it: the memory of mine may
 * be where another writes its result. */
static int hear_operands(struct call *call, const void *in)
{
	const struct step_line *line;
	muster_world *world = call->world;
	int rc = 0;
	for (uint32_t member = 0; member < world->size && rc == 0; member++) {
		if (member == world->rank && in != NULL) {
			call->steps->views[member] = in;
			continue;
		}
		rc = steps_hear(call, member, &line);
		if (rc == 0)
			call->steps->views[member] = operand_of(call, member, line);
	}
	return rc;
}

/* --- to one --- */

static int reduce_small(struct call *call, const struct reduction *reduction, const void *in, void *out, size_t count,
                        int root)
{
	int rc;
	steps_next(call);
	if ((int)call->world->rank != root) {
		rc = steps_say_copy(call, in, call->bytes);
	} else {
		rc = hear_operands(call, in);
		if (rc == 0)
			reduction_fold(reduction, out, call->steps->views, call->world->size, 0, count, false);
	}
	if (rc == 0)
		steps_finish(call, call->bytes);
	return rc;
}

/* --- to all --- */

static int allreduce_pairwise(struct call *call, const struct reduction *reduction, const void *in, void *out,
                              size_t count)
{
	steps_next(call);
	int rc = steps_say_copy(call, in, call->bytes);
	if (rc == 0)
		rc = hear_operands(call, NULL);
	if (rc < 0)
		return rc;
	steps_all_spoke(call);
	reduction_fold(reduction, out, call->steps->views, call->world->size, 0, count, false);
	steps_finish(call, call->bytes);
	return 0;
}

/* What the last to come says to all; up to STEP_HERE_BYTES the result itself. */
struct gate_words {
	uint32_t member;
	uint64_t position; /* of the result in its bulk memory */
};

struct gathering {
	struct call *call;
	const struct reduction *reduction;
	size_t count;
	int rc;
};

/* What the last to come was doing: gate->breaker, which a gate has no other use for. */
static uint64_t signature(const struct call *call)
{
	return step_key(call->steps->step) | (uint64_t)call->what << 32;
}

/* All others have come to the gate, so that hearing them does not wait. */
static void fold_for_all(void *context)
{
	struct gathering *gathering = context;
	struct call *call = gathering->call;
	struct group_barrier *gate = &call->world->group->gate;
	struct gate_words *words = (struct gate_words *)gate->words;
	void *result = gate->words;
	gathering->rc = hear_operands(call, NULL);
	atomic_store_explicit(&gate->breaker, signature(call), memory_order_relaxed);
	steps_all_spoke(call);
	if (gathering->rc == 0 && call->bytes > STEP_HERE_BYTES) {
		words->member = call->world->rank;
		gathering->rc = steps_take(call, call->bytes, &words->position);
		result = steps_bulk(call, call->world->rank, words->position);
	}
	if (gathering->rc < 0)
		wait_break_group(call->world, gathering->rc, call->world->failure.rank);
	else
		reduction_fold(gathering->reduction, result, call->steps->views, call->world->size, 0, gathering->count,
		               false);
}

static int allreduce_crowd(struct call *call, const struct reduction *reduction, const void *in, void *out,
                           size_t count)
{
	struct gathering gathering = {.call = call, .reduction = reduction, .count = count};
	const struct group_barrier *gate = &call->world->group->gate;
	const struct gate_words *words = (const struct gate_words *)gate->words;
	steps_next(call);
	int rc = steps_say_copy(call, in, call->bytes);
	if (rc == 0)
		rc = steps_meet(call, fold_for_all, &gathering);
	if (rc == 0)
		rc = gathering.rc;
	if (rc == 0)
		rc = steps_still_good(call);
	if (rc == 0 && atomic_load_explicit(&gate->breaker, memory_order_relaxed) != signature(call))
		rc = steps_mismatch(call, UINT32_MAX);
	if (rc < 0)
		return rc;
	steps_all_spoke(call);
	bool here = call->bytes <= STEP_HERE_BYTES;
	memcpy(out, here ? (const void *)gate->words : steps_bulk(call, words->member, words->position), call->bytes);
	steps_finish(call, call->bytes);
	return 0;
}

/* --- to each its part --- */

static int reduce_scatter_small(struct call *call, const struct reduction *reduction, const void *in, void *out,
                                size_t count)
{
	muster_world *world = call->world;
	steps_next(call);
	int rc = steps_say_copy(call, in, call->bytes * world->size);
	if (rc == 0)
		rc = steps_hear_all(call);
	if (rc == 0)
		rc = hear_operands(call, NULL);
	if (rc < 0)
		return rc;
	reduction_fold(reduction, out, call->steps->views, world->size, world->rank * call->bytes, count, false);
	steps_finish(call, call->bytes * world->size);
	return 0;
}

/* --- the calls --- */

static int refuse(muster_world *world, int refusal)
{
	int rc = world_enter(world);
	return rc < 0 ? rc : world_leave(world, refusal);
}

static size_t small_bytes(const struct call *call)
{
	size_t small = call->steps->crowd ? SMALL_CROWD_BYTES : SMALL_BYTES, most = steps_bulk_most(call);
	return small < most ? small : most;
}

static int reduce(muster_world *world, const struct reduction *reduction, const void *in, void *out, size_t count,
                  int root, int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_REDUCE, root, timeout_ms);
	if (rc < 0)
		return rc;
	bool is_root = (int)world->rank == root;
	rc = call_shape(&call, reduction->tag, count, reduction->element_bytes, root,
	                in != NULL && (out != NULL || !is_root));
	if (rc < 0 || count == 0)
		return call_end(&call, rc);
	KNOWN(in != NULL && (out != NULL || (!is_root && world->size > 1)));
	if (world->size == 1)
		memmove(out, in, call.bytes);
	else if (call.bytes <= small_bytes(&call))
		rc = reduce_small(&call, reduction, in, out, count, root);
	else
		rc = reduce_large(&call, reduction, in, is_root ? out : NULL, count);
	return call_end(&call, rc);
}

static int allreduce(muster_world *world, const struct reduction *reduction, const void *in, void *out, size_t count,
                     int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_ALLREDUCE, -1, timeout_ms);
	if (rc < 0)
		return rc;
	rc = call_shape(&call, reduction->tag, count, reduction->element_bytes, -1, in != NULL && out != NULL);
	if (rc < 0 || count == 0)
		return call_end(&call, rc);
	KNOWN(in != NULL && out != NULL);
	if (world->size == 1)
		memmove(out, in, call.bytes);
	else if (call.bytes > small_bytes(&call))
		rc = reduce_large(&call, reduction, in, out, count);
	else if (call.steps->crowd)
		rc = allreduce_crowd(&call, reduction, in, out, count);
	else
		rc = allreduce_pairwise(&call, reduction, in, out, count);
	return call_end(&call, rc);
}

static int reduce_scatter(muster_world *world, const struct reduction *reduction, const void *in, void *out,
                          size_t count, int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_REDUCE_SCATTER, -1, timeout_ms);
	if (rc < 0)
		return rc;
	rc = call_shape(&call, reduction->tag, count, reduction->element_bytes, -1, in != NULL && out != NULL);
	if (rc < 0 || count == 0)
		return call_end(&call, rc);
	KNOWN(in != NULL && out != NULL);
	if (world->size == 1)
		memmove(out, in, call.bytes);
	else if (call.bytes * world->size <= small_bytes(&call))
		rc = reduce_scatter_small(&call, reduction, in, out, count);
	else
		rc = reduce_scatter_large(&call, reduction, in, out, count);
	return call_end(&call, rc);
}

int muster_reduce(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                  enum muster_op op, int root, int timeout_ms)
{
	struct reduction reduction;
	int rc = reduction_built_in(&reduction, type, op);
	return rc < 0 ? refuse(world, rc) : reduce(world, &reduction, in, out, count, root, timeout_ms);
}

int muster_reduce_by(muster_world *world, const void *in, void *out, size_t count, const struct muster_operator *op,
                     int root, int timeout_ms)
{
	struct reduction reduction;
	int rc = reduction_of_own(&reduction, op);
	return rc < 0 ? refuse(world, rc) : reduce(world, &reduction, in, out, count, root, timeout_ms);
}

int muster_allreduce(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                     enum muster_op op, int timeout_ms)
{
	struct reduction reduction;
	int rc = reduction_built_in(&reduction, type, op);
	return rc < 0 ? refuse(world, rc) : allreduce(world, &reduction, in, out, count, timeout_ms);
}

int muster_allreduce_by(muster_world *world, const void *in, void *out, size_t count, const struct muster_operator *op,
                        int timeout_ms)
{
	struct reduction reduction;
	int rc = reduction_of_own(&reduction, op);
	return rc < 0 ? refuse(world, rc) : allreduce(world, &reduction, in, out, count, timeout_ms);
}

int muster_reduce_scatter(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                          enum muster_op op, int timeout_ms)
{
	struct reduction reduction;
	int rc = reduction_built_in(&reduction, type, op);
	return rc < 0 ? refuse(world, rc) : reduce_scatter(world, &reduction, in, out, count, timeout_ms);
}

int muster_reduce_scatter_by(muster_world *world, const void *in, void *out, size_t count,
                             const struct muster_operator *op, int timeout_ms)
{
	struct reduction reduction;
	int rc = reduction_of_own(&reduction, op);
	return rc < 0 ? refuse(world, rc) : reduce_scatter(world, &reduction, in, out, count, timeout_ms);
}
