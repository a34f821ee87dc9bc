/* SPDX-License-Identifier: MIT
 *
 * foreign_words: tables of what people write who know other tools, and what muster has for it. Names stand with "-"
 * for "_", separated by blanks, and share a row where they share the answer.
 */
#ifndef MUSTER_SPEC_FOREIGN_WORDS_H
#define MUSTER_SPEC_FOREIGN_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* What is the same answer to a key and to an option. */
#define FOREIGN_HOSTS "leave it out: all ranks are on this host"
#define FOREIGN_GPUS  "leave it out: muster deals no GPUs; a rank takes the one of its LOCAL_RANK"
#define FOREIGN_RENDEZVOUS(setter)                                                                                     \
	"leave it out: muster gives ranks MASTER_ADDR and a free MASTER_PORT; " setter " sets others"

struct foreign_row {
	const char *names;
	const char *answer;
};

/* Whether a name is what was typed, of `length` bytes, in which "_" is "-": torchrun writes both. */
bool is_typed_as(const char *name, const char *typed, size_t length);

/* The answer for a name of `length` bytes, in which "_" is "-"; NULL: nobody's we know. */
const char *foreign_words_find(const struct foreign_row *rows, size_t count, const char *name, size_t length);

/* Whether each name of the table stands once; for its test. Returns the first that does not, or NULL. */
const char *foreign_words_repeated(const struct foreign_row *rows, size_t count);

#endif
