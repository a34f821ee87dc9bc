/* SPDX-License-Identifier: MIT
 *
 * start_word: what the supervisor of a detached job tells the command that started it, once: every rank was executed,
 * or the job ended before that, with its exit code and the words for it. The pipe's end without a word means that all
 * of muster's processes were lost.
 *
 *     start_word_open(&word, &err);
 *     if ((guard = fork()) == 0)
 *             ... start_word_become_background(&word, log, &err); ... start_word_say(&word, 0, "") ...
 *     exit_code = start_word_await(&word, guard, &text);
 */
#ifndef MUSTER_JOB_START_WORD_H
#define MUSTER_JOB_START_WORD_H

#include <sys/types.h>

struct error;
struct text;

struct start_word {
	int listening; /* -1: closed, or none */
	int speaking;
};

#define START_WORD_NONE                                                                                                \
	{                                                                                                              \
		-1, -1                                                                                                 \
	}

int start_word_open(struct start_word *word, struct error *err);

/* In the child: a session of its own, without a terminal; standard input is empty, what goes to the two others goes to
 * `log`. */
int start_word_become_background(struct start_word *word, int log, struct error *err);

/* The first call counts; without an open word there is nobody to tell. With exit code 0 a line or two are whole. */
void start_word_say(struct start_word *word, int exit_code, const char *text);

/* Hands signals on to `guard`, an unreaped child, while it waits. The exit code, with text that is to be printed; or
 * -EPIPE: no word came. */
int start_word_await(struct start_word *word, pid_t guard, struct text *text);

/* Stops the job of `guard`, an unreaped child, by `signal`, and returns once nothing of it is left; signals are handed
 * on meanwhile. */
void start_word_stop(pid_t guard, int signal);

#endif
