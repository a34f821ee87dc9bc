/* SPDX-License-Identifier: MIT
 *
 * ranks: ranks for a test of libmuster: a segment, a process (or thread) for each rank, and muster's part: noting in
 * the segment who ended and how, so that those who wait are told.
 *
 *     static int body(muster_world *world, void *context)
 *     {
 *             CHECK(muster_barrier(world, MUSTER_FOREVER, NULL) == 0);
 *             return 0;
 *     }
 *     ...
 *     struct ranks_outcome outcome[4];
 *     bool good = ranks_run(&(struct ranks_options){.ranks = 4}, body, NULL, outcome);
 *
 * A body returns its rank's exit code. When it returns, the rank meets the others at a barrier, whatever comes of it,
 * and finalizes its world. What a test wants to see of its ranks lies in memory of ranks_share(), or in the exit codes.
 */
#ifndef MUSTER_TEST_RANKS_H
#define MUSTER_TEST_RANKS_H

#include "segment_layout.h"

#include <muster.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Within a body: says what did not hold, and ends the rank with 1. */
#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: rank %d of %d: %s does not hold (%s)\n", __FILE__, __LINE__,           \
			        muster_rank(world), muster_size(world), #condition, muster_error_text());              \
			return 1;                                                                                      \
		}                                                                                                      \
	} while (0)

enum { RANKS_MAX = 1024 };

struct ranks_path;

/* For tests that do the same with processes (0) and with threads (1): ThreadSanitizer need not see the former. */
#if defined(__SANITIZE_THREAD__)
enum { RANKS_FIRST_KIND = 1 };
#else
enum { RANKS_FIRST_KIND = 0 };
#endif

struct ranks_options {
	int ranks;
	int domains;          /* 0: 1; rank r is in domain r * domains / ranks */
	size_t segment_bytes; /* 0: 64 MiB, or what so many ranks need */
	int limit_ms;         /* 0: 30 s; then all are killed, and the test has failed. × TEST_TIME_FACTOR */
	bool threads;         /* ranks are threads of this process, for ThreadSanitizer; nobody dies there */
	bool own_threads;     /* ranks have some */
	bool roomy;           /* as if each rank had a core of its own; else this machine's count decides */
	bool unwatched;       /* nobody plays muster: deaths are not noted */
	bool leaves;          /* no barrier at the end */
	bool kills;           /* `victim` gets SIGKILL `kill_after_us` after all have attached */
	int victim;
	int kill_after_us;
	int kill_after_ns;       /* added to that */
	int stop_ms;             /* not 0: SIGSTOP instead, and SIGCONT so much later */
	struct ranks_path *path; /* `victim` gets SIGKILL on it (ranks_path.h) */
	int point;               /* of the path, or RANKS_RECORD */
	bool path_attach;        /* it leads through muster_attach; the body never sees the victim */
};

struct ranks_outcome {
	int exit_code; /* -1: a signal ended it */
	int signal;
	int64_t killed_ns; /* of the victim: when, by ranks_now_ns() */
};

typedef int ranks_body(muster_world *world, void *context);

/* True when every rank returned 0 (the victim aside) within the limit. `outcome` may be NULL. Built with
 * ThreadSanitizer, ranks that would be processes do not run: each would see its own thread alone. */
bool ranks_run(const struct ranks_options *options, ranks_body *body, void *context, struct ranks_outcome *outcome);

/* Within a body: until `rank` is about to sleep in a call of this kind; until it has ended or left. */
void ranks_await_call(const muster_world *world, int rank, enum rank_activity call);
void ranks_await_end(const muster_world *world, int rank);

/* CLOCK_MONOTONIC. */
int64_t ranks_now_ns(void);

/* How long something may take: × TEST_TIME_FACTOR, or what a sanitizer costs. */
int64_t ranks_limit_ns(int ms);

/* Zeroed memory that all ranks of later runs and the test see; for good. */
void *ranks_share(size_t bytes);

/* Makes a segment as muster does, and returns its descriptor; for tests that need no more. */
int ranks_make_segment(const struct ranks_options *options);

#endif
