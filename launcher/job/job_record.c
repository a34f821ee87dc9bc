/* SPDX-License-Identifier: MIT
 *
 * job_record: see job_record.h. Nothing is synced to disk: a record is worth a rename, not the milliseconds of a
 * journal.
 */
#include "job/job_record.h"

#include "base/error.h"
#include "base/whole_write.h"
#include "job/job_places.h"
#include "job/private_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOB          "job.json"
#define JOB_UNLOCKED ".job.json"

enum { JOB_BYTES = 8192 };

void job_record_name(struct job_record *record, const char *name)
{
	*record = (struct job_record)JOB_RECORD_NONE;
	job_id_make_now(record->id, name);
}

/* Of the open file description, not of the process: what is forked holds it, too. It gets its name with the lock on it:
 * without, the job would be taken for one that was lost. */
static int open_job(int directory)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = openat(directory, JOB_UNLOCKED, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &whole) == 0 && renameat(directory, JOB_UNLOCKED, directory, JOB) == 0)
		return fd;
	int code = errno;
	close(fd);
	return -code;
}

static int fill(struct job_record *record, int records, const char *path, struct error *err)
{
	record->directory = private_directory_open_in(records, record->id, false, err);
	if (record->directory < 0)
		return record->directory;
	record->job = open_job(record->directory);
	if (record->job < 0)
		return error_set(err, record->job, "cannot make " JOB ": %s", strerror(-record->job));
	record->path = strdup(path);
	return record->path != NULL ? 0 : error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
}

int job_record_make(struct job_record *record, struct error *err)
{
	char path[PATH_MAX] = "";
	int records = job_places_open_records(true, err);
	if (records < 0)
		return records;
	int rc = job_places_record_path(path, record->id);
	if (rc == 0 && mkdirat(records, record->id, 0700) < 0)
		rc = -errno;
	if (rc < 0) {
		close(records);
		return error_set(err, rc, "cannot make directory %s: %s", path, strerror(-rc));
	}
	rc = fill(record, records, path, err);
	close(records);
	if (rc < 0) {
		error_prefix(err, "record of job %s", record->id);
		job_record_discard(record);
	}
	return rc;
}

