/* SPDX-License-Identifier: MIT
 *
 * pin: see pin.h.
 */
#include "pin.h"

#include <err.h>
#include <sched.h>

int pin(int n)
{
	cpu_set_t allowed, one;
	if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
		err(125, "sched_getaffinity");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && n-- == 0) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			return sched_setaffinity(0, sizeof one, &one);
		}
	return -1;
}
