/* SPDX-License-Identifier: MIT
 *
 * group_limit: how much memory, and how many processes, the control groups of this process leave to it: of all groups
 * on the way up the one that has least room. Version 1 and 2; `root` is put before every file name, for tests.
 */
#ifndef MUSTER_MACHINE_GROUP_LIMIT_H
#define MUSTER_MACHINE_GROUP_LIMIT_H

#include <stdint.h>

struct group_limit {
	uint64_t limit; /* bytes, or processes and threads */
	uint64_t used;  /* without what the kernel gives back of itself, such as cached files */
	char *source;   /* the file that says so, to be freed; NULL: nothing limits */
};

struct group_limit group_limit_memory(const char *root);
struct group_limit group_limit_processes(const char *root);

/* What is left of it; UINT64_MAX where nothing limits. */
uint64_t group_limit_room(const struct group_limit *limit);

#endif
