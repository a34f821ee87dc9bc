/* SPDX-License-Identifier: MIT
 *
 * json_text: see json_text.h.
 */
#include "report/json_text.h"

#include "base/printable.h"
#include "base/text.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

json_t *json_text(const char *bytes)
{
	if (bytes == NULL)
		return json_null();
	struct text text = {0};
	text_add(&text, "");
	for (const char *at = bytes; *at != '\0';) {
		size_t length = utf8_bytes(at);
		text_add_bytes(&text, length == 0 ? REPLACEMENT : at, length == 0 ? strlen(REPLACEMENT) : length);
		at += length == 0 ? 1 : length;
	}
	json_t *made = json_stringn_nocheck(text.bytes, text.length);
	text_finish(&text);
	return made;
}
