/* SPDX-License-Identifier: MIT
 *
 * trial: something that is tried in a process of its own, so that nothing is left of it and a filter that kills for it
 * kills nobody else.
 */
#ifndef MUSTER_DOCTOR_TRIAL_H
#define MUSTER_DOCTOR_TRIAL_H

#include <stdbool.h>

struct trial_result {
	int code;     /* 0, or the errno of the refusal */
	int signal;   /* that ended it, 0: none */
	bool untried; /* nothing is known: no process could be made, or the attempt said so */
};

enum { TRIAL_UNTRIED = 255 }; /* no errno: what the attempt needs is not there */

/* `attempt` returns 0, a negative errno, or -TRIAL_UNTRIED. It runs in a child of this process. */
struct trial_result trial_make(int (*attempt)(void));

static inline bool trial_succeeded(const struct trial_result *result)
{
	return result->code == 0 && result->signal == 0;
}

enum { TRIAL_WORDS_SIZE = 128 };

/* "Operation not permitted", "killed by SIGSYS: a seccomp filter"; returns `words`. */
const char *trial_words(const struct trial_result *result, char words[static TRIAL_WORDS_SIZE]);

struct finding;

/* Who makes the call in earnest is killed as well: jobs, or programs with libmuster. */
void trial_grade_killed(struct finding *finding);

#endif
