/* SPDX-License-Identifier: MIT
 *
 * muster/error.h: what the calls of libmuster return when they fail, and why.
 *
 *     int rc = muster_barrier(world, 5000, "start");
 *     if (rc == MUSTER_EGONE) {
 *             const struct muster_failure *failure = muster_failure_of(world);
 *             fprintf(stderr, "rank %d is gone (signal %d)\n", failure->rank, failure->signal);
 *     } else if (rc < 0) {
 *             fprintf(stderr, "%s\n", muster_error_text());
 *     }
 *
 * Every call that can fail returns 0 (or what its header says) or a negative code: -errno of <errno.h>, or one of
 * those below, which lie outside errno's range. A call that failed has changed none of its outputs, where its header
 * does not say otherwise.
 *
 * Thread-safe: muster_strerror, muster_error_text (each thread has its own). muster_failure_of belongs to the thread
 * that uses the world.
 */
#ifndef MUSTER_ERROR_H
#define MUSTER_ERROR_H

#include <muster/base.h>

MUSTER_BEGIN

enum muster_code {
	MUSTER_EGONE = -5001,     /* a rank that this call needs failed: killed, or exited with a code other than 0 */
	MUSTER_ELEFT = -5002,     /* a rank that this call needs left: muster_finalize, or exit(0) */
	MUSTER_EBROKEN = -5003,   /* a collective of this world failed before: only barriers and messages are left */
	MUSTER_EMISMATCH = -5004, /* ranks called different collectives, or one with different arguments */
	MUSTER_ELAYOUT = -5005,   /* muster and libmuster are of versions that do not fit; the text names both */
	MUSTER_EENVIRONMENT = -5006, /* what muster left in the environment is damaged or incomplete */
	MUSTER_EFORKED = -5007,      /* a child made by fork() used its parent's world */
	MUSTER_EBUSY = -5008,        /* two threads used one world at once */
	MUSTER_EFINALIZED = -5009,   /* use after muster_finalize */
};

/* How a rank ended, as far as it is known. */
enum muster_end {
	MUSTER_END_NONE = 0, /* nobody ended: a time limit passed, or it was misuse */
	MUSTER_END_LEFT, /* muster_finalize, or exit code 0 (by _exit(2): where that is known in time, else _UNKNOWN) */
	MUSTER_END_EXIT, /* exit_code says which */
	MUSTER_END_SIGNAL,  /* signal says which */
	MUSTER_END_UNKNOWN, /* the kernel is still taking it apart: gone it is */
};

/* Of the last call on a world that failed. Ranks count as in that world. */
struct muster_failure {
	int code;            /* what the call returned */
	int rank;            /* the rank that is gone, left, or differs; -1: none */
	enum muster_end end; /* how it ended */
	int exit_code;
	int signal;
	int core_dumped;
	int missing_count; /* ranks that had not come when a barrier was given up */
	int missing[60];   /* the first of them, in rising order */
};

/* Never NULL; code is 0 as long as nothing failed. Valid until the next call on the world. */
MUSTER_API const struct muster_failure *muster_failure_of(const muster_world *world);

/* A sentence for a code, without a full stop: "a rank that this call needs is gone". Never NULL. */
MUSTER_API const char *muster_strerror(int code);

/* What the last failed call of this thread has to say, in full: "barrier 'start': rank 3 was killed by SIGKILL". ""
 * when none failed. Valid until this thread's next failing call. */
MUSTER_API const char *muster_error_text(void);

MUSTER_END

#endif
