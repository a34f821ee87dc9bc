/* SPDX-License-Identifier: MIT
 *
 * link_target: the file that a path leads to when its last part is a symbolic link, to one that is perhaps not there
 * yet. In a directory where everybody may make names (sticky and writable by all, like /tmp) a link of somebody else is
 * not followed: it may have been put there to have us write where only we can. The kernel has the same rule
 * (protected_symlinks), but not for whoever reads links himself, and not on every machine.
 */
#ifndef MUSTER_REPORT_LINK_TARGET_H
#define MUSTER_REPORT_LINK_TARGET_H

#include <limits.h>

struct error;

/* 0, or a negative errno with the link in the error's words. What is wrong with the target is not looked at. */
int link_target(const char *path, char target[PATH_MAX], struct error *err);

#endif
