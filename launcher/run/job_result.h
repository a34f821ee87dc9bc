/* SPDX-License-Identifier: MIT
 *
 * job_result: how a job went: what the supervisor hands to the report. Times are nanoseconds of CLOCK_MONOTONIC since
 * the job's start, but for the two of the calendar.
 */
#ifndef MUSTER_RUN_JOB_RESULT_H
#define MUSTER_RUN_JOB_RESULT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define TIME_UNKNOWN (-1)
#define NO_RANK      UINT32_MAX

enum job_outcome {
	OUTCOME_OK,
	OUTCOME_FAILED,  /* a rank failed */
	OUTCOME_TIMEOUT, /* `timeout` or `start_timeout` passed */
	OUTCOME_STOPPED, /* muster was told to stop by a signal */
	OUTCOME_ERROR,   /* muster itself: could not start, lost output, lost its job */
};

enum rank_end {
	RANK_NOT_STARTED,  /* the launch ended before its turn */
	RANK_NOT_EXECUTED, /* a step between clone and exec failed: failed_step, failed_errno */
	RANK_EXITED,
	RANK_SIGNALED,
	RANK_LOST, /* its end was never seen: it cannot be killed (uninterruptible), or the supervisor died */
};

struct rank_result {
	pid_t pid; /* 0: never had one */
	enum rank_end end;
	int exit_code; /* RANK_EXITED */
	int signal;    /* RANK_SIGNALED */
	bool core_dumped;
	bool out_of_memory;      /* SIGKILL, and the kernel's counters say that it was the OOM killer */
	bool stopped;            /* it ended after muster had asked it to */
	bool killed;             /* muster had to use SIGKILL on it */
	bool in_wake;            /* failed by itself, after the first failure */
	const char *failed_step; /* RANK_NOT_EXECUTED: "set the CPU binding", static text */
	int failed_errno;
	uint32_t death_order; /* 0: the first rank to end; as the kernel queued their ends; NO_RANK: it did not end */
	int64_t started_ns;
	int64_t ended_ns;
	int64_t user_us;
	int64_t system_us;
	int64_t max_rss_bytes;
	char *lost_detail;  /* RANK_LOST or hanging at a timeout: kernel state and wait channel; or NULL */
	char **stderr_tail; /* its last lines, NULL-terminated; NULL: none kept. Only of ranks that failed */
};

struct job_result {
	enum job_outcome outcome;
	int exit_code; /* what the command exits with */
	uint32_t nprocs;
	struct rank_result *ranks; /* by local rank, of the last incarnation of the group */
	uint32_t first_failure;    /* local rank, or NO_RANK */
	bool reader_gone; /* the reader of muster's stdout went away, and ranks were ended for it (on_closed: end) */
	int stop_signal;  /* OUTCOME_STOPPED: the signal that muster was sent */
	bool start_timed_out;
	uint32_t restarts;
	uint32_t survivors;      /* processes of the job alive at the end; counted, not assumed */
	uint32_t leftovers;      /* descendants that outlived their rank and were stopped */
	uint32_t kept;           /* the same, kept on request */
	struct timespec started; /* CLOCK_REALTIME */
	struct timespec ended;
	int64_t elapsed_ns;
	char *cgroup;     /* the control group that held the job; NULL: it was held by the process tree alone */
	char *error_text; /* OUTCOME_ERROR, or output that was lost: one sentence; NULL: none */
	char **warnings;  /* e.g. a rank's mask that is not the plan's; NULL-terminated or NULL */
};

/* Every rank not started, no failure; the texts and arrays that are put in later belong to the result (malloc). */
void job_result_init(struct job_result *result, uint32_t nprocs);
void job_result_finish(struct job_result *result);

/* Copies the text; without memory it is not kept. */
void job_result_add_warning(struct job_result *result, const char *text);

#endif
