/* SPDX-License-Identifier: MIT
 *
 * exec_format: whether the kernel can start a file, told by its first bytes. execve would refuse it with a code that
 * does not say why: "no such file" of a script whose interpreter is not there.
 */
#ifndef MUSTER_RUN_EXEC_FORMAT_H
#define MUSTER_RUN_EXEC_FORMAT_H

#include "run/binfmt.h"

struct error;

/* 0: may be executed; else the errno that says why not. A directory has the x bit and is no program. */
int exec_permission(const char *path);

/* 0, or -ENOEXEC in words. A file that cannot be read is left to execve. */
int exec_format_check(const char *path, enum binfmt handlers, struct error *err);

#endif
