/* SPDX-License-Identifier: MIT
 *
 * oom_evidence: see oom_evidence.h. The oom_kill line of /proc/vmstat counts the whole machine's and every memory
 * cgroup's (proc(5)); the cgroup's own memory.events may not be visible from inside a container.
 */
#include "run/oom_evidence.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t oom_kills_so_far(void)
{
	static const char name[] = "\noom_kill ";
	char text[16384];
	size_t length = 0;
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t got;
	while (length < sizeof text - 1 && (got = read(fd, text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	text[length] = '\0';
	const char *line = strstr(text, name);
	return line == NULL ? -1 : strtoll(line + sizeof name - 1, NULL, 10);
}
