/* SPDX-License-Identifier: MIT
 *
 * named_line: see named_line.h.
 */
#include "base/named_line.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *named_line(const char *text, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0)
			return line + length;
	}
	return NULL;
}

int64_t named_line_number(const char *text, const char *name)
{
	const char *begin = named_line(text, name);
	char *end;
	if (begin == NULL || strspn(begin, " \t") != strspn(begin, " \t\n"))
		return -1;
	int64_t number = strtoll(begin, &end, 10);
	return end != begin ? number : -1;
}
