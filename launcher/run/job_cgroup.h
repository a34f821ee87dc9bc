/* SPDX-License-Identifier: MIT
 *
 * job_cgroup: one control group (version 2) that holds the ranks and all that they start: the second means, beside the
 * tree of processes, to find and to kill what is left of a job.
 *
 * It is made below this process's own group, where ranks get away from no limit, and only where that is allowed: for
 * root, or in a group that was delegated to this user. Where it cannot be made the tree alone is in force, and nobody
 * is told but the report. Ranks are born into it (rank_clone.h); muster's own processes are not in it, so that all in
 * it can be killed by one write. It is named by its path, and may be used by every process of muster's.
 *
 * Guard and supervisor hold a lock on it for as long as one of them lives: a group that nobody holds is that of a job
 * whose muster was killed altogether, and a later job clears it.
 */
#ifndef MUSTER_RUN_JOB_CGROUP_H
#define MUSTER_RUN_JOB_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised, or a pointer that is NULL, where const: none. */
struct job_cgroup {
	char *directory;
	int lock; /* its directory, locked, close-on-exec; what ranks are born by */
};

/* False, and `group` is untouched, where none can be made. */
bool job_cgroup_make(struct job_cgroup *group, const char *job_id);

/* Its directory, for ranks to be born into; stays the group's. -1: there is none. */
int job_cgroup_descriptor(const struct job_cgroup *group);

/* A group below it for the ranks of a later incarnation to be born into, in place of the one before; what holds for the
 * job's group holds for it, too. From Linux 6.14 on, who is born into a group that was killed once is killed. A
 * descriptor, the caller's; -1: it cannot be made. */
int job_cgroup_make_below(const struct job_cgroup *group, uint32_t incarnation);

/* Nobody alive is in it or in a group below it; true when there is none. */
bool job_cgroup_is_empty(const struct job_cgroup *group);

/* How many live in it and below it; those of other pid namespaces count, too. */
uint32_t job_cgroup_count(const struct job_cgroup *group);

/* SIGKILL to all in it and below it, at once (Linux 5.14), or frozen first, so that none forks meanwhile. */
void job_cgroup_kill(const struct job_cgroup *group);

/* With the groups that were made below it; what is not empty stays. May be called again, and by several processes. */
void job_cgroup_remove(const struct job_cgroup *group);

/* Kills what is in the groups of jobs beside it that no muster holds any more, and removes them. */
void job_cgroup_reclaim(const struct job_cgroup *group);

void job_cgroup_finish(struct job_cgroup *group);

#endif
