/* SPDX-License-Identifier: MIT
 *
 * hwloc_quiet: the environment variables that steer hwloc, set while it loads and put back after.
 *
 * Some of what hwloc does can only be turned off by its environment: its plugins (PCI, GPUs: 20 ms and more, nothing
 * that placement needs) and its messages on stderr. Ranks inherit the environment, so every variable is as before once
 * hwloc_quiet_end was called. Not thread-safe, as setenv is not.
 */
#ifndef MUSTER_MACHINE_HWLOC_QUIET_H
#define MUSTER_MACHINE_HWLOC_QUIET_H

enum { HWLOC_QUIET_VARIABLES = 6 };

struct hwloc_quiet {
	char *saved[HWLOC_QUIET_VARIABLES];
};

void hwloc_quiet_begin(struct hwloc_quiet *quiet);
void hwloc_quiet_end(struct hwloc_quiet *quiet);

#endif
