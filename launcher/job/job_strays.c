/* SPDX-License-Identifier: MIT
 *
 * job_strays: see job_strays.h. A process is held by a pidfd before it is looked at, so that its number cannot become
 * another's in between. Whose environment this user may not read is not this user's to end.
 */
#include "job/job_strays.h"

#include "base/error.h"
#include "base/file_text.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENVIRONMENT_BYTES = 4 << 20, ROUNDS = 100, ROUND_MS = 20 };

static bool is_lack(int code)
{
	return code == -EMFILE || code == -ENFILE || code == -ENOMEM;
}

/* A dead one has no environment any more. Negative: nobody can tell. */
static int is_of(pid_t pid, const char *mark, size_t mark_length, char *environment)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	environment[0] = '\0'; /* each variable stands between two zeros */
	ssize_t length = file_text_read(path, environment + 1, ENVIRONMENT_BYTES - 1);
	if (length < 0)
		return is_lack((int)length) ? (int)length : 0;
	return memmem(environment, (size_t)length + 2, mark, mark_length) != NULL;
}

/* 1: it was of the job; negative: nobody can tell. */
static int kill_if_of(pid_t pid, const char *mark, size_t mark_length, char *environment)
{
	if (pid <= 1 || pid == getpid())
		return 0;
	int handle = (int)syscall(SYS_pidfd_open, pid, 0);
	if (handle < 0)
		return errno == ESRCH ? 0 : -errno;
	int found = is_of(pid, mark, mark_length, environment);
	if (found > 0)
		syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0);
	close(handle);
	return found;
}

/* How many were of the job; negative: nobody can tell of all. */
static int kill_all(const char *mark, size_t mark_length, char *environment)
{
	int count = 0, rc = -ENOENT; /* as long as no process is seen, not even this one */
	DIR *processes = opendir("/proc");
	if (processes == NULL)
		return -errno;
	for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
		pid_t pid = atoi(entry->d_name);
		int found = pid > 0 ? kill_if_of(pid, mark, mark_length, environment) : 0;
		if (pid > 0 && (rc == -ENOENT || found < 0))
			rc = found < 0 ? found : 0;
		count += found > 0;
	}
	closedir(processes);
	return rc < 0 ? rc : count;
}

int job_strays_end(const char *id, struct error *err)
{
	char mark[256];
	char *environment = malloc(ENVIRONMENT_BYTES);
	int length = snprintf(mark + 1, sizeof mark - 1, "MUSTER_JOB_ID=%s", id);
	int left = environment == NULL ? -ENOMEM : 1;
	mark[0] = '\0';
	for (int round = 0; round < ROUNDS && left > 0; round++) {
		if (round > 0)
			poll(NULL, 0, ROUND_MS);
		left = kill_all(mark, (size_t)length + 2, environment);
	}
	free(environment);
	if (left >= 0)
		return left;
	return error_set(err, left, "nobody can tell what is left of job %s: /proc: %s", id, strerror(-left));
}
