/* SPDX-License-Identifier: MIT
 *
 * group_starter: starts the ranks of one incarnation, one after another: each gets its streams and its cgroup, is
 * cloned, and is watched from then on.
 */
#ifndef MUSTER_RUN_GROUP_STARTER_H
#define MUSTER_RUN_GROUP_STARTER_H

#include <stdbool.h>
#include <stdint.h>

struct deaths;
struct error;
struct job_result;
struct job_segment;
struct rank_group;
struct stdin_feed;
struct supervision;

struct group_starter {
	const struct supervision *how;
	struct rank_group *group;
	struct deaths *deaths;
	struct stdin_feed *feed;
	const struct job_segment *segment; /* of the incarnation; may be none */
	struct job_result *result;         /* gets the warnings */
	int null_fd;                       /* /dev/null, for ranks that get no stdin */
	uint32_t next;                     /* local rank */
	bool mask_told;
	bool memory_told;
};

int group_starter_begin(struct group_starter *starter, struct error *err);
bool group_starter_is_done(const struct group_starter *starter);

/* Starts the next rank. */
int group_starter_start_next(struct group_starter *starter, uint32_t restart_count, struct error *err);

/* Warns, once a job each, of what a rank's child found: a binding that the kernel cut down, a refused memory policy. */
void group_starter_tell_binding(struct group_starter *starter, uint32_t local_rank);

#endif
