/* SPDX-License-Identifier: MIT
 *
 * json_text: see json_text.h.
 */
#include "report/json_text.h"

#include "base/index_set.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

json_t *json_made(json_t *value)
{
	if (value == NULL)
		memory_exhausted();
	return value;
}

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

json_t *json_set(const struct index_set *set)
{
	size_t length = index_set_format(set, NULL, 0);
	char *list = memory_zeroed(length + 1);
	index_set_format(set, list, length + 1);
	json_t *made = json_string(list);
	free(list);
	return made;
}

json_t *json_seconds(int64_t ns)
{
	return ns < 0 ? json_null() : json_real((double)ns / 1e9);
}
