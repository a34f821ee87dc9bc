/* SPDX-License-Identifier: MIT
 *
 * machine_table: from "who sits where" to a struct machine. Both readers of the hardware end here, so that numbering,
 * access and description are the same whichever of them read it.
 */
#ifndef MUSTER_MACHINE_MACHINE_TABLE_H
#define MUSTER_MACHINE_MACHINE_TABLE_H

#include "machine/machine.h"

struct error;

/* One hardware thread as it was found. Keys only tell objects apart: two threads with the same key, one after the
 * other, share the object. 0: there is no such object. */
struct found_thread {
	uint32_t cpu;
	uintptr_t core;
	uintptr_t l3cache;
	uintptr_t package;
	uint32_t numa; /* logical number, or NO_OBJECT */
	uint32_t kind;
};

struct found_machine {
	struct found_thread *threads; /* in hardware order */
	uint32_t thread_count;
	uint32_t kind_count;
	struct numa_node *nodes; /* handed over to the machine */
	uint32_t node_count;
	struct index_set offline; /* present, without a place */
	struct index_set cpuset;  /* what the cpuset allows */
};

/* Fills threads, counts, nodes, allowed and description. `affinity` may be NULL: all. Frees nothing of `found` but
 * takes `nodes`. */
void machine_table_fill(struct machine *machine, struct found_machine *found, const struct index_set *affinity);
void found_machine_finish(struct found_machine *found);

/* This machine as hwloc sees it, for machine_read and for the test that compares; without the CPU quota. `machine` must
 * be zeroed. */
int machine_read_by_hwloc(struct machine *machine, const struct index_set *affinity, struct error *err);

/* machine_load in this process, for tests that want to see into it: XML text, or else a synthetic string. */
int machine_load_unguarded(struct machine *machine, const char *xml, const char *synthetic, struct error *err);

#endif
