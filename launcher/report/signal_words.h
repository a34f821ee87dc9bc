/* SPDX-License-Identifier: MIT
 *
 * signal_words: signals by name and, for the ones that end programs, what they mean to somebody who meets one.
 */
#ifndef MUSTER_REPORT_SIGNAL_WORDS_H
#define MUSTER_REPORT_SIGNAL_WORDS_H

enum { SIGNAL_NAME_BYTES = 24 };

/* Writes "SIGTERM", "SIGRTMIN+3" or "signal 77" and returns `name`. */
const char *signal_name(char name[SIGNAL_NAME_BYTES], int signal);

/* "segmentation fault"; NULL: nothing to add to the name. */
const char *signal_meaning(int signal);

#endif
