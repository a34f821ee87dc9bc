/* SPDX-License-Identifier: MIT
 *
 * supervisor: starts the ranks of a plan and sees them through to the end.
 *
 * Runs in a process of its own below guard and warden (guard.h), as a subreaper and leader of the job's session. It
 * turns signals, deaths and timers into the events of supervisor_table and carries the actions out. When it returns,
 * nothing of the job is left alive, or the result says what is.
 */
#ifndef MUSTER_RUN_SUPERVISOR_H
#define MUSTER_RUN_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct guards;
struct supervisor;
struct uv_loop_s;
struct job_cgroup;
struct job_result;
struct launch_plan;
struct memory_cgroups;
struct output;
struct rank_launcher;
struct restart;
struct text;

/* What happens while a job runs, told to whoever keeps a record of it. */
enum job_moment {
	MOMENT_BORN,     /* every rank of an incarnation was started */
	MOMENT_EXECUTED, /* ... and executes its command; of the first incarnation alone */
	MOMENT_RANK_ENDED,
	MOMENT_STOPPING, /* the ranks are asked to stop */
	MOMENT_RESTART,  /* one is planned, and counted when it begins */
};

/* Called by the loop's thread between two events, and to return soon. */
struct supervision_listener {
	void (*open)(void *context, struct supervisor *supervisor, struct uv_loop_s *loop); /* before any rank */
	void (*tell)(void *context, enum job_moment moment, uint32_t local_rank);
	void (*close)(void *context); /* the result is complete; its handles of the loop are to be closed */
	void *context;
};

struct supervision {
	const struct launch_plan *plan;
	struct rank_launcher *launcher;
	struct output *output;
	const struct memory_cgroups *memory_cgroups;
	const struct job_cgroup *job_cgroup;
	const struct guards *guards;
	const struct supervision_listener *listener; /* or NULL */
	bool start_awaited;                          /* somebody waits for MOMENT_EXECUTED */
	bool keep_events;                            /* of libmuster's trace, for the report */
	bool quiet;                                  /* no words but those about errors */
	bool verbose;                                /* words about what is of no consequence to most, too */
	/* Words what happened before the group is started once more; printed between the ranks' lines. */
	void (*word_restart)(void *context, const struct job_result *result, const struct restart *restart,
	                     struct text *line);
	/* The first failure, where the end of the job is not near: others go on; nobody reads what was printed. */
	void (*word_failure)(void *context, const struct job_result *result, struct text *line);
	void (*word_unread)(void *context, const struct job_result *result, struct text *line);
	void *context;
};

/* 0 when the job was supervised, however it went; `result` is complete then. Negative: nothing was started. */
int supervise(const struct supervision *how, struct job_result *result, struct error *err);

#endif
