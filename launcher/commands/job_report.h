/* SPDX-License-Identifier: MIT
 *
 * job_report: puts the report of a job where it was asked for.
 */
#ifndef MUSTER_COMMANDS_JOB_REPORT_H
#define MUSTER_COMMANDS_JOB_REPORT_H

struct rankless_job;

/* 0, or EXIT_MUSTER when it could not be written, which the user was told. `path` NULL: it was asked for nowhere. */
int job_report_write(const char *path, const char *document);

/* The same of a job whose ranks nothing is known of: it ended now, on this host, and began `elapsed_ns` ago unless
 * `began` is set. The document; free() it. */
char *job_report_without_ranks(struct rankless_job *job, const char *path);

#endif
