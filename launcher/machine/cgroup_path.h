/* SPDX-License-Identifier: MIT
 *
 * cgroup_path: in which directories the control groups of this process lie.
 *
 * Reads /proc/self/cgroup and /proc/self/mountinfo: version 1, version 2 and both at once, cgroup namespaces, a part of
 * the hierarchy bound to some other place, escaped names. What is above the mount point cannot be seen and is left out.
 */
#ifndef MUSTER_MACHINE_CGROUP_PATH_H
#define MUSTER_MACHINE_CGROUP_PATH_H

#include <stdbool.h>

/* One control group directory on the way from the process's own up to the top of what is mounted. */
struct cgroup_visit {
	const char *directory; /* as this process names it, without the root of a test */
	bool is_version_2;
};

typedef void cgroup_visitor(const struct cgroup_visit *visit, void *context);

/* Calls `visitor` for every directory from the process's own group up to the mount point, own group first, in every
 * mounted hierarchy that has `controller` ("cpu", "cpuset") or is of version 2 (NULL: version 2 alone). `root` is put
 * before every file name.
 */
void cgroup_path_walk(const char *root, const char *controller, cgroup_visitor *visitor, void *context);

/* False where /proc does not tell: then nothing is visited, whatever there is. */
bool cgroup_path_is_known(const char *root);

#endif
