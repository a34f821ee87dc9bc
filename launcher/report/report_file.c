/* SPDX-License-Identifier: MIT
 *
 * report_file: see report_file.h. It is not synced to disk: a report is worth a rename, not the milliseconds of a
 * journal; after a power cut the old or no file is there.
 */
#include "report/report_file.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/patient_write.h"
#include "report/link_target.h"

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

/* Where a path leads. */
struct place {
	char target[PATH_MAX]; /* the path, its symbolic links followed */
	struct stat status;
	bool exists;
	bool is_plain; /* a regular file that has a name, or may get one: it can be replaced */
};

static int tell(struct error *err, const char *what, const char *path, const struct error *cause)
{
	return error_set(err, cause->code, "cannot write %s to %s: %s", what, path, cause->text);
}

static bool is_standard_output(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

static bool same_file(const struct stat *one, const char *path)
{
	struct stat other;
	return stat(path, &other) == 0 && other.st_dev == one->st_dev && other.st_ino == one->st_ino;
}

/* A link of /proc to a file that is open but was deleted only looks like a path. */
static int find_place(struct place *place, const char *path, struct error *err)
{
	int rc = link_target(path, place->target, err);
	if (rc < 0)
		return rc;
	place->exists = stat(path, &place->status) == 0;
	if (!place->exists && errno != ENOENT)
		return error_set(err, -errno, "%s", strerror(errno));
	place->is_plain =
		!place->exists || (S_ISREG(place->status.st_mode) && same_file(&place->status, place->target));
	return 0;
}

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
		rc = error_set(err, -errno, "directory %s: %s", directory, strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		rc = error_set(err, -ENOTDIR, "%s is not a directory", directory);
	else if (status.st_nlink == 0)
		rc = error_set(err, -ENOENT, "directory %s was deleted", directory);
	else if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) < 0)
		rc = error_set(err, -errno, "directory %s: %s", directory, strerror(errno));
	free(directory);
	return rc;
}

/* Why writing failed. Of a file that is "not there" it is the directory that is meant. */
static int word(struct error *err, int code, const char *target)
{
	if (code == -ENXIO)
		return error_set(err, code, "nobody has it open to read");
	if (code == -ETIMEDOUT)
		return error_set(err, code, "its reader did not read for %d s", READER_PATIENCE_MS / 1000);
	if (code == -ENOENT && check_directory(target, err) < 0)
		return err->code;
	return error_set(err, code, "%s", strerror(-code));
}

/* --- before the start --- */

static int check(const char *path, struct error *err)
{
	struct place place;
	int rc = find_place(&place, path, err);
	if (rc < 0)
		return rc;
	if (!place.exists && path[strlen(path) - 1] == '/')
		return error_set(err, -ENOENT, "%s", strerror(ENOENT));
	if (!place.exists)
		return check_directory(place.target, err);
	if (S_ISDIR(place.status.st_mode))
		return error_set(err, -EISDIR, "%s", strerror(EISDIR));
	if (S_ISSOCK(place.status.st_mode))
		return error_set(err, -ENXIO, "it is a socket, not a file or a FIFO");
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return error_set(err, -errno, "%s", strerror(errno));
	return 0;
}

int report_file_check(const char *what, const char *path, struct error *err)
{
	struct error cause;
	if (path[0] == '\0')
		return error_set(err, -EINVAL, "cannot write %s: the name of its file is empty", what);
	if (is_standard_output(path) || check(path, &cause) == 0)
		return 0;
	return tell(err, what, path, &cause);
}

/* --- writing --- */

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

static int write_file(const char *path, const char *bytes, size_t length, struct error *err)
{
	struct place place;
	int rc = find_place(&place, path, err);
	if (rc < 0)
		return rc;
	if (!place.is_plain) {
		rc = write_in_place(path, bytes, length);
		return rc < 0 ? word(err, rc, path) : 0;
	}
	rc = replace(place.target, place.exists ? &place.status : NULL, bytes, length);
	if (place.exists && may_be_written_in_place(rc))
		rc = write_in_place(place.target, bytes, length);
	return rc < 0 ? word(err, rc, place.target) : 0;
}

int report_file_write(const char *what, const char *path, const char *bytes, size_t length, struct error *err)
{
	struct error cause;
	int rc;
	if (!is_standard_output(path)) {
		rc = write_file(path, bytes, length, &cause);
	} else {
		rc = patient_write(STDOUT_FILENO, bytes, length, READER_PATIENCE_MS);
		if (rc < 0)
			word(&cause, rc, path);
	}
	return rc < 0 ? tell(err, what, path, &cause) : 0;
}
