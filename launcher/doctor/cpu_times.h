/* SPDX-License-Identifier: MIT
 *
 * cpu_times: what some CPUs have done so far, as /proc/stat counts it.
 */
#ifndef MUSTER_DOCTOR_CPU_TIMES_H
#define MUSTER_DOCTOR_CPU_TIMES_H

#include "base/index_set.h"

#include <stdbool.h>
#include <stdint.h>

struct cpu_times {
	uint64_t busy;   /* ticks in which something ran */
	uint64_t stolen; /* in which the host ran somebody else */
	uint64_t all;
	uint32_t cpus; /* how many were found */
};

/* The sums over `cpus`; false where the file does not tell of any of them. */
bool cpu_times_read(struct cpu_times *times, const char *root, const struct index_set *cpus);

/* What happened between the two. */
struct cpu_times cpu_times_between(const struct cpu_times *before, const struct cpu_times *after);

#endif
