/* SPDX-License-Identifier: MIT
 *
 * guard_watch: what guard and warden do for as long as the process below them lives: hand signals on to it, once each,
 * reap what comes to them, and end it where it was told to end and somebody holds it.
 */
#ifndef MUSTER_RUN_GUARD_WATCH_H
#define MUSTER_RUN_GUARD_WATCH_H

#include "run/guards.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct guard_watch {
	struct guards guards;
	pid_t below;                       /* the process that is watched */
	bool is_warden;                    /* told of the guard's end; not stopped with the caller's process group */
	void (*at_leisure)(void *context); /* once, after a moment in which nothing happened; or NULL */
	void (*let_go)(void *context);     /* then: of memory that only the supervisor needs; or NULL */
	void *context;
	int64_t patience_ms; /* from the signal that ends the job until what is held is killed */
	int signals;         /* signalfd */
	int stops;           /* of SIGTSTP, never read: the guard stops by it; -1: it comes by `signals` */
	int owner;           /* pidfd of the process whose end ends the job, or -1 */
	int supervisor;      /* the guard's: pidfd of the process below the warden; -1: not looked at yet, or ended */
	bool looked;
	bool suspended;        /* with the caller's process group: such a stop is no hold */
	int64_t told_ns;       /* when the job was told to end, or is to end at the latest; 0: neither */
	int64_t held_switches; /* context switches of `below` when it was seen held; -1: it was not */
	bool was_held;
	bool ended;
	int status; /* as of wait(2) */
};

/* Returns when `below` has ended. When that is the warden, killed, and the supervisor is there, the guard takes the
 * supervisor over first and goes on. */
void guard_watch_wait(struct guard_watch *watch);

#endif
