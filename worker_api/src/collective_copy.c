/* SPDX-License-Identifier: MIT
 *
 * collective_copy: the collectives that hand data round as it is: broadcast, gather, allgather, scatter, alltoall.
 */
#include "call.h"
#include "copying.h"
#include "exchange.h"
#include "reduction.h"

#include <muster/collective.h>

/* With nobody to hear it, what this rank says to itself is all. */
static int run(struct call *call, const struct exchange *what)
{
	if (call->world->size > 1)
		return exchange(call, what);
	if (what->own != NULL)
		copy_of(what->into, what->own, what->length, what->length);
	return 0;
}

/* --- from one to all --- */

int muster_broadcast(muster_world *world, void *data, size_t count, enum muster_type type, int root, int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_BROADCAST, root, timeout_ms);
	if (rc < 0)
		return rc;
	rc = call_shape(&call, (uint32_t)type, count, reduction_type_bytes(type), root, data != NULL);
	if (rc == 0 && count > 0)
		rc = run(&call, &(struct exchange){.speaker = root,
		                                   .listener = EXCHANGE_ALL,
		                                   .says = data,
		                                   .bytes = call.bytes,
		                                   .into = data,
		                                   .length = call.bytes});
	return call_end(&call, rc);
}

int muster_scatter(muster_world *world, const void *in, void *out, size_t count, enum muster_type type, int root,
                   int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_SCATTER, root, timeout_ms);
	if (rc < 0)
		return rc;
	bool is_root = (int)world->rank == root;
	rc = call_shape(&call, (uint32_t)type, count, reduction_type_bytes(type), root,
	                out != NULL && (in != NULL || !is_root));
	if (rc < 0 || count == 0)
		return call_end(&call, rc);
	const char *own = is_root ? (const char *)in + world->rank * call.bytes : NULL;
	rc = run(&call, &(struct exchange){.speaker = root,
	                                   .listener = EXCHANGE_ALL,
	                                   .says = in,
	                                   .bytes = call.bytes * world->size,
	                                   .into = out,
	                                   .from = call.bytes * world->rank,
	                                   .length = call.bytes,
	                                   .own = own});
	return call_end(&call, rc);
}

/* --- from all to one --- */

int muster_gather(muster_world *world, const void *in, void *out, size_t count, enum muster_type type, int root,
                  int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_GATHER, root, timeout_ms);
	if (rc < 0)
		return rc;
	bool is_root = (int)world->rank == root;
	rc = call_shape(&call, (uint32_t)type, count, reduction_type_bytes(type), root,
	                in != NULL && (out != NULL || !is_root));
	if (rc < 0 || count == 0)
		return call_end(&call, rc);
	rc = run(&call, &(struct exchange){.speaker = EXCHANGE_ALL,
	                                   .listener = root,
	                                   .says = in,
	                                   .bytes = call.bytes,
	                                   .into = out,
	                                   .stride = call.bytes,
	                                   .length = call.bytes,
	                                   .own = is_root ? in : NULL});
	return call_end(&call, rc);
}

/* --- from all to all --- */

int muster_allgather(muster_world *world, const void *in, void *out, size_t count, enum muster_type type,
                     int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_ALLGATHER, -1, timeout_ms);
	if (rc < 0)
		return rc;
	rc = call_shape(&call, (uint32_t)type, count, reduction_type_bytes(type), -1, in != NULL && out != NULL);
	if (rc < 0 || count == 0)
		return call_end(&call, rc);
	rc = run(&call, &(struct exchange){.speaker = EXCHANGE_ALL,
	                                   .listener = EXCHANGE_ALL,
	                                   .says = in,
	                                   .bytes = call.bytes,
	                                   .into = out,
	                                   .stride = call.bytes,
	                                   .length = call.bytes,
	                                   .own = in});
	return call_end(&call, rc);
}

int muster_alltoall(muster_world *world, const void *in, void *out, size_t count, enum muster_type type, int timeout_ms)
{
	struct call call;
	int rc = call_begin(&call, world, COLLECTIVE_ALLTOALL, -1, timeout_ms);
	if (rc < 0)
		return rc;
	rc = call_shape(&call, (uint32_t)type, count, reduction_type_bytes(type), -1, in != NULL && out != NULL);
	if (rc < 0 || count == 0)
		return call_end(&call, rc);
	size_t own = call.bytes * world->rank;
	rc = run(&call, &(struct exchange){.speaker = EXCHANGE_ALL,
	                                   .listener = EXCHANGE_ALL,
	                                   .says = in,
	                                   .bytes = call.bytes * world->size,
	                                   .into = out,
	                                   .stride = call.bytes,
	                                   .from = own,
	                                   .length = call.bytes,
	                                   .own = (const char *)in + own});
	return call_end(&call, rc);
}
