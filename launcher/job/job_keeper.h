/* SPDX-License-Identifier: MIT
 *
 * job_keeper: keeps the record of a job while it runs, and answers those who ask for it: the listener of its
 * supervision. What goes to disk goes there once the ranks were started, so that no rank waits for it, or before they
 * are started again for the first time. A job in the foreground runs without a record as well; then one line says so.
 */
#ifndef MUSTER_JOB_JOB_KEEPER_H
#define MUSTER_JOB_JOB_KEEPER_H

#include "run/supervisor.h"

#include <stdbool.h>

struct error;
struct guards;
struct index_set;
struct job_record;
struct job_result;
struct launch_plan;
struct output;
struct plan_view;
struct start_word;

/* All borrowed. */
struct job_facts {
	struct job_record *record; /* a job in the foreground has none as yet */
	const struct launch_plan *plan;
	const struct plan_view *view;
	const struct guards *guards;
	const struct index_set *held_cpus; /* that other jobs are kept from */
	struct output *output;             /* for the one line */
	struct start_word *starter;        /* told that every rank was executed */
	const char *directory;             /* where muster was called */
	bool quiet;
};

struct job_keeper *job_keeper_create(const struct job_facts *facts);

/* Goes to `supervise`. */
const struct supervision_listener *job_keeper_listener(const struct job_keeper *keeper);

/* After supervision: the report is put into the record. NULL: there is no record. */
void job_keeper_finish(struct job_keeper *keeper, const struct job_result *result, const char *report);

/* Who waits for the end is told. NULL is fine. */
void job_keeper_destroy(struct job_keeper *keeper);

#endif
