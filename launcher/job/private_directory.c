/* SPDX-License-Identifier: MIT
 *
 * private_directory: see private_directory.h.
 */
#include "job/private_directory.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_ours(int fd, const char *name, struct error *err)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return error_set(err, -errno, "directory %s: %s", name, strerror(errno));
	if (status.st_uid != geteuid())
		return error_set(err, -EPERM, "directory %s belongs to user %u, not to user %u", name, status.st_uid,
		                 geteuid());
	if ((status.st_mode & 022) != 0)
		return error_set(err, -EPERM, "directory %s may be written by others (mode %04o): chmod go-w it", name,
		                 status.st_mode & 07777);
	return 0;
}

int private_directory_open_in(int directory, const char *name, bool make, struct error *err)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(directory, name, how);
	if (fd < 0 && errno == ENOENT && make) {
		if (mkdirat(directory, name, 0700) < 0 && errno != EEXIST)
			return error_set(err, -errno, "cannot make directory %s: %s", name, strerror(errno));
		fd = openat(directory, name, how);
	}
	if (fd < 0) {
		int code = errno;
		struct stat status;
		bool is_link = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
		return error_set(err, -code, "directory %s: %s", name,
		                 is_link ? "it is a symbolic link, which is not followed here" : strerror(code));
	}
	int rc = check_ours(fd, name, err);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int make_one(const char *path, struct error *err)
{
	int code = mkdir(path, 0700) < 0 ? errno : 0;
	if (code == 0 || access(path, F_OK) == 0)
		return 0;
	return error_set(err, -code, "cannot make directory %s: %s", path, strerror(code));
}

/* `mkdir -p`, for what lies above the user's own part. */
static int make_root(const char *root, struct error *err)
{
	char path[PATH_MAX];
	int rc = 0;
	if (snprintf(path, sizeof path, "%s", root) >= (int)sizeof path)
		return error_set(err, -ENAMETOOLONG, "directory %s: %s", root, strerror(ENAMETOOLONG));
	for (char *slash = path + 1; rc == 0 && (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		rc = make_one(path, err);
		*slash = '/';
	}
	return rc == 0 ? make_one(path, err) : rc;
}

static int open_root(const char *root, bool make, struct error *err)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		int rc = make_root(root, err);
		if (rc < 0)
			return rc;
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd >= 0 ? fd : error_set(err, -errno, "directory %s: %s", root, strerror(errno));
}

int private_directory_open(const char *root, const char *below, bool make, struct error *err)
{
	char names[PATH_MAX];
	if (snprintf(names, sizeof names, "%s", below) >= (int)sizeof names)
		return error_set(err, -ENAMETOOLONG, "directory %s/%s: %s", root, below, strerror(ENAMETOOLONG));
	int directory = open_root(root, make, err);
	char *rest = NULL;
	for (char *name = strtok_r(names, "/", &rest); name != NULL && directory >= 0;
	     name = strtok_r(NULL, "/", &rest)) {
		int next = private_directory_open_in(directory, name, make, err);
		close(directory);
		int above = name > names ? (int)(name - names) - 1 : 0;
		directory = next >= 0 ? next : error_prefix(err, "%s%s%.*s", root, above > 0 ? "/" : "", above, below);
	}
	return directory;
}
