/* SPDX-License-Identifier: MIT
 *
 * examine_places: whether what a job keeps can be kept: its record, its socket, and what programs put into /tmp. Where
 * a directory is not there yet, the nearest one above it is asked, in which it would be made. It is asked by writing a
 * file there: of /proc and /sys the permissions say that root may.
 */
#include "base/byte_words.h"
#include "doctor/examine.h"

#include "base/error.h"
#include "job/job_places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { WRITTEN_BYTES = 64 * 1024 };

/* Where no file can be without a name. What makes no files says that there is none. */
static int open_named(int directory)
{
	char name[32];
	snprintf(name, sizeof name, ".muster-doctor-%d", (int)getpid());
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	unlinkat(directory, name, 0);
	return fd;
}

static int open_trial(int directory)
{
	int fd = openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		return open_named(directory);
	return fd < 0 ? -errno : fd;
}

/* 0, or why no file can be written there. */
static int try_writing(int directory)
{
	static const char bytes[WRITTEN_BYTES];
	int fd = open_trial(directory);
	if (fd < 0)
		return fd;
	ssize_t wrote = write(fd, bytes, sizeof bytes);
	int rc = wrote < 0 ? -errno : wrote < (ssize_t)sizeof bytes ? -ENOSPC : 0;
	close(fd);
	return rc == -EFBIG ? 0 : rc; /* a limit of the process, told elsewhere */
}

/* Opens `path`, or the nearest directory above it that is there. */
static int open_nearest(const char *path)
{
	char nearest[PATH_MAX];
	snprintf(nearest, sizeof nearest, "%s", path);
	for (;;) {
		int fd = open(nearest[0] != '\0' ? nearest : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char *slash = strrchr(nearest, '/');
		if (fd >= 0 || errno != ENOENT || slash == NULL)
			return fd;
		*slash = '\0';
	}
}

/* `opened` is what opening the directory itself gave. Closes it. */
static int try_place(int opened, const char *path, struct error *err)
{
	int directory = opened == -ENOENT ? open_nearest(path) : opened;
	if (directory < 0 && opened != -ENOENT)
		return directory;
	int rc = directory < 0 ? -errno : try_writing(directory);
	if (directory >= 0)
		close(directory);
	return rc < 0 ? error_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

static void add_room(struct findings *findings, const char *id, const char *noun, const char *path, uint64_t left)
{
	char words[BYTE_WORDS_SIZE];
	struct finding *finding =
		findings_add(findings, id, "%s: %s, where %s are free", noun, path, byte_words(words, left));
	finding_set_value(finding, (double)left);
	if (left == 0)
		finding_grade_as(finding, FINDING_WARNING,
		                 "the last of the disk is kept for root, or is gone already: what is written there is "
		                 "lost",
		                 "make room there, or name another directory, see muster(1)");
}

/* A file system of no size at all does not count what is free. */
static void add_place(struct findings *findings, const char *id, const char *noun, const char *path)
{
	struct statvfs status;
	int directory = open_nearest(path);
	if (directory < 0 || fstatvfs(directory, &status) < 0 || status.f_blocks == 0)
		findings_add(findings, id, "%s: %s", noun, path);
	else
		add_room(findings, id, noun, path, (uint64_t)status.f_bavail * status.f_frsize);
	if (directory >= 0)
		close(directory);
}

static void examine_records(struct findings *findings)
{
	char path[PATH_MAX];
	bool may_make;
	struct error err = {0};
	int rc = job_places_record_directory(path, &may_make, &err);
	if (rc == 0) {
		rc = job_places_open_records(false, &err);
		if (rc >= 0 || (rc == -ENOENT && may_make))
			rc = try_place(rc, path, &err);
	}
	if (rc == 0)
		add_place(findings, "places.records", "records of jobs", path);
	else
		finding_grade_as(
			findings_add(findings, "places.records", "no records of jobs can be kept: %s", err.text),
			job_places_known() ? FINDING_WARNING : FINDING_NOTE,
			"jobs in the foreground run all the same; detached ones are refused, and muster ps, status and "
			"report know of none",
			"set XDG_STATE_HOME to a directory of this user's that can be written");
}

static void examine_sockets(struct findings *findings)
{
	char path[PATH_MAX];
	struct error err = {0};
	int rc = job_places_socket_directory(path);
	if (rc == 0)
		rc = try_place(job_places_open_sockets(false, &err), path, &err);
	if (rc == 0)
		add_place(findings, "places.sockets", "sockets of jobs", path);
	else
		finding_grade_as(
			findings_add(findings, "places.sockets", "no sockets of jobs can be made: %s", err.text),
			FINDING_WARNING, "jobs run, and muster status and signal do not reach them; muster stop does",
			"set XDG_RUNTIME_DIR to a directory of this user's that can be written");
}

static void examine_temporary(struct findings *findings)
{
	const char *path = getenv("TMPDIR");
	struct error err = {0};
	if (path == NULL || path[0] == '\0')
		path = "/tmp";
	int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened >= 0 && try_place(opened, path, &err) == 0) {
		add_place(findings, "places.temporary", "temporary files", path);
		return;
	}
	if (opened < 0)
		error_set(&err, -errno, "%s: %s", path, strerror(errno));
	finding_grade_as(findings_add(findings, "places.temporary", "no temporary files: %s", err.text),
	                 FINDING_WARNING, "many programs fail in odd ways without; muster itself does not mind",
	                 "docker run --tmpfs /tmp, or TMPDIR=DIRECTORY");
}

void examine_places(struct findings *findings)
{
	examine_records(findings);
	examine_sockets(findings);
	examine_temporary(findings);
}
