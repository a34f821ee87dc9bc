/* SPDX-License-Identifier: MIT
 *
 * report_file: see report_file.h. It is not synced to disk: a report is worth a rename, not the milliseconds of a
 * journal; after a power cut the old or no file is there.
 */
#include "report/report_file.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/patient_write.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READER_PATIENCE_MS = 10000,
	TEMPORARY_NAMES = 100,
};

static int refuse(struct error *err, int code, const char *path)
{
	if (code == -ENXIO)
		return error_set(err, code, "cannot write the report to %s: nobody has it open to read", path);
	if (code == -ETIMEDOUT)
		return error_set(err, code, "cannot write the report to %s: its reader did not read for %d s", path,
		                 READER_PATIENCE_MS / 1000);
	return error_set(err, code, "cannot write the report to %s: %s", path, strerror(-code));
}

/* -- Before the start ---------------------------------------------------------------------------------------------- */

/* The directory that the file stands in; free() it. */
static char *directory_of(const char *path)
{
	char *copy = memory_copy_text(path);
	char *directory = memory_copy_text(dirname(copy));
	free(copy);
	return directory;
}

static int check_directory(const char *path, struct error *err)
{
	char *directory = directory_of(path);
	struct stat status;
	int rc = 0;
	if (stat(directory, &status) < 0)
		rc = error_set(err, -errno, "cannot write the report to %s: directory %s: %s", path, directory,
		               strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		rc = error_set(err, -ENOTDIR, "cannot write the report to %s: %s is not a directory", path, directory);
	else if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) < 0)
		rc = error_set(err, -errno, "cannot write the report to %s: directory %s: %s", path, directory,
		               strerror(errno));
	free(directory);
	return rc;
}

static bool is_standard_output(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

int report_file_check(const char *path, struct error *err)
{
	struct stat status;
	if (path[0] == '\0')
		return error_set(err, -EINVAL, "cannot write the report: the name of its file is empty");
	if (is_standard_output(path))
		return 0;
	if (stat(path, &status) < 0) {
		if (errno != ENOENT || path[strlen(path) - 1] == '/')
			return refuse(err, -errno, path);
		return check_directory(path, err);
	}
	if (S_ISDIR(status.st_mode))
		return refuse(err, -EISDIR, path);
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return refuse(err, -errno, path);
	return 0;
}

/* -- Writing ------------------------------------------------------------------------------------------------------- */

/* A pipe that poll calls writable takes PIPE_BUF bytes without blocking, whoever else shares its flags. */
static int write_and_close(int fd, const char *bytes, size_t length)
{
	int rc = patient_write(fd, bytes, length, READER_PATIENCE_MS);
	/* Network file systems say only here that there was no room. */
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

/* Without O_NONBLOCK the open of a FIFO would wait for a reader for ever. */
static int write_in_place(const char *path, const char *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : write_and_close(fd, bytes, length);
}

/* Makes a file beside `path`, hidden and with a name of our own, with the mode that the umask gives. */
static int open_beside(const char *path, char *beside, size_t size)
{
	char *directory = directory_of(path);
	char *copy = memory_copy_text(path);
	const char *name = basename(copy);
	int fd = -1;
	for (int attempt = 0; fd < 0 && attempt < TEMPORARY_NAMES; attempt++) {
		int needed = snprintf(beside, size, "%s/.%s.%d-%d", directory, name, (int)getpid(), attempt);
		errno = ENAMETOOLONG;
		if (needed < 0 || (size_t)needed >= size)
			break;
		fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	int failure = errno;
	free(copy);
	free(directory);
	return fd < 0 ? -failure : fd;
}

static int replace(const char *path, const struct stat *old, const char *bytes, size_t length)
{
	char beside[PATH_MAX];
	int fd = open_beside(path, beside, sizeof beside);
	if (fd < 0)
		return fd;
	if (old != NULL && fchmod(fd, old->st_mode & 0777) < 0) {
		/* The new file then has the mode of a new file, which is no reason to have none. */
	}
	int rc = write_and_close(fd, bytes, length);
	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(beside);
	return rc;
}

/* The directory does not take a new file or a rename (read-only, a single file mounted into a container, a name that is
 * nearly too long): the file itself may still be written. */
static bool may_be_written_in_place(int code)
{
	return code == -EACCES || code == -EPERM || code == -EROFS || code == -EBUSY || code == -EXDEV ||
	       code == -ENAMETOOLONG;
}

static int write_file(const char *path, const char *bytes, size_t length)
{
	struct stat status;
	bool exists = stat(path, &status) == 0;
	if (exists && !S_ISREG(status.st_mode))
		return write_in_place(path, bytes, length);
	/* A symbolic link stays one: what it points to is replaced. */
	char *target = realpath(path, NULL);
	int rc = replace(target == NULL ? path : target, exists ? &status : NULL, bytes, length);
	if (exists && may_be_written_in_place(rc))
		rc = write_in_place(path, bytes, length);
	free(target);
	return rc;
}

int report_file_write(const char *path, const char *bytes, size_t length, struct error *err)
{
	int rc = is_standard_output(path) ? patient_write(STDOUT_FILENO, bytes, length, READER_PATIENCE_MS)
	                                  : write_file(path, bytes, length);
	return rc < 0 ? refuse(err, rc, path) : 0;
}
