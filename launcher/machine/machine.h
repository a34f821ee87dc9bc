/* SPDX-License-Identifier: MIT
 *
 * machine: the hardware threads of a computer, where each one sits, and which of them this process may use.
 *
 * One flat table, in the order of the hardware (package by package, cache by cache, core by core), read once and const
 * from then on. Placement needs nothing else, so that it is a pure function that can be tested on any machine. What is
 * allowed and why not is kept a thread, so that the plan can tell the user; so is who else holds it.
 */
#ifndef MUSTER_MACHINE_MACHINE_H
#define MUSTER_MACHINE_MACHINE_H

#include "base/index_set.h"
#include "machine/lease_note.h"

#include <stdbool.h>
#include <stdint.h>

struct error;

#define NO_OBJECT UINT32_MAX

/* Why a hardware thread may not be used; the first that applies. */
enum thread_access {
	THREAD_ALLOWED,
	THREAD_OFFLINE,
	THREAD_OUTSIDE_CPUSET,   /* the cgroup's cpuset, as hwloc or its file has it */
	THREAD_OUTSIDE_AFFINITY, /* inherited affinity mask */
};

struct hardware_thread {
	uint32_t cpu;     /* the kernel's number */
	uint32_t core;    /* logical numbers, machine-wide, in hardware order, from 0 */
	uint32_t l3cache; /* NO_OBJECT where there is none */
	uint32_t numa;    /* logical number of the (smallest) local node */
	uint32_t package;
	uint32_t thread_of_core; /* 0: the core's first */
	uint32_t kind;           /* 0: least efficient in power, so: slowest cores .. kind_count-1: fastest */
	enum thread_access access;
	uint32_t holder_count; /* other jobs that hold it */
	bool held_exclusively; /* one of them shares with nobody */
};

/* A job of this host that holds cores (core_lease.h), and that is not one that this process is in. */
struct core_holder {
	struct lease_note note;
	struct index_set cpus;
};

struct numa_node {
	uint32_t os_index;
	uint64_t memory_bytes; /* 0: unknown */
	bool allowed;          /* memory of it may be used (cpuset.mems) */
};

struct machine {
	char *description; /* "2 packages, 4 cores, 8 hardware threads, 2 NUMA nodes" */
	bool is_this_machine;
	struct hardware_thread *threads;
	uint32_t thread_count;
	uint32_t core_count;
	uint32_t l3cache_count;
	uint32_t package_count;
	uint32_t kind_count;     /* 1: all cores alike, or unknown */
	struct numa_node *nodes; /* by logical number */
	uint32_t node_count;
	struct index_set allowed; /* CPUs (kernel numbers) whose access is THREAD_ALLOWED */
	uint32_t quota_millicpus; /* CPU quota along the whole cgroup path, in thousandths of a CPU; 0: none */
	char *quota_source;       /* file that set it, printable; NULL without quota */
	struct core_holder *holders;
	uint32_t holder_count;
	char *cpuset_source;         /* what restricts: a cgroup path, printable, or NULL */
	bool memory_limit_known;     /* it was read: machine_read_memory_limit */
	uint64_t memory_limit_bytes; /* of control groups, for all ranks together */
	char *memory_limit_source;   /* file that set it, printable; NULL without limit */
};

/* This machine, as this process may use it. */
int machine_read(struct machine *machine, struct error *err);

/* Adds the memory limit, which no placement depends on: jobs that are run do not pay for reading it. */
void machine_read_memory_limit(struct machine *machine);

/* Another one: an hwloc XML file, or a synthetic string ("pack:2 core:4 pu:2"). Everything in it is allowed, unless the
 * XML says otherwise. */
int machine_load(struct machine *machine, const char *source, struct error *err);

/* The same from the text of an XML file. */
int machine_load_xml(struct machine *machine, const char *text, struct error *err);

/* The CPU quota in whole CPUs, rounded up; UINT32_MAX without one. */
uint32_t machine_quota_cpus(const struct machine *machine);

void machine_finish(struct machine *machine);

/* "2.9.0", of the hwloc that is linked. */
const char *machine_library_version(void);

#endif
