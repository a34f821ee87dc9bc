/* SPDX-License-Identifier: MIT
 *
 * text: see text.h.
 */
#include "base/text.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct text *text, size_t more)
{
	size_t needed = text->length + more + 1;
	if (needed <= text->capacity)
		return;
	size_t capacity = text->capacity < 128 ? 128 : text->capacity;
	while (capacity < needed)
		capacity *= 2;
	text->bytes = memory_resized(text->bytes, capacity, 1);
	text->capacity = capacity;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
	reserve(text, length);
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
	text_add_bytes(text, more, strlen(more));
}

void text_add_repeated(struct text *text, const char *piece, size_t times)
{
	while (times-- > 0)
		text_add(text, piece);
}

void text_add_format(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return;
	reserve(text, (size_t)length);
	va_start(args, format);
	vsnprintf(text->bytes + text->length, (size_t)length + 1, format, args);
	va_end(args);
	text->length += (size_t)length;
}

void text_finish(struct text *text)
{
	free(text->bytes);
	*text = (struct text){0};
}

bool words_have(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = words; at != NULL && *at != '\0';) {
		size_t next = strcspn(at, " ");
		if (next == length && length > 0 && memcmp(at, word, length) == 0)
			return true;
		at += next + (at[next] == ' ');
	}
	return false;
}
