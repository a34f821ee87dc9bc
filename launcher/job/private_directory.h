/* SPDX-License-Identifier: MIT
 *
 * private_directory: directories that belong to this user alone, found or made without following anybody's links.
 *
 * Records of jobs and their sockets lie in such directories. Above the user's own part ($XDG_STATE_HOME, /tmp) a path
 * is taken as it is; every component below is opened by itself, must be a directory and no link, must belong to this
 * user, and nobody else may write into it: /tmp/muster-1000, made in advance by somebody else, is refused.
 */
#ifndef MUSTER_JOB_PRIVATE_DIRECTORY_H
#define MUSTER_JOB_PRIVATE_DIRECTORY_H

#include <stdbool.h>

struct error;

/* Opens `below` ("muster/jobs") under `root`, making what is missing with mode 0700 when `make` is true, `root` and the
 * directories above it too. A descriptor (close-on-exec), or negative: -ENOENT when it is not there. */
int private_directory_open(const char *root, const char *below, bool make, struct error *err);

/* The same for one component below an open directory. */
int private_directory_open_in(int directory, const char *name, bool make, struct error *err);

#endif
