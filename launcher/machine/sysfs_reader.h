/* SPDX-License-Identifier: MIT
 *
 * sysfs_reader: the short way to the hardware threads of this machine: some twenty small files of /sys instead of the
 * several hundred system calls of hwloc. Small machines without anything unusual only; wherever there is, it declines,
 * and hwloc is asked. Where it does not decline, it finds what hwloc finds: a test compares them.
 *
 * Declined are: more than 64 CPUs, CPUs offline or not allowed, cores of several kinds, files that are missing, no L3
 * cache, NUMA nodes without CPUs or across what they should lie in, another topology named in hwloc's environment.
 */
#ifndef MUSTER_MACHINE_SYSFS_READER_H
#define MUSTER_MACHINE_SYSFS_READER_H

#include "machine/machine_table.h"

/* `affinity`: the mask of this process; `root` is put before every file name. false: declined, `found` is empty. */
bool sysfs_reader_find(const char *root, const struct index_set *affinity, struct found_machine *found);

#endif
