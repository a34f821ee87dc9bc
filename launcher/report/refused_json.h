/* SPDX-License-Identifier: MIT
 *
 * refused_json: the record of a job whose ranks nothing is known of, "muster.report/1" as that of any other, so that
 * what stood in the file before cannot be taken for it: it was not started, or muster's supervising process was lost.
 */
#ifndef MUSTER_REPORT_REFUSED_JSON_H
#define MUSTER_REPORT_REFUSED_JSON_H

#include <stdint.h>
#include <time.h>

struct job_spec;

/* All borrowed. */
struct refused_job {
	const struct job_spec *spec; /* zeroed when it could not be read */
	char *id;                    /* NULL: it had none yet */
	char *why;                   /* what the user was told */
	int exit_code;
	uint32_t survivors;
	struct timespec began, ended; /* CLOCK_REALTIME */
};

/* As report_json_format(); there are no ranks in it. free() it. */
char *report_json_format_refused(const struct refused_job *job, const char *host);

#endif
