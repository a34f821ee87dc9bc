/* SPDX-License-Identifier: MIT
 *
 * job_prune: removes the records of jobs that ended long ago, or of so many jobs ago, and the sockets of jobs that were
 * lost with all of their processes. Of a record job.json goes first, so that nobody takes what is left of it for a job,
 * and whoever is killed in the middle leaves a rest that a later one removes. Only what is ours and lies in the
 * directories of records and of sockets is touched, no link is followed, and nothing of a job whose record somebody
 * holds, or may hold.
 */
#ifndef MUSTER_JOB_JOB_PRUNE_H
#define MUSTER_JOB_JOB_PRUNE_H

#include <stdint.h>

enum { RECORDS_KEPT = 1000, RECORDS_KEPT_DAYS = 30, PRUNED_EVERY = 64 };

/* How many records were removed. `now_s` is the time on the wall's clock. */
int job_prune(int64_t now_s, int keep);

/* After a job, by one of every PRUNED_EVERY. */
void job_prune_now_and_then(const char *job_id);

#endif
