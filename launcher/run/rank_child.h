/* SPDX-License-Identifier: MIT
 *
 * rank_child: what a rank does between clone and exec.
 *
 * The child runs on the supervisor's memory (CLONE_VM) while the supervisor goes on, so it only makes raw system calls,
 * reads what is const, and writes nothing but its own `struct rank_slot`. Each step that can fail has a name; the first
 * that fails is left in the slot with its errno, and the child ends.
 */
#ifndef MUSTER_RUN_RANK_CHILD_H
#define MUSTER_RUN_RANK_CHILD_H

#include "run/rank_step.h"

#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#ifndef MPOL_PREFERRED_MANY
#define MPOL_PREFERRED_MANY 5 /* Linux 5.15 */
#endif

/* Written by child and kernel, read by the supervisor. */
struct rank_slot {
	volatile int32_t tid; /* the kernel clears it when the child leaves this memory: it executed, or it ended */
	volatile int32_t failed_step; /* enum rank_step */
	volatile int32_t failed_errno;
	volatile int32_t mask_differs; /* the kernel cut the binding down (a cpuset that changed) */
	/* errno of set_mempolicy, which costs no rank: seccomp refuses it in containers. */
	volatile int32_t memory_refused;
};

struct rank_limit {
	int resource;
	enum rank_step step; /* what failed when it cannot be set */
	struct rlimit value;
};

enum { RANK_LIMITS_MAX = 8 };

/* The same for every rank of a job. */
struct rank_conditions {
	pid_t supervisor;
	uint64_t ignored; /* signals that this process ignores and a rank must not: bit N-1 is signal N */
	bool has_umask;
	mode_t umask;
	bool has_nice;
	int nice;
	struct rank_limit limits[RANK_LIMITS_MAX];
	uint32_t limit_count;
	bool become_user;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
	int memory_mode; /* MPOL_*; 0: left alone */
};

/* One rank's. */
struct rank_child {
	const struct rank_conditions *conditions;
	struct rank_slot *slot;
	const char *path;
	char *const *argv;
	char *const *envp;
	const char *directory;     /* NULL: as the supervisor's */
	const unsigned long *cpus; /* NULL: affinity is left alone */
	size_t cpus_bytes;
	const unsigned long *nodes; /* NULL: memory policy is left alone */
	unsigned long node_bits;
	int cgroup_procs;   /* an open cgroup.procs to enter by, or -1 */
	int descriptors[3]; /* what become 0, 1, 2; all above 2 */
	int segment;        /* what becomes SEGMENT_DESCRIPTOR, and is above it; -1: none */
};

/* The child's whole life, on a stack of its own; returns only what it exits with when it failed. */
int rank_child_main(void *rank_child);

#endif
