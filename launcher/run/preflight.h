/* SPDX-License-Identifier: MIT
 *
 * preflight: what would make a start fail in the middle is looked for before the first rank is started.
 */
#ifndef MUSTER_RUN_PREFLIGHT_H
#define MUSTER_RUN_PREFLIGHT_H

#include <stdint.h>

struct error;
struct launch_plan;

/* Working directories that cannot be entered; limits that may not be set; more descriptors than this process may have
 * open. */
int preflight_check(const struct launch_plan *plan, struct error *err);

/* How many ranks so many open files are enough for, when all that they print goes to muster's own output. */
uint64_t preflight_ranks_within(uint64_t open_files);

#endif
