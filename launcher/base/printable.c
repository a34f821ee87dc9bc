/* SPDX-License-Identifier: MIT
 *
 * printable: see printable.h.
 */
#include "base/printable.h"

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t utf8_bytes(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;
	size_t length = byte[0] < 0x80             ? 1
	                : (byte[0] & 0xe0) == 0xc0 ? 2
	                : (byte[0] & 0xf0) == 0xe0 ? 3
	                : (byte[0] & 0xf8) == 0xf0 ? 4
	                                           : 0;
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	if (length < 2)
		return length;
	uint32_t value = byte[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte[i] & 0x3f);
	}
	bool surrogate = value >= 0xd800 && value <= 0xdfff;
	return value < smallest[length] || value > 0x10ffff || surrogate ? 0 : length;
}

/* C1 controls (U+0080 to U+009F) are two bytes, and some terminals obey them too. */
static bool is_control(const char *at, size_t length)
{
	const unsigned char *byte = (const unsigned char *)at;
	if (length == 1)
		return byte[0] < 0x20 || byte[0] == 0x7f;
	return length == 2 && byte[0] == 0xc2 && byte[1] < 0xa0;
}

size_t printable_bytes(const char *at)
{
	size_t length = utf8_bytes(at);
	return is_control(at, length) ? 0 : length;
}

const char *printable_escape(char byte, char escape[ESCAPE_BYTES])
{
	static const char named[] = "\n\t\r", names[] = "ntr";
	const char *is_named = byte == '\0' ? NULL : strchr(named, byte);
	if (is_named != NULL)
		snprintf(escape, ESCAPE_BYTES, "\\%c", names[is_named - named]);
	else
		snprintf(escape, ESCAPE_BYTES, "\\x%02x", (unsigned char)byte);
	return escape;
}

void printable_add(struct text *text, const char *words)
{
	char escape[ESCAPE_BYTES];
	while (*words != '\0') {
		size_t length = printable_bytes(words);
		if (length == 0)
			text_add(text, printable_escape(*words, escape));
		else
			text_add_bytes(text, words, length);
		words += length == 0 ? 1 : length;
	}
}

void make_printable(char *text)
{
	char *to = text;
	for (const char *at = text; *at != '\0';) {
		size_t length = printable_bytes(at);
		if (length == 0) {
			size_t skipped = utf8_bytes(at);
			*to++ = '?';
			at += skipped == 0 ? 1 : skipped;
			continue;
		}
		memmove(to, at, length);
		to += length;
		at += length;
	}
	*to = '\0';
}
