/* SPDX-License-Identifier: MIT
 *
 * refusal: a job that is not started: its user is told why, and so is whoever reads the report that was asked for.
 */
#ifndef MUSTER_COMMANDS_REFUSAL_H
#define MUSTER_COMMANDS_REFUSAL_H

#include "run/job_result.h"

#include <stdint.h>

struct diagnostics;
struct error;
struct job_spec;

/* All borrowed. */
struct refusal {
	const struct job_spec *spec;
	char *job_id;            /* "": it has none yet */
	const char *report_path; /* NULL: none was asked for */
	enum job_outcome outcome;
	int stop_signal;   /* OUTCOME_STOPPED: what came before it could be started */
	int64_t waited_ms; /* for cores: that is all that it did, and when it began; 0: it did not */
};

/* Both return `exit_code`. A report that cannot be written is told of as well. */
int refuse_job(const struct refusal *refusal, const struct error *err, int exit_code);
int refuse_spec(const struct refusal *refusal, const struct diagnostics *wrong, int exit_code);

#endif
