/* SPDX-License-Identifier: MIT
 *
 * run_account: what `muster run` tells of how its job goes and went: on the terminal, to the command that detached it,
 * in the report that was asked for, and in the job's record.
 */
#ifndef MUSTER_COMMANDS_RUN_ACCOUNT_H
#define MUSTER_COMMANDS_RUN_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct index_set;
struct job_cgroup;
struct job_record;
struct job_result;
struct job_spec;
struct launch_plan;
struct restart;
struct run_options;
struct start_word;
struct supervisor_loss;
struct text;

/* What the words are made of; all that is pointed to is borrowed. */
struct run_account {
	const struct run_options *options;
	const struct job_spec *spec;
	const struct launch_plan *plan;
	const struct index_set *held_cpus;
	const struct job_cgroup *job_cgroup;
	struct job_record *record;
	struct start_word *starter;
	struct timespec began; /* CLOCK_REALTIME, before the supervisor was: for the report of its loss */
	int64_t began_ns;
	char core_pattern[256]; /* read when something failed: the words about a core dump name its place */
	bool core_uses_pid;
};

/* The job is about to be started. */
void run_account_begin(struct run_account *account);

/* While it runs, as struct supervision wants them: before the group is started again; a failure that others outlive;
 * one whose job cannot end, since nobody reads what was printed. */
void run_account_word_restart(void *account, const struct job_result *result, const struct restart *restart,
                              struct text *line);
void run_account_word_failure(void *account, const struct job_result *result, struct text *line);
void run_account_word_unread(void *account, const struct job_result *result, struct text *line);

/* After it: on the terminal and to who detached it. */
void run_account_say(struct run_account *account, const struct job_result *result);

/* The report, put where it was asked for, and for the record: NULL when it has no place in either; free() it. `*failed`
 * is 0, or the exit code of a command whose report could not be written. */
char *run_account_report(struct run_account *account, const struct job_result *result, int *failed);

/* By guard or warden: all of muster's that knew the ranks is gone. */
void run_account_loss(const struct run_account *account, const struct supervisor_loss *loss);

#endif
