/* SPDX-License-Identifier: MIT
 *
 * text: a string that grows. Zero-initialised is empty; `bytes` is NULL until something was added, then NUL-terminated.
 */
#ifndef MUSTER_BASE_TEXT_H
#define MUSTER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *bytes;
	size_t length;
	size_t capacity;
};

void text_add(struct text *text, const char *more);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_repeated(struct text *text, const char *piece, size_t times);
void text_finish(struct text *text);

/* Whether `word` is one of `words`, which have blanks between them; no words (NULL) have none. */
bool words_have(const char *words, const char *word);

#endif
