/* SPDX-License-Identifier: MIT
 *
 * shown: see shown.h.
 */
#include "spec/shown.h"

#include "base/printable.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

const char *shown_text(struct shown *shown, const char *value)
{
	size_t length = strnlen(value, SHOWN_BYTES_MAX + 1);
	bool cut = length > SHOWN_BYTES_MAX;
	if (cut) {
		length = SHOWN_BYTES_MAX;
		while (length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(shown->text, value, length);
	shown->text[length] = '\0';
	make_printable(shown->text);
	if (cut)
		strcat(shown->text, "...");
	return shown->text;
}
