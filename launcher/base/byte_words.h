/* SPDX-License-Identifier: MIT
 *
 * byte_words: sizes as people read them.
 */
#ifndef MUSTER_BASE_BYTE_WORDS_H
#define MUSTER_BASE_BYTE_WORDS_H

#include <stdint.h>

enum { BYTE_WORDS_SIZE = 32 };

/* "23.5 GiB"; returns `words`. */
const char *byte_words(char words[static BYTE_WORDS_SIZE], uint64_t bytes);

#endif
