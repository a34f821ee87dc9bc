/* SPDX-License-Identifier: MIT
 *
 * first_process: muster as PID 1 of a container or another pid namespace. The kernel gives the first process no signal
 * whose action is the default one, so that whatever waits there could not be stopped: a muster that still waits for
 * cores would keep `docker stop` waiting until it is killed.
 */
#ifndef MUSTER_BASE_FIRST_PROCESS_H
#define MUSTER_BASE_FIRST_PROCESS_H

#include <stdbool.h>

bool first_process_is_this(void);

/* For main(), before anything waits: what would end any other process ends this one, too, with 128 + the signal. Does
 * nothing elsewhere. From signals_block() on, signals are read instead. */
void first_process_mind_signals(void);

#endif
