/* SPDX-License-Identifier: MIT
 *
 * group_starter: see group_starter.h.
 */
#include "run/group_starter.h"

#include "base/error.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "run/deaths.h"
#include "run/job_result.h"
#include "run/job_segment.h"
#include "run/memory_cgroup.h"
#include "run/output.h"
#include "run/rank_group.h"
#include "run/rank_process.h"
#include "run/stdin_feed.h"
#include "run/supervisor.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

int group_starter_begin(struct group_starter *starter, struct error *err)
{
	starter->next = 0;
	starter->how->launcher->segment_fd = starter->segment->fd;
	return rank_launcher_begin(starter->how->launcher, err);
}

bool group_starter_is_done(const struct group_starter *starter)
{
	return starter->next == starter->how->plan->nprocs;
}

static void close_all(int *descriptors, int count, int keep)
{
	for (int i = 0; i < count; i++)
		if (descriptors[i] >= 0 && descriptors[i] != keep)
			close(descriptors[i]);
}

/* stdin, stdout, stderr, and the memory cgroup's door; what was opened before a failure is left to the caller. */
static int open_descriptors(struct group_starter *starter, uint32_t local_rank, int descriptors[4], struct error *err)
{
	int rc = stdin_feed_open_rank(starter->feed, local_rank, &descriptors[0], err);
	if (rc == 0)
		rc = memory_cgroup_open(starter->how->memory_cgroups, local_rank, &descriptors[3], err);
	if (rc == 0)
		rc = output_open_rank(starter->how->output, local_rank, descriptors + 1, err);
	if (descriptors[0] < 0)
		descriptors[0] = starter->null_fd;
	return rc;
}

/* Nobody would see its end: it must not go on. It is reaped like an orphan. */
static void end_unwatched(const struct started_rank *started)
{
	kill(started->pid, SIGKILL);
	close(started->pidfd);
}

int group_starter_start_next(struct group_starter *starter, uint32_t restart_count, struct error *err)
{
	int descriptors[4] = {-1, -1, -1, -1};
	uint32_t local_rank = starter->next;
	struct started_rank started = {.pidfd = -1};
	int rc = open_descriptors(starter, local_rank, descriptors, err);
	if (rc == 0)
		rc = rank_start(starter->how->launcher, local_rank, descriptors, restart_count, descriptors[3],
		                &started, err);
	close_all(descriptors, 4, starter->null_fd);
	if (rc < 0)
		return rc;
	rc = deaths_watch(starter->deaths, local_rank, started.pid, started.pidfd);
	if (rc < 0) {
		end_unwatched(&started);
		return error_set(err, rc, "cannot watch rank %" PRIu32 ": %s", local_rank, strerror(-rc));
	}
	rank_group_add(starter->group, local_rank, started.pid, started.pidfd);
	starter->next++;
	return 0;
}

static void warn(struct group_starter *starter, const struct text *warning)
{
	struct text line = {0};
	job_result_add_warning(starter->result, warning->bytes);
	text_add_format(&line, "muster: warning: %s\n", warning->bytes);
	if (!starter->how->quiet)
		output_note(starter->how->output, line.bytes);
	text_finish(&line);
}

static void tell_mask(struct group_starter *starter, uint32_t local_rank)
{
	struct text text = {0};
	text_add_format(&text,
	                "rank %" PRIu32
	                " is not bound as planned: the kernel gave it fewer CPUs than it was asked for; "
	                "was the cpuset changed meanwhile?",
	                starter->how->plan->ranks[local_rank].rank);
	warn(starter, &text);
	text_finish(&text);
}

static void tell_memory(struct group_starter *starter, int code)
{
	struct text text = {0};
	text_add_format(&text,
	                "memory is not bound to NUMA nodes: set_mempolicy: %s; CPUs are bound all the same (--mem-bind "
	                "none silences this)",
	                strerror(code));
	warn(starter, &text);
	text_finish(&text);
}

void group_starter_tell_binding(struct group_starter *starter, uint32_t local_rank)
{
	const struct rank_slot *slot = &starter->how->launcher->slots[local_rank];
	if (slot->mask_differs != 0 && !starter->mask_told) {
		starter->mask_told = true;
		tell_mask(starter, local_rank);
	}
	if (slot->memory_refused != 0 && !starter->memory_told) {
		starter->memory_told = true;
		tell_memory(starter, slot->memory_refused);
	}
}
