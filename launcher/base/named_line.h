/* SPDX-License-Identifier: MIT
 *
 * named_line: files of /proc and of control groups whose lines begin with a name: "Threads:\t4", "oom_kill 3",
 * "MemTotal:  24683520 kB". It allocates nothing and may be used while ranks run.
 */
#ifndef MUSTER_BASE_NAMED_LINE_H
#define MUSTER_BASE_NAMED_LINE_H

#include <stdint.h>

/* What stands behind `name`, colon or space included, in the first line that begins with it; NULL without such a line.
 * It goes on to the end of `text`. */
const char *named_line(const char *text, const char *name);

/* The decimal number there; -1 without one. */
int64_t named_line_number(const char *text, const char *name);

#endif
