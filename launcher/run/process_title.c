/* SPDX-License-Identifier: MIT
 *
 * process_title: see process_title.h.
 */
#include "run/process_title.h"

#include "base/file_text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* Where the kernel reads the command line: fields 48 and 49 of /proc/self/stat, proc(5). */
static size_t find_command_line(char **start)
{
	char line[1024];
	uintptr_t from = 0, to = 0;
	if (file_text_read("/proc/self/stat", line, sizeof line) <= 0)
		return 0;
	const char *at = strrchr(line, ')');
	for (int field = 2; at != NULL && field < 48; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL || sscanf(at, "%ju %ju", &from, &to) != 2 || to <= from)
		return 0;
	*start = (char *)from;
	return to - from;
}

void process_title_set(const char *title)
{
	char *start;
	prctl(PR_SET_NAME, title);
	size_t room = find_command_line(&start);
	if (room < 2)
		return;
	size_t length = strnlen(title, room - 1);
	memcpy(start, title, length);
	memset(start + length, 0, room - length); /* its last byte is 0: the kernel takes no more for it */
}
