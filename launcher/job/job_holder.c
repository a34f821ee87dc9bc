/* SPDX-License-Identifier: MIT
 *
 * job_holder: see job_holder.h. The process is held by a pidfd before it is looked at, so that its number cannot become
 * another's in between.
 */
#include "job/job_holder.h"

#include "job/job_view.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_open(pid_t pid, const struct stat *file)
{
	char path[64];
	bool found = false;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *listing = opendir(path);
	for (struct dirent *entry; listing != NULL && !found && (entry = readdir(listing)) != NULL;) {
		struct stat status;
		found = fstatat(dirfd(listing), entry->d_name, &status, 0) == 0 && status.st_ino == file->st_ino &&
		        status.st_dev == file->st_dev;
	}
	if (listing != NULL)
		closedir(listing);
	return found;
}

static bool signal_one(pid_t pid, const struct stat *file, int signal)
{
	int handle = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (handle < 0)
		return false;
	bool sent = has_open(pid, file) && syscall(SYS_pidfd_send_signal, handle, signal, NULL, 0) == 0;
	if (sent)
		syscall(SYS_pidfd_send_signal, handle, SIGCONT, NULL, 0);
	close(handle);
	return sent;
}

static bool signal_each(const struct job_view *view, int signal, bool all)
{
	static const char *const who[] = {"guard", "supervisor", "warden"};
	const json_t *pids = json_object_get(view->job, "pid");
	struct stat file;
	bool sent = false;
	if (fstatat(view->directory, "job.json", &file, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	for (size_t i = 0; i < sizeof who / sizeof *who && (all || !sent); i++)
		sent = signal_one((pid_t)json_integer_value(json_object_get(pids, who[i])), &file, signal) || sent;
	return sent;
}

bool job_holder_signal(const struct job_view *view, int signal)
{
	return signal_each(view, signal, false);
}

void job_holder_wake(const struct job_view *view)
{
	signal_each(view, SIGCONT, true);
}
