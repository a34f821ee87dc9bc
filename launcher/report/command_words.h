/* SPDX-License-Identifier: MIT
 *
 * command_words: a command as somebody would type it: words with blanks or characters of a shell's in quotes, so that
 * it can be seen where each begins; what cannot be shown as an escape (printable.h).
 */
#ifndef MUSTER_REPORT_COMMAND_WORDS_H
#define MUSTER_REPORT_COMMAND_WORDS_H

#include <jansson.h>

struct text;

/* The words of a list, whatever it is, on one line. */
void command_words_add(struct text *text, const json_t *command);

#endif
