/* SPDX-License-Identifier: MIT
 *
 * job_result: how a job went: what the supervisor hands to the report. Times are nanoseconds of CLOCK_MONOTONIC since
 * the job's start, but for the two of the calendar.
 */
#ifndef MUSTER_RUN_JOB_RESULT_H
#define MUSTER_RUN_JOB_RESULT_H

#include "run/rank_step.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define TIME_UNKNOWN (-1)
#define NO_RANK      UINT32_MAX

enum { LABEL_BYTES = 41 }; /* of what ranks name, with the zero at its end */

enum job_outcome {
	OUTCOME_OK,
	OUTCOME_FAILED,  /* a rank failed */
	OUTCOME_TIMEOUT, /* `timeout` or `start_timeout` passed */
	OUTCOME_STOPPED, /* muster was told to stop by a signal */
	OUTCOME_ERROR,   /* muster itself: could not start, lost output, lost its job */
};

/* "ok", "failed" ..., as reports and records have it. */
const char *job_outcome_name(enum job_outcome outcome);

enum rank_end {
	RANK_NOT_STARTED,  /* the launch ended before its turn */
	RANK_NOT_EXECUTED, /* a step between clone and exec failed: failed_step, failed_errno */
	RANK_EXITED,
	RANK_SIGNALED,
	RANK_LOST, /* its end was never seen: it cannot be killed (uninterruptible), or the supervisor died */
};

/* Something that a rank noted in the ring of its trace. */
struct rank_event {
	enum { EVENT_MARK, EVENT_BARRIER, EVENT_COLLECTIVE } kind;
	const char *collective; /* EVENT_COLLECTIVE: "allreduce", static text */
	int64_t at_ns;          /* when it began, or TIME_UNKNOWN, as all times of clocks that cannot be right */
	int64_t duration_ns;
	uint64_t bytes;
	char label[LABEL_BYTES];
};

/* What a rank that used libmuster left in the job's segment: the rank's own word. */
struct rank_library {
	uint64_t barriers;
	uint64_t barrier_last; /* how often it was the last to come */
	uint64_t collectives;
	uint64_t messages_sent;
	uint64_t messages_received;
	int64_t barrier_wait_ns;
	int64_t collective_ns;
	int64_t message_wait_ns;
	struct rank_event *events; /* the newest, in order; only when they were asked for */
	uint32_t event_count;
	uint64_t events_lost; /* older ones */
};

/* What a rank waited for when it was asked to stop. */
struct rank_wait {
	enum { WAITS_FOR_NOTHING, WAITS_IN_BARRIER, WAITS_IN_COLLECTIVE, WAITS_TO_SEND, WAITS_TO_RECEIVE } kind;
	int32_t peer;   /* of a message: a rank, or -1: any */
	int64_t for_ns; /* so far, or TIME_UNKNOWN */
	char label[LABEL_BYTES];
};

struct rank_result {
	pid_t pid; /* 0: never had one */
	enum rank_end end;
	int exit_code; /* RANK_EXITED */
	int signal;    /* RANK_SIGNALED */
	bool core_dumped;
	bool out_of_memory;               /* SIGKILL, and the kernel's counters say that it was the OOM killer */
	bool stopped;                     /* it ended after muster had asked it to */
	bool killed;                      /* muster had to use SIGKILL on it */
	bool in_wake;                     /* failed by itself, after the first failure */
	bool dying;                       /* known to be gone before it was reaped */
	bool not_attached;                /* it had not called muster_init when start_timeout passed */
	bool missed;                      /* it left, and others failed since they needed it in missed_in */
	char missed_in[LABEL_BYTES + 16]; /* "barrier 'epoch 3'" */
	enum rank_step failed_step;       /* RANK_NOT_EXECUTED */
	int failed_errno;
	uint32_t death_order; /* 0: the first rank to end; as the kernel queued their ends; NO_RANK: it did not end */
	int64_t started_ns;
	int64_t ended_ns;
	int64_t user_us;
	int64_t system_us;
	int64_t max_rss_bytes;
	char *lost_detail; /* RANK_LOST or hanging at a timeout: kernel state and wait channel; or NULL */
	struct rank_wait wait;
	int64_t waits_since_ns;       /* when that began, or TIME_UNKNOWN */
	struct rank_library *library; /* NULL: it never attached */
	int64_t traceback_ns;         /* when it wrote one, the earliest before the first failure; 0: it did not */
	char **stderr_tail; /* its last lines, NULL-terminated; NULL: none kept. Of who failed, or wrote that traceback
	                     */
};

struct job_result {
	enum job_outcome outcome;
	int exit_code; /* what the command exits with */
	uint32_t nprocs;
	struct rank_result *ranks; /* by local rank, of the last incarnation of the group */
	uint32_t first_failure;    /* local rank, or NO_RANK */
	bool reader_gone; /* the reader of muster's stdout went away, and ranks were ended for it (on_closed: end) */
	int stop_signal;  /* OUTCOME_STOPPED: the signal that muster was sent */
	int64_t stop_ns;  /* and when */
	int asked_with;   /* what ranks were asked to stop with, when any was */
	bool start_timed_out;
	uint32_t restarts;       /* that took place */
	uint32_t budget_used;    /* of them, in the last run of failures, with no healthy group between */
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
