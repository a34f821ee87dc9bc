/* SPDX-License-Identifier: MIT
 *
 * allowance: what this process may use of the machine, beside what hwloc knows: the affinity mask that it inherited,
 * and the CPU quota of its control groups.
 *
 * The readers take a root directory ("" for the real one), so that tests feed them trees of their own.
 */
#ifndef MUSTER_MACHINE_ALLOWANCE_H
#define MUSTER_MACHINE_ALLOWANCE_H

#include "base/index_set.h"

#include <stdint.h>

struct error;

struct cpu_quota {
	uint32_t millicpus; /* thousandths of a CPU; 0: none */
	char *source;       /* the file that says so, to be freed; NULL without quota */
};

/* The CPUs of sched_getaffinity, however many this kernel knows. */
int allowance_affinity(struct index_set *cpus, struct error *err);

/* The smallest CPU quota on the way from the process's own control group up, version 1 and version 2. */
struct cpu_quota allowance_quota(const char *root);

/* The cpuset file nearest to the process, to name what restricts it, and the CPUs in it; NULL and none where
 * there is no such file. To be freed. What may be used is for the affinity mask to say. */
char *allowance_cpuset(const char *root, struct index_set *cpus);

#endif
