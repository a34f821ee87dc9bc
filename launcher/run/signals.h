/* SPDX-License-Identifier: MIT
 *
 * signals: what this process inherited, and which signals it takes by descriptor instead of by handler.
 *
 * muster has no signal handlers: what it listens to is blocked for its whole life and read from a signalfd, so that no
 * signal ever comes between two instructions. Ranks get defaults and an empty mask whatever was inherited.
 */
#ifndef MUSTER_RUN_SIGNALS_H
#define MUSTER_RUN_SIGNALS_H

#include <stdint.h>
#include <sys/resource.h>

struct error;

/* Sent by the kernel to the supervisor when its guard dies. */
#define SIGNAL_GUARD_DIED 34

/* Once, first thing: blocks what muster listens to, ignores SIGPIPE, remembers what was ignored, opens what is missing
 * of descriptors 0-2 on /dev/null, closes every other inherited one at exec, raises the number of open files as far as
 * the hard limit allows. */
void signals_take_over(void);

uint64_t signals_inherited_ignored(void); /* bit N-1: signal N is ignored now and must be reset in a rank */
const struct rlimit *signals_inherited_open_files(void);

/* A non-blocking, close-on-exec signalfd for all that muster listens to; negative errno on failure. */
int signals_open(void);

#endif
