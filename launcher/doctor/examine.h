/* SPDX-License-Identifier: MIT
 *
 * examine: what `muster doctor` looks at, a function for each subject. Each adds its findings, always the same ids in
 * the same order where there is something to tell. Nothing is left changed: what is tried is tried in a process of its
 * own, or undone.
 *
 * `root` is put before the names of files of /proc and /sys, so that tests make a machine of their own; "" is this one.
 */
#ifndef MUSTER_DOCTOR_EXAMINE_H
#define MUSTER_DOCTOR_EXAMINE_H

#include "doctor/finding.h"

#include <stdint.h>
#include <sys/resource.h>

struct index_set;
struct machine;

/* A job with a rank for each allowed core is run, of which nothing is kept: whatever stops jobs stops this one. */
void examine_job(struct findings *findings);

/* Allowed CPUs, quota, hardware threads, NUMA nodes, kinds of cores, who holds cores, and whether cores can be held. */
void examine_cpus(struct findings *findings, const struct machine *machine);

/* Who else runs on the CPUs; takes a quarter of a second. */
void examine_load(struct findings *findings, const struct index_set *cpus);

/* Frequency governors, where they can be seen. */
void examine_frequency(struct findings *findings, const char *root, const struct index_set *cpus);

/* Limit of memory, and what is free. */
void examine_memory(struct findings *findings, const char *root);

/* Shared memory: by name, below `directory`, which is /dev/shm; and the segment of libmuster. */
void examine_shared_memory(struct findings *findings, const char *directory);

/* System calls, each tried. */
void examine_system_calls(struct findings *findings);

/* Release, capabilities and the clock. */
void examine_kernel(struct findings *findings, const char *root);

/* By what a job is cleared away. */
void examine_cleanup(struct findings *findings);

/* What limits.* judges: resource limits as getrlimit says them, by number; what control groups say is below `root`. */
struct limit_facts {
	const char *root;
	struct rlimit limits[RLIM_NLIMITS];
	uint32_t cores;          /* ranks of `nprocs: auto` */
	bool is_root;            /* whom RLIMIT_NPROC does not hold for */
	uint64_t user_processes; /* 0: not counted */
};

void limit_facts_read(struct limit_facts *facts, uint32_t cores);
void examine_limits(struct findings *findings, const struct limit_facts *facts);

/* Records, sockets and temporary files. */
void examine_places(struct findings *findings);

/* Variables that jobs inherit: "NAME=value", a NULL behind them. */
void examine_environment(struct findings *findings, char *const *environment);

#endif
