/* SPDX-License-Identifier: MIT
 *
 * signals: what this process inherited, and which signals it takes by descriptor instead of by handler.
 *
 * muster has no signal handlers: from the moment on when there is something to leave behind, what it listens to is
 * blocked and read from a signalfd, so that no signal ever comes between two instructions. Ranks get defaults and an
 * empty mask whatever was inherited.
 */
#ifndef MUSTER_RUN_SIGNALS_H
#define MUSTER_RUN_SIGNALS_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

struct error;

/* Sent by the kernel to warden and supervisor when their parent dies. It is the one that wakes even a process that
 * somebody stopped; from any other SIGCONT, the parent that it has by then tells it apart. */
#define SIGNAL_GUARD_DIED SIGCONT

/* Once, first thing: remembers what was ignored and lets it act again, lets through what was blocked, ignores SIGPIPE
 * and SIGXFSZ (errors of a write), opens what is missing of descriptors 0-2 (a write to such a stdout fails with EBADF,
 * a write to such a stderr goes nowhere), closes every other inherited one at exec, raises the number of open files as
 * far as the hard limit allows. Until signals_hold_stops or signals_block, a signal ends muster as it would end any
 * program: nothing is started yet. */
void signals_take_over(void);

/* For a wait before that, of which a signal is to leave a report: from now on those that ask muster to stop are kept
 * until they are taken, by the next function or after signals_block. */
void signals_hold_stops(void);

/* Waits so long for one of them; 0: none came. After one a second SIGINT ends muster at once, and others do nothing. */
int signals_await_stop(int64_t ms);

/* Before anything is made that a signal must not leave behind. */
void signals_block(void);

uint64_t signals_inherited_ignored(void); /* bit N-1: signal N is ignored now and must be reset in a rank */
const struct rlimit *signals_inherited_open_files(void);

/* A non-blocking, close-on-exec signalfd for all that muster listens to; negative errno on failure. */
int signals_open(void);

/* The same for all but SIGTSTP, and `stops` for that alone. Who only looks whether it can be read, and reads nothing,
 * leaves the signal waiting: a SIGCONT that comes before it acts takes it back. */
int signals_open_apart(int *stops);

#endif
