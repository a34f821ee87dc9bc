/* SPDX-License-Identifier: MIT
 *
 * job_options: the options of the commands that have to do with jobs that are there: ps, status, join, logs, signal,
 * stop, report; and of check and doctor, which have no others. Each takes some of them; words and options may stand in
 * any order.
 */
#ifndef MUSTER_COMMANDS_JOB_OPTIONS_H
#define MUSTER_COMMANDS_JOB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct job_options {
	char **words; /* those that are no options, NULL-terminated; in argv's place */
	int word_count;
	bool all;
	bool follow;
	bool json;
	bool trace;
	bool html;
	bool help;
	const char *ranks;  /* NULL: all */
	int64_t timeout_ms; /* negative: none */
	int64_t grace_ms;   /* negative: the job's own */
};

/* `letters` are those of the options that the command takes, of "afjrtgTH"; it must be called with `least` to `most`
 * words, which `wanted` names. `help` is what stands below that line. */
struct job_usage {
	const char *letters;
	const char *wanted;
	const char *help;
	const char *question; /* where there is no word; NULL: which job? */
	int least;
	int most;
};

/* Whether the command is to go on; else it was told what is wrong, or was shown the help, and exits with `exit_code`.
 */
bool job_options_take(struct job_options *options, const struct job_usage *usage, int argc, char **argv,
                      int *exit_code);

#endif
