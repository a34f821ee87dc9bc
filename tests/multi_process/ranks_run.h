/* SPDX-License-Identifier: MIT
 *
 * ranks_run: one run of ranks, as ranks.c and ranks_path.c see it; tests include ranks.h.
 */
#ifndef MUSTER_TEST_RANKS_RUN_H
#define MUSTER_TEST_RANKS_RUN_H

#include "ranks.h"

#include <sys/types.h>

struct segment_header;
struct segment_rank;

struct run {
	const struct ranks_options *options;
	ranks_body *body;
	void *context;
	int fd;
	size_t bytes;
	struct segment_header *header;
	struct segment_rank *ranks;
	pid_t pids[RANKS_MAX];
	int pidfds[RANKS_MAX];
	struct ranks_outcome outcome[RANKS_MAX];
	int64_t deadline_ns;
};

/* Ends the test: something that is no matter of libmuster does not work. */
void ranks_fail(const char *what);

/* Notes in the segment who has ended, as muster would: waits for somebody's end, at most so long. How many are alive.
 */
int ranks_note_ends(struct run *run, int timeout_ms);

/* Leads the victim to its point, or records its path, and kills it there. False when it ended by itself: it must not be
 * traced here. */
bool ranks_path_lead(struct run *run);

#endif
