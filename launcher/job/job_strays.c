/* SPDX-License-Identifier: MIT
 *
 * job_strays: see job_strays.h. A process is held by a pidfd before it is looked at, so that its number cannot become
 * another's in between. Whose environment this user may not read is not this user's to end.
 */
#include "job/job_strays.h"

#include "base/file_text.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENVIRONMENT_BYTES = 4 << 20, ROUNDS = 100, ROUND_MS = 20 };

/* A dead one has no environment any more. */
static bool is_of(pid_t pid, const char *mark, size_t mark_length, char *environment)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	environment[0] = '\0'; /* each variable stands between two zeros */
	ssize_t length = file_text_read(path, environment + 1, ENVIRONMENT_BYTES - 1);
	return length > 0 && memmem(environment, (size_t)length + 2, mark, mark_length) != NULL;
}

static bool kill_if_of(pid_t pid, const char *mark, size_t mark_length, char *environment)
{
	int handle = pid > 1 && pid != getpid() ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (handle < 0)
		return false;
	bool found = is_of(pid, mark, mark_length, environment);
	if (found)
		syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0);
	close(handle);
	return found;
}

static uint32_t kill_all(const char *mark, size_t mark_length, char *environment)
{
	uint32_t count = 0;
	DIR *processes = opendir("/proc");
	for (struct dirent *entry; processes != NULL && (entry = readdir(processes)) != NULL;)
		count += kill_if_of(atoi(entry->d_name), mark, mark_length, environment);
	if (processes != NULL)
		closedir(processes);
	return count;
}

uint32_t job_strays_end(const char *id)
{
	char mark[256];
	char *environment = malloc(ENVIRONMENT_BYTES);
	int length = snprintf(mark + 1, sizeof mark - 1, "MUSTER_JOB_ID=%s", id);
	uint32_t left = 0;
	mark[0] = '\0';
	if (environment == NULL)
		return 0;
	for (int round = 0; round < ROUNDS; round++) {
		left = kill_all(mark, (size_t)length + 2, environment);
		if (left == 0)
			break;
		poll(NULL, 0, ROUND_MS);
	}
	free(environment);
	return left;
}
