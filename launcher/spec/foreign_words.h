/* SPDX-License-Identifier: MIT
 *
 * foreign_words: tables of what people write who know other tools, and what muster has for it. Names stand with "-"
 * for "_", separated by blanks, and share a row where they share the answer.
 */
#ifndef MUSTER_SPEC_FOREIGN_WORDS_H
#define MUSTER_SPEC_FOREIGN_WORDS_H

#include <stddef.h>

struct foreign_row {
	const char *names;
	const char *answer;
};

/* The answer for a name of `length` bytes, in which "_" is "-"; NULL: nobody's we know. */
const char *foreign_words_find(const struct foreign_row *rows, size_t count, const char *name, size_t length);

/* Whether each name of the table stands once; for its test. Returns the first that does not, or NULL. */
const char *foreign_words_repeated(const struct foreign_row *rows, size_t count);

#endif
