/* SPDX-License-Identifier: MIT
 *
 * rank_ending: see rank_ending.h.
 */
#include "run/rank_ending.h"

#include "run/deaths.h"
#include "run/job_result.h"
#include "run/oom_evidence.h"
#include "run/rank_child.h"

#include <signal.h>
#include <sys/wait.h>

static int64_t microseconds(struct timeval time)
{
	return time.tv_sec * INT64_C(1000000) + time.tv_usec;
}

static void note_usage(struct rank_result *rank, const struct rusage *usage)
{
	rank->user_us = microseconds(usage->ru_utime);
	rank->system_us = microseconds(usage->ru_stime);
	rank->max_rss_bytes = usage->ru_maxrss * INT64_C(1024);
}

static void note_signal(struct rank_result *rank, int status, int64_t oom_kills_before)
{
	rank->end = RANK_SIGNALED;
	rank->signal = WTERMSIG(status);
	rank->core_dumped = WCOREDUMP(status);
	rank->out_of_memory = rank->signal == SIGKILL && !rank->killed && oom_kills_before >= 0 &&
	                      oom_kills_so_far() > oom_kills_before;
}

void rank_ending_note(struct rank_result *rank, const struct death *death, const struct rank_slot *slot,
                      int64_t oom_kills_before)
{
	note_usage(rank, &death->usage);
	if (slot->failed_step != STEP_NONE) {
		rank->end = RANK_NOT_EXECUTED;
		rank->failed_step = (enum rank_step)slot->failed_step;
		rank->failed_errno = slot->failed_errno;
	} else if (WIFSIGNALED(death->status)) {
		note_signal(rank, death->status, oom_kills_before);
	} else {
		rank->end = RANK_EXITED;
		rank->exit_code = WEXITSTATUS(death->status);
	}
}
