/* SPDX-License-Identifier: MIT
 *
 * refusal: a job that cannot be started: its user is told why, and so is whoever reads the report that was asked for.
 */
#ifndef MUSTER_COMMANDS_REFUSAL_H
#define MUSTER_COMMANDS_REFUSAL_H

struct diagnostics;
struct error;
struct job_spec;

/* All borrowed. */
struct refusal {
	const struct job_spec *spec;
	char *job_id;            /* "": it has none yet */
	const char *report_path; /* NULL: none was asked for */
};

/* Both return `exit_code`. A report that cannot be written is told of as well. */
int refuse(const struct refusal *refusal, const struct error *err, int exit_code);
int refuse_spec(const struct refusal *refusal, const struct diagnostics *wrong, int exit_code);

#endif
