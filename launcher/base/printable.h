/* SPDX-License-Identifier: MIT
 *
 * printable: text that somebody else chose, as it may stand on one line of a terminal and in JSON. Whatever a name, a
 * path or an argument holds, it cannot move the cursor, change colours or titles, or begin a line that looks like ours.
 */
#ifndef MUSTER_BASE_PRINTABLE_H
#define MUSTER_BASE_PRINTABLE_H

#include <stddef.h>

struct text;

/* How many bytes the UTF-8 character at `at` has (1 for NUL); 0 where there is none. Reads no further than a NUL. */
size_t utf8_bytes(const char *at);

/* The same, and 0 for a control character too: how many bytes may be shown as they are. */
size_t printable_bytes(const char *at);

/* What may stand for a byte that may not be shown: "\n" for a line's end, else such as "\x1b". */
enum { ESCAPE_BYTES = 5 };
const char *printable_escape(char byte, char escape[ESCAPE_BYTES]);

/* Adds words with such escapes. */
void printable_add(struct text *text, const char *words);

/* Replaces, in place, what is a control character or not UTF-8 by '?'. */
void make_printable(char *text);

#endif
