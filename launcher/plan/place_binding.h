/* SPDX-License-Identifier: MIT
 *
 * place_binding: from the units that a rank is mapped to, to the CPUs that it is bound to.
 *
 * One binding a window of units (see place_slots.h): ranks that share a window share the binding. With bind_to core or
 * hwthread it is the units themselves, with a larger object the usable CPUs of every such object that the units lie in,
 * with none all that is usable.
 */
#ifndef MUSTER_PLAN_PLACE_BINDING_H
#define MUSTER_PLAN_PLACE_BINDING_H

#include "plan/place_pool.h"
#include "plan/place_slots.h"

struct place_binding {
	struct index_set cpus;
	struct index_set cores;
	struct index_set nodes;  /* logical numbers, all that the CPUs are local to */
	struct index_set mapped; /* logical numbers of the cores that the units are of */
	struct index_set mapped_cpus;
	uint32_t rank_count; /* ranks that have this binding */
	bool shared;
};

/* `count` bindings, one a window; free with place_bindings_free. */
struct place_binding *place_bindings_make(const struct place_pool *pool, const struct place_slots *slots,
                                          uint32_t nprocs);
void place_bindings_free(struct place_binding *bindings, uint32_t count);

/* Fills `shared` from rank_count and cores. */
void place_bindings_find_shared(struct place_binding *bindings, uint32_t count, const struct machine *machine);

/* Adds one hardware thread (index into machine.threads) to a binding. */
void place_binding_add_thread(struct place_binding *binding, const struct machine *machine, uint32_t thread);

/* Kernel numbers of those nodes among `local` (logical numbers) that memory can be bound to. */
void place_set_nodes(struct index_set *to, const struct index_set *local, const struct machine *machine);

#endif
