/* SPDX-License-Identifier: MIT
 *
 * guards: what the three processes of muster know of one another.
 *
 * guard → warden → supervisor, each the parent of the next. A small page that all three share carries what no signal
 * and no wait can: whom to take over when the one in the middle is killed, and that the first is gone.
 */
#ifndef MUSTER_RUN_GUARDS_H
#define MUSTER_RUN_GUARDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Shared; each field but the first and the last has one writer. */
struct guards_page {
	volatile pid_t supervisor;    /* by the warden and itself, once it is made */
	volatile int32_t fork_errno;  /* by the warden: why there is no supervisor */
	volatile int32_t guard_ended; /* by the warden */
	volatile int32_t outcome;     /* by the supervisor: enum job_outcome, before `told` */
	volatile int32_t told; /* by the supervisor: the exit code and 1, once the caller was told how the job went */
	volatile uint32_t restarts; /* by the supervisor */
	volatile int32_t tidied;    /* by any of the three: nothing is left to remove */
};

struct guards {
	pid_t guard;  /* the process that shell and terminal know */
	pid_t warden; /* the supervisor's parent */
	struct guards_page *page;
};

/* For the supervisor: false once one of those above it has ended. */
bool guards_stand(const struct guards *guards);

#endif