/* The size stays: what is not written as yet is not to be read as zeroes. */
int job_record_reserve(int fd, size_t bytes)
{
	if (fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT ? -errno : 0;
}

/* Cut off is what was there before, written or reserved: cutting nothing off would cost as much as writing. */
static int write_whole(int fd, const char *bytes, size_t length)
{
	struct stat before;
	bool fresh = fstat(fd, &before) == 0 && before.st_size == 0 && before.st_blocks == 0;
	int rc = whole_write(fd, bytes, length);
	return rc == 0 && !fresh && ftruncate(fd, (off_t)length) < 0 ? -errno : rc;
}

static int tell_unwritten(const struct job_record *record, const char *file, int code, struct error *err)
{
	return error_set(err, code, "cannot write %s/%s: %s", record->path, file, strerror(-code));
}

int job_record_reserve_job(const struct job_record *record, struct error *err)
{
	int rc = job_record_reserve(record->job, JOB_BYTES);
	return rc < 0 ? tell_unwritten(record, JOB, rc, err) : 0;
}

int job_record_put_job(const struct job_record *record, const char *bytes, size_t length, struct error *err)
{
	int rc = write_whole(record->job, bytes, length);
	return rc < 0 ? tell_unwritten(record, JOB, rc, err) : 0;
}

int job_record_begin_file(const struct job_record *record, const char *file)
{
	char beside[NAME_MAX];
	snprintf(beside, sizeof beside, ".%s", file);
	int fd = openat(record->directory, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int job_record_finish_file(const struct job_record *record, const char *file, int fd, const char *bytes, size_t length,
                           struct error *err)
{
	char beside[NAME_MAX];
	snprintf(beside, sizeof beside, ".%s", file);
	int rc = fd < 0 ? fd : write_whole(fd, bytes, length);
	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && renameat(record->directory, beside, record->directory, file) < 0)
		rc = -errno;
	if (rc == 0)
		return 0;
	unlinkat(record->directory, beside, 0);
	return tell_unwritten(record, file, rc, err);
}

int job_record_put(const struct job_record *record, const char *file, const char *bytes, size_t length,
                   struct error *err)
{
	int fd = job_record_begin_file(record, file);
	return job_record_finish_file(record, file, fd, bytes, length, err);
}

/* Of a record that was made by another process of muster's; negative when there is none. */
static int open_late(const char *id)
{
	int records = job_places_open_records(false, NULL);
	int directory = records < 0 ? -1 : private_directory_open_in(records, id, false, NULL);
	if (records >= 0)
		close(records);
	return directory;
}

int job_record_put_late(const char *id, const char *file, const char *bytes, size_t length, struct error *err)
{
	char path[PATH_MAX] = "";
	struct job_record record = {.path = path, .directory = open_late(id), .job = -1};
	int rc = 0;
	if (record.directory < 0)
		return 0;
	job_places_record_path(path, id); /* for words alone */
	if (!job_record_has(record.directory, file))
		rc = job_record_put(&record, file, bytes, length, err);
	close(record.directory);
	return rc;
}

int job_record_open(const struct job_record *record, const char *file, struct error *err)
{
	int fd = openat(record->directory, file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : error_set(err, -errno, "cannot write %s/%s: %s", record->path, file, strerror(errno));
}

int job_record_open_logs(const struct job_record *record, struct error *err)
{
	return private_directory_open_in(record->directory, "logs", true, err);
}

static void close_all(struct job_record *record)
{
	if (record->job >= 0)
		close(record->job);
	if (record->directory >= 0)
		close(record->directory);
	free(record->path);
	record->path = NULL;
	record->directory = record->job = -1;
}

void job_record_discard(struct job_record *record)
{
	static const char *const files[] = {JOB, JOB_UNLOCKED, "events.jsonl", "muster.log", "logs"};
	for (size_t i = 0; record->directory >= 0 && i < sizeof files / sizeof *files; i++)
		unlinkat(record->directory, files[i], strcmp(files[i], "logs") == 0 ? AT_REMOVEDIR : 0);
	int records = record->directory >= 0 ? job_places_open_records(false, NULL) : -1;
	if (records >= 0) {
		unlinkat(records, record->id, AT_REMOVEDIR); /* which refuses one that is not empty */
		close(records);
	}
	close_all(record);
}

/* Its supervisor may have been lost in the middle of a line. */
void job_record_note_end(int directory, enum job_outcome outcome, int exit_code)
{
	char event[128], last = '\n';
	struct stat status;
	int fd = openat(directory, "events.jsonl", O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
	                0600);
	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_size > 0)
		(void)!pread(fd, &last, 1, status.st_size - 1);
	int length = snprintf(event, sizeof event, "%s{\"event\":\"ended\",\"outcome\":\"%s\",\"exit_code\":%d}\n",
	                      last == '\n' ? "" : "\n", job_outcome_name(outcome), exit_code);
	(void)!write(fd, event, (size_t)length);
	close(fd);
}

void job_record_note_late_end(const char *id, enum job_outcome outcome, int exit_code)
{
	int directory = open_late(id);
	if (directory < 0)
		return;
	if (!job_record_has(directory, "report.json"))
		job_record_note_end(directory, outcome, exit_code);
	close(directory);
}

bool job_record_has(int directory, const char *file)
{
	return faccessat(directory, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* By asking, not by trying: nobody is kept from taking the lock. Who waits for it has a shared one in the end. */
int job_record_is_held(int directory)
{
	struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	int fd = openat(directory, JOB, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? -ENOENT : -errno; /* a link or a socket is not muster's */
	int held = fcntl(fd, F_OFD_GETLK, &whole) < 0 ? -errno : whole.l_type != F_UNLCK;
	close(fd);
	return held;
}
