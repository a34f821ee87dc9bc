/* SPDX-License-Identifier: MIT
 *
 * job_view: the record of a job as somebody else reads it: running, ended, or lost. What stands in it was written by
 * this user's own muster, but is believed no further than it can be read.
 */
#ifndef MUSTER_JOB_JOB_VIEW_H
#define MUSTER_JOB_JOB_VIEW_H

#include "job/job_id.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct error;

enum job_life {
	JOB_STARTING, /* somebody holds it, and job.json is not there yet */
	JOB_RUNNING,
	JOB_ENDED, /* there is a report, or nobody holds it and its last event says how it ended */
	JOB_LOST,  /* nobody holds it, and neither is there: all of its muster was killed, or the machine went down */
	JOB_GONE, /* nor is job.json: it was removed while somebody looked, of a job that never began or is long over */
};

struct job_view {
	char id[JOB_ID_SIZE];
	int directory;
	enum job_life life;
	json_t *job; /* job.json; NULL: not there */
};

/* The record of a job in the directory of them, without what job.json says; negative with the reason, -ENOENT where
 * there is none, as none is there yet. */
int job_view_open(struct job_view *view, int records, const char *id, struct error *err);

/* Such an error of job_view_open says that there is no record; another one that nobody can tell. */
bool job_view_is_none(int code);

/* Reads job.json. */
void job_view_load_job(struct job_view *view);

/* What in the directory is called as jobs are, in order; dropped by the caller. How many, or negative. */
struct dirent;
int job_view_list_ids(int records, struct dirent ***ids, struct error *err);
void job_view_drop_ids(struct dirent **ids, int count);

/* Calls back for each record, in the order of ids. Negative: -ENOENT when there is no directory of them, else not all
 * could be read. With `ended` false only those that run or were lost are shown. */
typedef void job_visit(void *context, struct job_view *view);
int job_view_each(bool ended, job_visit *visit, void *context, struct error *err);

/* Looks again whether it lives. Negative: nobody can tell, and what was seen before still stands. */
int job_view_refresh(struct job_view *view, struct error *err);

/* While it is starting, waits for what comes of that; a minute is enough for tens of thousands of ranks.
 * Negative: as job_view_refresh. */
int job_view_await_start(struct job_view *view, struct error *err);

/* Waits until nobody holds the job any more, at most so long (negative: for ever). 1; 0: it still runs; negative: as
 * job_view_refresh. */
int job_view_wait(struct job_view *view, int64_t timeout_ms, struct error *err);

/* The event with which a job ended, a short way to its exit code; the caller's, or NULL. */
json_t *job_view_end(const struct job_view *view);

/* The caller's; NULL with the reason. */
json_t *job_view_report(const struct job_view *view, struct error *err);

/* The report, or of a job that could not have one the event with which it ended: both have outcome and exit_code. */
json_t *job_view_outcome(const struct job_view *view, struct error *err);

/* Of job.json, "" or 0 where it is not there. */
const char *job_view_text(const struct job_view *view, const char *member);
const char *job_life_name(enum job_life life);

/* Somebody holds it: it is starting, or runs. */
bool job_life_goes_on(enum job_life life);

void job_view_close(struct job_view *view);

#endif
