/* SPDX-License-Identifier: MIT
 *
 * version: see version.h.
 */
#include "commands/version.h"

#include "machine/machine.h"
#include "spec/yaml_tree.h"

#include <stdio.h>

void version_print(void)
{
	printf("muster %s (hwloc %s, libyaml %s)\n", MUSTER_VERSION, machine_library_version(), yaml_library_version());
}
