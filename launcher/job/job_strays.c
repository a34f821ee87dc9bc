/* SPDX-License-Identifier: MIT
 *
 * job_strays: see job_strays.h. A process is held by a pidfd before it is looked at, so that its number cannot become
 * another's in between. Whose environment this user may not read is not this user's to end.
 */
#include "job/job_strays.h"

#include "base/error.h"
#include "base/file_text.h"
#include "base/text.h"

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

/* Who is in a job that was started by this one is in this one, too. */
static bool says_so(const char *variable, const char *id)
{
	static const char *const names[] = {"MUSTER_JOB_ID=", "MUSTER_OUTER_JOBS="};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return words_have(variable + strlen(names[i]), id);
	return false;
}

/* A dead one has no environment any more. Negative: nobody can tell. */
static int is_of(pid_t pid, const char *id, char *environment)
{
	char path[64];
	bool found = false;
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	ssize_t length = file_text_read(path, environment, ENVIRONMENT_BYTES);
	if (length < 0)
		return is_lack((int)length) ? (int)length : 0;
	for (const char *at = environment; at < environment + length && !found; at += strlen(at) + 1)
		found = says_so(at, id);
	return found;
}

/* 1: it was of the job; negative: nobody can tell. */
static int kill_if_of(pid_t pid, const char *id, char *environment)
{
	if (pid <= 1 || pid == getpid())
		return 0;
	int handle = (int)syscall(SYS_pidfd_open, pid, 0);
	if (handle < 0)
		return errno == ESRCH ? 0 : -errno;
	int found = is_of(pid, id, environment);
	if (found > 0)
		syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0);
	close(handle);
	return found;
}

/* How many were of the job; negative: nobody can tell of all. */
static int kill_all(const char *id, char *environment)
{
	int seen = 0, count = 0, rc = 0;
	DIR *processes = opendir("/proc");
	if (processes == NULL)
		return -errno;
	for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
		pid_t pid = atoi(entry->d_name);
		int found = pid > 0 ? kill_if_of(pid, id, environment) : 0;
		seen += pid > 0;
		count += found > 0;
		rc = found < 0 ? found : rc;
	}
	closedir(processes);
	if (seen == 0) /* not even this one: nothing is mounted there */
		return -ENOENT;
	return rc < 0 ? rc : count;
}

int job_strays_end(const char *id, struct error *err)
{
	char *environment = malloc(ENVIRONMENT_BYTES);
	int left = environment == NULL ? -ENOMEM : 1;
	for (int round = 0; round < ROUNDS && left > 0; round++) {
		if (round > 0)
			poll(NULL, 0, ROUND_MS);
		left = kill_all(id, environment);
	}
	free(environment);
	if (left >= 0)
		return left;
	return error_set(err, left, "nobody can tell what is left of job %s: /proc: %s", id, strerror(-left));
}
