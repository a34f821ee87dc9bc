/* SPDX-License-Identifier: MIT
 *
 * memory_cgroup: a memory control group for each rank, where limits.memory asks for one and one may be made.
 *
 * Version 1 and 2. A group is made in the nearest directory, from this process's own group upwards, whose children can
 * have the memory controller, but never beyond a group that limits anything: a rank must not get away from the memory,
 * the CPUs or the quota that muster itself was given. They are made before anything is started (or the job is refused,
 * with the reason) and removed, once the ranks are gone, by whoever made them and by the supervisor, whichever lives.
 */
#ifndef MUSTER_RUN_MEMORY_CGROUP_H
#define MUSTER_RUN_MEMORY_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

struct error;

struct memory_cgroups { /* zero-initialised: none */
	char *prefix;   /* of the groups' directories: ".../muster-JOB-" and a local rank */
	uint32_t count; /* made so far */
	bool is_version_2;
};

/* One for each of `count` ranks, each with at most `bytes`. */
int memory_cgroups_make(struct memory_cgroups *groups, const char *job_id, uint32_t count, int64_t bytes,
                        struct error *err);

/* An open cgroup.procs of the rank's group; -1 when there are no groups. */
int memory_cgroup_open(const struct memory_cgroups *groups, uint32_t local_rank, int *fd, struct error *err);

void memory_cgroups_remove(struct memory_cgroups *groups);

#endif
