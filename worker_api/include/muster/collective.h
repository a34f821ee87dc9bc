/* SPDX-License-Identifier: MIT
 *
 * muster/collective.h: what all ranks of a world do together with their data.
 *
 *     double mine = work(), sum;
 *     rc = muster_allreduce(world, &mine, &sum, 1, MUSTER_DOUBLE, MUSTER_SUM, MUSTER_FOREVER);
 *
 * All ranks of the world call the same function, in the same order, with the same count, type, operator and root.
 * Counts are elements; with MUSTER_BYTES they are bytes. Any count works, 0 too. Buffers of a rank may lie anywhere;
 * those from muster_alloc are used in place. Input and output may be the same memory where a function says so, and must
 * not overlap otherwise.
 *
 * Deterministic: elements are combined in the order of ranks, ((r0 + r1) + r2) + ..., whatever the timing, so that the
 * same number of ranks gives the same bytes at every run. An operator need not be commutative.
 *
 * Errors: MUSTER_EGONE, MUSTER_ELEFT (muster_failure_of says who), -ETIMEDOUT, MUSTER_EMISMATCH where it is noticed;
 * then outputs are undefined and the world is broken: every rank's current and later collectives on it return, at once,
 * with MUSTER_EBROKEN or the cause. A rank's buffers are its own again then, but for a result that all ranks of an
 * allreduce named as one place: those who are late may still write to it until they have returned. Messages still work
 * among those who live, and barriers as long as nobody ended. -EINVAL for arguments that make no sense, before anything
 * is sent. MUSTER_EFORKED, MUSTER_EBUSY, MUSTER_EFINALIZED.
 *
 * broadcast, reduce, gather and scatter do not wait for those who need nothing of one another: a root that has sent
 * goes on.
 */
#ifndef MUSTER_COLLECTIVE_H
#define MUSTER_COLLECTIVE_H

#include <muster/base.h>

MUSTER_BEGIN

enum muster_type {
	MUSTER_INT32 = 1,
	MUSTER_INT64,
	MUSTER_UINT64,
	MUSTER_FLOAT,
	MUSTER_DOUBLE,
	MUSTER_BYTES, /* of uint8_t: sum and product wrap */
};

enum muster_op {
	MUSTER_SUM = 1, /* integers wrap around */
	MUSTER_PROD,
	MUSTER_MIN, /* of floating point: a NaN, once met, stays */
	MUSTER_MAX,
};

/* An operator of one's own: into[i] = into[i] ∘ from[i] for `count` elements; associative. It runs on any rank, must
 * not call libmuster, and gets memory aligned to 8 bytes at least when element_bytes is a multiple of 8 and the memory
 * that ranks call with is aligned so. */
struct muster_operator {
	void (*combine)(void *into, const void *from, size_t count, void *context);
	void *context;
	size_t element_bytes; /* 1 ... 4096 */
};

/* Root's `data` to all. */
MUSTER_API int muster_broadcast(muster_world *world, void *data, size_t count, enum muster_type type, int root,
                                int timeout_ms);

/* All ranks' `in`, combined, to root's `out` (ignored elsewhere, may be NULL). `in` may be `out`. */
MUSTER_API int muster_reduce(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                             enum muster_op op, int root, int timeout_ms);
MUSTER_API int muster_reduce_by(muster_world *world, const void *in, void *out, size_t count,
                                const struct muster_operator *op, int root, int timeout_ms);

/* The same to everybody. `in` may be `out`. */
MUSTER_API int muster_allreduce(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                                enum muster_op op, int timeout_ms);
MUSTER_API int muster_allreduce_by(muster_world *world, const void *in, void *out, size_t count,
                                   const struct muster_operator *op, int timeout_ms);

/* `in` of every rank holds size × count elements; rank r gets the combined elements r × count ... . */
MUSTER_API int muster_reduce_scatter(muster_world *world, const void *in, void *out, size_t count,
                                     enum muster_type type, enum muster_op op, int timeout_ms);
MUSTER_API int muster_reduce_scatter_by(muster_world *world, const void *in, void *out, size_t count,
                                        const struct muster_operator *op, int timeout_ms);

/* Each rank's `count` elements of `in`, in the order of ranks, to root's `out` of size × count (ignored elsewhere). */
MUSTER_API int muster_gather(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                             int root, int timeout_ms);

/* The same to everybody. `in` may be this rank's own place in `out`. */
MUSTER_API int muster_allgather(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                                int timeout_ms);

/* Root's `in` of size × count (ignored elsewhere): part r to rank r's `out`. */
MUSTER_API int muster_scatter(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                              int root, int timeout_ms);

/* Part s of rank r's `in` becomes part r of rank s's `out`; both hold size × count elements. */
MUSTER_API int muster_alltoall(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                               int timeout_ms);

MUSTER_END

#endif
