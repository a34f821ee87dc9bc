/* SPDX-License-Identifier: MIT
 *
 * descriptors: see descriptors.h. Without close_range, and before Linux 5.11 without its flag, the open ones are looked
 * up in /proc; where that is not mounted, there is nothing that could be done in any bearable time.
 */
#include "base/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void each_open(unsigned first, unsigned last, void (*act)(int fd))
{
	DIR *directory = opendir("/proc/self/fd");
	if (directory == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char *end;
		unsigned long fd = strtoul(entry->d_name, &end, 10);
		if (end != entry->d_name && fd >= first && fd <= last && (int)fd != dirfd(directory))
			act((int)fd);
	}
	closedir(directory);
}

static void close_one(int fd)
{
	close(fd);
}

static void mark_one(int fd)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void descriptors_close(unsigned first, unsigned last)
{
	if (syscall(SYS_close_range, first, last, 0U) < 0)
		each_open(first, last, close_one);
}

void descriptors_close_at_exec(unsigned first)
{
	if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		each_open(first, ~0U, mark_one);
}
