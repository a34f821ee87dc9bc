/* SPDX-License-Identifier: MIT
 *
 * job_find: the job that a user means by a word: an id, the name of one, or the beginning or end of an id; of several,
 * the only one that runs. Or by no word: the newest.
 */
#ifndef MUSTER_JOB_JOB_FIND_H
#define MUSTER_JOB_JOB_FIND_H

#include "job/job_view.h"

/* What for: who is to be stopped or signalled is not taken for one of those that have ended. */
enum job_wanted { JOB_ANY, JOB_THAT_RUNS };

/* -ENOENT with the reason, or with who could be meant. To be closed with job_view_close, also when it failed. */
int job_find(struct job_view *view, const char *word, enum job_wanted wanted, struct error *err);

/* Which jobs are looked at when no word says which: `words` are for an error, "has ended". */
struct job_fitting {
	bool (*fits)(const struct job_view *view); /* NULL: any */
	const char *words;
};

/* The one that is meant by the word; NULL: that was started last of those that fit. */
int job_find_or_newest(struct job_view *view, const char *word, const struct job_fitting *fitting, struct error *err);

#endif
