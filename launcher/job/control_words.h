/* SPDX-License-Identifier: MIT
 *
 * control_words: what a running job is asked over its socket, and what it answers.
 *
 *     {"do": "status", "from": 0}                       state of the job, and of its ranks, a page of them at a time
 *     {"do": "signal", "signal": "USR1", "ranks": "0-3"}     to those ranks' processes; without ranks: to all
 *     {"do": "stop", "grace_ms": 5000}                  without grace_ms: the spec's
 *     {"do": "watch"}                                   no answer, unless too many wait so: the connection's end is
 *                                                       the job's
 *
 * What is wrong is answered with {"error": "..."} and changes nothing.
 */
#ifndef MUSTER_JOB_CONTROL_WORDS_H
#define MUSTER_JOB_CONTROL_WORDS_H

#include <stddef.h>

struct launch_plan;
struct supervisor;

struct control_subject {
	struct supervisor *supervisor; /* NULL: the job is at its end */
	const struct launch_plan *plan;
};

/* A control_answer; `context` is a struct control_subject. */
char *control_words_answer(void *context, const char *message, size_t length);

#endif
