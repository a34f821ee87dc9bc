/* SPDX-License-Identifier: MIT
 *
 * cgroup_file: see cgroup_file.h.
 */
#include "run/cgroup_file.h"

#include "base/file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = PATH_MAX + 64 };

static const char *path_of(char path[static PATH_BYTES], const char *directory, const char *name)
{
	snprintf(path, PATH_BYTES, "%s/%s", directory, name);
	return path;
}

ssize_t cgroup_file_read(const char *directory, const char *name, char *text, size_t size)
{
	char path[PATH_BYTES];
	return file_text_read(path_of(path, directory, name), text, size);
}

int cgroup_file_write(const char *directory, const char *name, const char *text)
{
	char path[PATH_BYTES];
	int fd = open(path_of(path, directory, name), O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return rc;
}
