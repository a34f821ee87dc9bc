/* SPDX-License-Identifier: MIT
 *
 * process_stat: see process_stat.h.
 */
#include "run/process_stat.h"

#include "base/file_text.h"
#include "base/named_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FLAG_EXITING = 4, /* the kernel's PF_EXITING */
	STATE_FIELD = 3,  /* as proc(5) counts them */
	START_FIELD = 22, /* starttime */
	END_FIELD = 52,   /* exit_code */
};

pid_t process_own_number(void)
{
	char text[32];
	ssize_t length = readlink("/proc/self", text, sizeof text - 1);
	text[length > 0 ? length : 0] = '\0';
	return atoi(text);
}

/* `fields` from the blank before the state on. */
static uint64_t field_of(const char *fields, int wanted)
{
	for (int field = STATE_FIELD; field < wanted && fields != NULL; field++)
		fields = strchr(fields + 1, ' ');
	return fields != NULL ? strtoull(fields, NULL, 10) : 0;
}

bool process_stat_read(pid_t pid, struct process_stat *stat)
{
	char path[64], line[1536];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (file_text_read(path, line, sizeof line) <= 0)
		return false;
	char *after_name = strrchr(line, ')'); /* a name may hold blanks and brackets */
	struct process_stat seen;
	unsigned int flags;
	if (after_name == NULL || sscanf(after_name, ") %c %d %d %*d %*d %d %u", &seen.state, &seen.parent, &seen.group,
	                                 &seen.foreground, &flags) != 5)
		return false;
	seen.exiting = (flags & FLAG_EXITING) != 0;
	seen.started = field_of(after_name + 1, START_FIELD);
	seen.end = seen.exiting ? (int)field_of(after_name + 1, END_FIELD) : 0;
	*stat = seen;
	return true;
}

bool process_is_exiting(pid_t pid)
{
	struct process_stat stat;
	return process_own_number() != getpid() || !process_stat_read(pid, &stat) || stat.exiting;
}

int64_t process_switches(pid_t pid)
{
	char path[64], status[4096];
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (file_text_read(path, status, sizeof status) <= 0)
		return -1;
	int64_t yielded = named_line_number(status, "voluntary_ctxt_switches:");
	int64_t forced = named_line_number(status, "nonvoluntary_ctxt_switches:");
	return yielded < 0 || forced < 0 ? -1 : yielded + forced;
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "in uninterruptible sleep";
	case 'T':
		return "stopped";
	case 't':
		return "stopped by a tracer";
	case 'Z':
		return "ended, not reaped";
	default:
		return "unknown";
	}
}

/* What keeps it where it is, when that is a debugger. */
static void word_tracer(pid_t pid, char *text, size_t size)
{
	char path[64], status[4096];
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	int64_t tracer = file_text_read(path, status, sizeof status) > 0 ? named_line_number(status, "TracerPid:") : 0;
	text[0] = '\0';
	if (tracer > 0)
		snprintf(text, size, ", held by process %d, which traces it", (int)tracer);
}

char *process_describe(pid_t pid)
{
	struct process_stat stat;
	if (process_own_number() != getpid() || !process_stat_read(pid, &stat))
		return NULL;
	char text[256], path[64], channel[128], tracer[64];
	snprintf(path, sizeof path, "/proc/%d/wchan", (int)pid);
	file_text_read(path, channel, sizeof channel);
	bool known = channel[0] != '\0' && strcmp(channel, "0") != 0;
	word_tracer(pid, tracer, sizeof tracer);
	snprintf(text, sizeof text, "state %c (%s)%s%s%s", stat.state, state_name(stat.state),
	         known ? ", waiting in " : "", known ? channel : "", tracer);
	return strdup(text);
}
