/* SPDX-License-Identifier: MIT
 *
 * machine_holders: which other jobs hold what of a machine: from the locks that were seen to the members of struct
 * machine that placement reads. Pure.
 */
#ifndef MUSTER_MACHINE_MACHINE_HOLDERS_H
#define MUSTER_MACHINE_MACHINE_HOLDERS_H

#include "machine/machine.h"

struct core_holds;

/* Replaces what was known. Jobs named in `outer_jobs`, ids with blanks between them, are the ones that this process is
 * in: what they hold is its own to use. NULL: none. */
void machine_holders_set(struct machine *machine, const struct core_holds *holds, const char *outer_jobs);
void machine_holders_clear(struct machine *machine);

/* All that they hold, added to `cpus`. */
void machine_held_cpus(const struct machine *machine, struct index_set *cpus);

/* The CPUs of every core that has one of `cpus`: a core is held whole. */
void machine_whole_cores(const struct machine *machine, const struct index_set *cpus, struct index_set *whole);

#endif
