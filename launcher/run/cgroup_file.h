/* SPDX-License-Identifier: MIT
 *
 * cgroup_file: files of a control group, by the group's directory and their name. It allocates nothing and may be used
 * while ranks run.
 */
#ifndef MUSTER_RUN_CGROUP_FILE_H
#define MUSTER_RUN_CGROUP_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* As file_text_read. */
ssize_t cgroup_file_read(const char *directory, const char *name, char *text, size_t size);

/* 0, or a negative errno. */
int cgroup_file_write(const char *directory, const char *name, const char *text);

#endif
