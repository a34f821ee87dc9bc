/* SPDX-License-Identifier: MIT
 *
 * oom_evidence: see oom_evidence.h. The oom_kill line of /proc/vmstat counts the whole machine's and every memory
 * cgroup's (proc(5)); the cgroup's own memory.events may not be visible from inside a container.
 */
#include "run/oom_evidence.h"

#include "base/file_text.h"
#include "base/named_line.h"

int64_t oom_kills_so_far(void)
{
	char text[16384];
	file_text_read("/proc/vmstat", text, sizeof text);
	return named_line_number(text, "oom_kill ");
}
