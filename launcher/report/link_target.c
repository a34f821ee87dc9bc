/* SPDX-License-Identifier: MIT
 *
 * link_target: see link_target.h.
 */
#include "report/link_target.h"

#include "base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_CHAIN = 40 }; /* as the kernel has it */

/* How much of a path is its directory, with the slash; 0: there is none. */
static int directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? 0 : (int)(slash - path) + 1;
}

static int check_owner(const char *path, const struct stat *link, struct error *err)
{
	char directory[PATH_MAX];
	struct stat around;
	int length = directory_length(path);
	snprintf(directory, sizeof directory, "%.*s", length == 0 ? 1 : length, length == 0 ? "." : path);
	if (stat(directory, &around) < 0)
		return error_set(err, -errno, "directory %s: %s", directory, strerror(errno));
	bool is_for_all = (around.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH);
	if (!is_for_all || link->st_uid == geteuid() || link->st_uid == around.st_uid)
		return 0;
	return error_set(err, -EACCES,
	                 "%s is a symbolic link of another user (uid %u) in a directory where everybody may make one, "
	                 "and is not followed; remove it, or name another file",
	                 path, (unsigned)link->st_uid);
}

/* One link of the chain: `path` becomes what it points to, which counts from the link's own directory. */
static int follow(char path[PATH_MAX], struct error *err)
{
	char content[PATH_MAX], next[PATH_MAX];
	ssize_t length = readlink(path, content, sizeof content - 1);
	if (length < 0)
		return error_set(err, -errno, "cannot read the symbolic link %s: %s", path, strerror(errno));
	content[length] = '\0';
	int before = content[0] == '/' ? 0 : directory_length(path);
	int needed = snprintf(next, sizeof next, "%.*s%s", before, path, content);
	if (needed < 0 || (size_t)needed >= sizeof next)
		return error_set(err, -ENAMETOOLONG, "the symbolic link %s leads to a name that is too long", path);
	memcpy(path, next, (size_t)needed + 1);
	return 0;
}

int link_target(const char *path, char target[PATH_MAX], struct error *err)
{
	if (strlen(path) >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
	strcpy(target, path);
	for (int links = 0; links <= LONGEST_CHAIN; links++) {
		struct stat status;
		if (lstat(target, &status) < 0 || !S_ISLNK(status.st_mode))
			return 0;
		int rc = check_owner(target, &status, err);
		if (rc == 0)
			rc = follow(target, err);
		if (rc < 0)
			return rc;
	}
	return error_set(err, -ELOOP, "%s", strerror(ELOOP));
}
