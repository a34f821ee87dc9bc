/* SPDX-License-Identifier: MIT
 *
 * refused_json: the record of a job that was not started, "muster.report/1" as that of any other, so that what stood in
 * the file before cannot be taken for it.
 */
#ifndef MUSTER_REPORT_REFUSED_JSON_H
#define MUSTER_REPORT_REFUSED_JSON_H

#include <time.h>

struct job_spec;

/* All borrowed. */
struct refused_job {
	const struct job_spec *spec; /* zeroed when it could not be read */
	char *id;                    /* NULL: it had none yet */
	char *why;                   /* what the user was told */
	int exit_code;
	struct timespec when;
};

/* As report_json_format(); there are no ranks in it, for none was started. free() it. */
char *report_json_format_refused(const struct refused_job *job, const char *host);

#endif
