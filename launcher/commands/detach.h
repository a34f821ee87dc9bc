/* SPDX-License-Identifier: MIT
 *
 * detach: what `muster run` does otherwise for a job that is to outlive it (join: false): a record before anything is
 * started, a process in the background, and the word of how the start went.
 */
#ifndef MUSTER_COMMANDS_DETACH_H
#define MUSTER_COMMANDS_DETACH_H

#include <stdbool.h>

struct error;
struct job_record;
struct job_spec;
struct log_place;
struct start_word;

/* All borrowed. */
struct detachment {
	struct job_record *record;
	struct start_word *starter;
	int (*guard)(void *context, int owner, struct error *err); /* the job; its exit code, or negative */
	void *context;
	int owner; /* as guard_open_owner gives it, or 0 */
};

/* Whether such a job can live here and has where to write to; known before it waits for anything. What this process
 * inherited is closed: a reader at the other end must see its end. */
int detach_prepare(struct error *err);

/* Whether its report can go there. */
int detach_check_report(const char *report_path, struct error *err);

/* The record of the id that is there, and the place of its ranks' logs. From here on there is something to remove
 * again, and signals are blocked. -EEXIST: the id is another job's. */
int detach_make_record(struct job_record *record, struct log_place *logs, const struct job_spec *spec,
                       struct error *err);

/* Prints the job's id once all ranks were executed; else what the job would have said in the foreground, and returns
 * what it would have exited with. A job whose id cannot be printed is stopped, and gone when this returns. `detached`:
 * there is a job, and the record is its own; not when its processes were killed before anything was started. */
int detach(const struct detachment *job, bool *detached);

/* In the job: whoever started it is told, as it would have been in the foreground. Returns the exit code. */
int detach_tell(struct start_word *starter, const struct error *err);

#endif
