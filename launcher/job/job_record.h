/* SPDX-License-Identifier: MIT
 *
 * job_record: the directory of a job: its files, and the lock that says that muster is alive.
 *
 *     job.json      what never changes; its lock
 *     spec.yaml     the spec as it was given; plan.json: which rank got which cores
 *     events.jsonl  what happened, a line each
 *     logs/         of a detached job: what its ranks printed; muster.log: what muster had to say
 *     report.json   how it ended
 *
 * A directory is a record as long as job.json is in it: that comes first, locked, and goes first.
 *
 * The lock belongs to one open file description, which guard, warden and supervisor inherit and no rank does. The
 * kernel drops it with the last of them, however they end: a record that nobody holds, with neither report.json nor an
 * event of the end, is that of a job that was lost. No process id is believed for that, and a boot changes nothing.
 */
#ifndef MUSTER_JOB_JOB_RECORD_H
#define MUSTER_JOB_JOB_RECORD_H

#include "job/job_id.h"
#include "run/job_result.h"

#include <stdbool.h>
#include <stddef.h>

struct error;

struct job_record {
	char id[JOB_ID_SIZE];
	char *path;    /* of the directory; NULL: there is none */
	int directory; /* -1: none */
	int job;       /* job.json, locked; empty until it is known who supervises the job */
};

#define JOB_RECORD_NONE                                                                                                \
	{                                                                                                              \
		.directory = -1, .job = -1                                                                             \
	}

/* A fresh id, and no directory as yet. */
void job_record_name(struct job_record *record, const char *name);

/* Makes the directory and takes the lock. -EEXIST: there is such a job already. */
int job_record_make(struct job_record *record, struct error *err);

/* A file of the record, appeared whole or not at all. */
int job_record_put(const struct job_record *record, const char *file, const char *bytes, size_t length,
                   struct error *err);

/* The same by a process that has not got the record open; nothing happens when there is none, or the file is there. */
int job_record_put_late(const char *id, const char *file, const char *bytes, size_t length, struct error *err);

/* The same in two steps: a descriptor, or a negative errno that the second step words. What is begun is hidden. */
int job_record_begin_file(const struct job_record *record, const char *file);
int job_record_finish_file(const struct job_record *record, const char *file, int fd, const char *bytes, size_t length,
                           struct error *err);

/* Room on the disk for what a file of the record is going to say, so that a disk that is full by then is none for it.
 * -ENOSPC or -EDQUOT: there is none; where it cannot be had in advance, nothing is said. Finishing the file gives back
 * what was too much. */
int job_record_reserve(int fd, size_t bytes);

/* Room for job.json of a job that is to be found by it. */
int job_record_reserve_job(const struct job_record *record, struct error *err);

/* Writes it. */
int job_record_put_job(const struct job_record *record, const char *bytes, size_t length, struct error *err);

/* The directory logs/, made; a descriptor. */
int job_record_open_logs(const struct job_record *record, struct error *err);

/* Opens a file for appending, making it. */
int job_record_open(const struct job_record *record, const char *file, struct error *err);

/* Of a job that was never started: nothing of the record is left. */
void job_record_discard(struct job_record *record);

/* Notes the end of a job as its last event, by others than its supervisor. */
void job_record_note_end(int directory, enum job_outcome outcome, int exit_code);

/* The same by a process that has not got the record open; nothing happens when there is none, or it has a report. */
void job_record_note_late_end(const char *id, enum job_outcome outcome, int exit_code);

/* Whether the record, whose directory is given, has that file. */
bool job_record_has(int directory, const char *file);

/* Does anybody hold the lock of this record, whose directory is given? 1 or 0; -ENOENT: it is no record, for it has no
 * job.json; or a negative errno: nobody can tell. */
int job_record_is_held(int directory);

#endif
