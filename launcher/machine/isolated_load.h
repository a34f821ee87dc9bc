/* SPDX-License-Identifier: MIT
 *
 * isolated_load: hwloc in a process of its own, for topologies that somebody wrote.
 *
 * hwloc trusts its input: an XML file that is damaged in the right way makes it crash or go round for ever. A child
 * reads the topology and hands over the finished table; when it dies of it, the user is told that the topology is
 * unsound.
 */
#ifndef MUSTER_MACHINE_ISOLATED_LOAD_H
#define MUSTER_MACHINE_ISOLATED_LOAD_H

#include "machine/machine.h"

typedef int machine_loader(struct machine *machine, const void *source, struct error *err);

/* What `load` would do; -EINVAL when it dies. Waits for the child, which has a minute of CPU time. */
int isolated_load(struct machine *machine, machine_loader *load, const void *source, struct error *err);

#endif
