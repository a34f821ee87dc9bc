/* SPDX-License-Identifier: MIT
 *
 * rankless_json: the record of a job whose ranks nothing is known of, "muster.report/1" as that of any other, so that
 * what stood in the file before cannot be taken for it: it was not started, or muster's supervising process was lost.
 */
#ifndef MUSTER_REPORT_RANKLESS_JSON_H
#define MUSTER_REPORT_RANKLESS_JSON_H

#include "run/job_result.h"

#include <stdint.h>
#include <time.h>

struct index_set;
struct job_spec;

/* All borrowed. */
struct rankless_job {
	const struct job_spec *spec; /* zeroed when it could not be read */
	char *id;                    /* NULL: it had none yet */
	const char *why;             /* what the user was told */
	enum job_outcome outcome;
	int exit_code;
	int stop_signal;              /* OUTCOME_STOPPED */
	struct timespec began, ended; /* CLOCK_REALTIME */
	int64_t elapsed_ns;
	int64_t waited_ms; /* for cores; 0: it did not */

	/* When it was started, else 0 and NULL. */
	uint32_t nprocs; /* 0: as the spec has it */
	uint32_t survivors;
	uint32_t restarts;
	char *cgroup;
	const struct index_set *held_cpus;
};

/* As report_json_format(); there are no ranks in it. free() it. */
char *report_json_format_rankless(const struct rankless_job *job, const char *host);

#endif
