/* SPDX-License-Identifier: MIT
 *
 * spared: processes that are below this one and none of its job's: who executed muster had made them before. They are
 * known by number and time of start, so that who gets a number later is not taken for one of them. Of the process that
 * noted them alone: a child's own are others.
 */
#ifndef MUSTER_RUN_SPARED_H
#define MUSTER_RUN_SPARED_H

#include <stdbool.h>
#include <sys/types.h>

/* Called by the numbers that /proc has. Without memory it is not noted. */
void spared_add(pid_t pid);
bool spared_has(pid_t pid);

#endif
