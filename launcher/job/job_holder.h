/* SPDX-License-Identifier: MIT
 *
 * job_holder: a job whose supervisor does not answer is told to end by signal, as a terminal would. The pids of its
 * record are believed only of a process that has the record's own file open.
 */
#ifndef MUSTER_JOB_JOB_HOLDER_H
#define MUSTER_JOB_JOB_HOLDER_H

#include <stdbool.h>

struct job_view;

/* To the guard, or else to the supervisor, or else to the warden, which then clears up after both; it is woken, too.
 * False: none of them is there. */
bool job_holder_signal(const struct job_view *view, int signal);

/* All of them, should somebody have stopped one: it is to see the end of the job. */
void job_holder_wake(const struct job_view *view);

#endif
