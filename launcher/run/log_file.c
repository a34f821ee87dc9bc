/* SPDX-License-Identifier: MIT
 *
 * log_file: see log_file.h. Joining takes no more room either: half, a sixth and a sixth of the limit are there, each
 * tail is removed once it was copied, and a sixth is free to copy it to.
 */
#include "run/log_file.h"

#include "base/whole_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 64 * 1024, NEAR_BYTES = 4096, PATH_BYTES = LOG_NAME_BYTES + 24 };

void log_file_name(char name[static LOG_NAME_BYTES], uint32_t rank, bool is_error)
{
	snprintf(name, LOG_NAME_BYTES, "%" PRIu32 ".%s", rank, is_error ? "err" : "out");
}

void log_file_init(struct log_file *log, int directory, const char *name, int64_t limit_bytes)
{
	*log = (struct log_file){.directory = directory, .fd = -1, .limit = limit_bytes};
	snprintf(log->name, sizeof log->name, "%s", name);
}

int log_file_word_gap(char line[static LOG_GAP_BYTES], int64_t dropped)
{
	return snprintf(line, LOG_GAP_BYTES, "\nmuster: %" PRId64 " bytes were dropped here (output.log_limit)\n",
	                dropped);
}

static void name_tail(const struct log_file *log, int64_t offset, char path[static PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s.%" PRId64, log->name, offset);
}

static int open_new(struct log_file *log, const char *path, int64_t room)
{
	int fd = openat(log->directory, path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (log->fd >= 0)
		close(log->fd);
	log->fd = fd;
	log->room = room;
	return 0;
}

static void remove_tail(const struct log_file *log, int64_t offset)
{
	char path[PATH_BYTES];
	name_tail(log, offset, path);
	unlinkat(log->directory, path, 0);
}

/* The older one goes first: there is never a third. */
static int open_tail(struct log_file *log)
{
	char path[PATH_BYTES];
	bool both = log->tails[0] != 0 && log->tails[1] != 0;
	if (both) {
		remove_tail(log, log->tails[0]);
		log->tails[0] = log->tails[1];
		log->tails[1] = 0;
	}
	name_tail(log, log->total, path);
	int rc = open_new(log, path, log->limit / 6);
	if (rc == 0 && log->head == 0)
		log->head = log->total;
	if (rc == 0)
		log->tails[log->tails[0] == 0 ? 0 : 1] = log->total;
	return rc;
}

static int make_room(struct log_file *log)
{
	if (log->room > 0)
		return 0;
	return log->fd < 0 ? open_new(log, log->name, log->limit / 2 - LOG_GAP_BYTES) : open_tail(log);
}

/* Which means nothing of a file, and takes no room. */
#define CUT_MARK S_ISVTX

static void mark_as_cut(const struct log_file *log)
{
	int head = openat(log->directory, log->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (head < 0)
		return;
	(void)!fchmod(head, 0600 | CUT_MARK);
	close(head);
}

bool log_file_is_cut(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && (status.st_mode & CUT_MARK) != 0;
}

/* A file ends with a line where one ends near. */
static size_t part_that_fits(const struct log_file *log, const char *bytes, size_t length)
{
	size_t room = (size_t)log->room, near = room < NEAR_BYTES ? room / 2 : NEAR_BYTES;
	if (length <= room)
		return length;
	const char *last = memrchr(bytes + room - near, '\n', near);
	return last != NULL ? (size_t)(last + 1 - bytes) : room;
}

static int write_on(struct log_file *log, const char *bytes, size_t length)
{
	while (length > 0) {
		int rc = make_room(log);
		if (rc < 0)
			return rc;
		size_t part = part_that_fits(log, bytes, length);
		ssize_t wrote = write(log->fd, bytes, part);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		bytes += wrote;
		length -= (size_t)wrote;
		log->room = (size_t)wrote == part && length > 0 ? 0 : log->room - wrote;
		log->total += wrote;
	}
	return 0;
}

int log_file_write(struct log_file *log, const char *bytes, size_t length)
{
	int rc = write_on(log, bytes, length);
	if (rc < 0)
		mark_as_cut(log);
	return rc;
}

static bool copy(int to, int from)
{
	static char buffer[COPY_BYTES];
	ssize_t got;
	while ((got = read(from, buffer, sizeof buffer)) > 0)
		if (whole_write(to, buffer, (size_t)got) < 0)
			return false;
	return got == 0;
}

/* A tail that could not be copied stays beside its head. */
static bool join_tail(const struct log_file *log, int head, int64_t offset)
{
	char path[PATH_BYTES];
	name_tail(log, offset, path);
	int from = openat(log->directory, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool copied = from >= 0 && copy(head, from);
	if (copied)
		unlinkat(log->directory, path, 0);
	if (from >= 0)
		close(from);
	return copied;
}

static void join(const struct log_file *log)
{
	char gap[LOG_GAP_BYTES];
	int head = openat(log->directory, log->name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (head < 0)
		return;
	int64_t dropped = log->tails[0] - log->head;
	int length = dropped > 0 ? log_file_word_gap(gap, dropped) : 0;
	if (whole_write(head, gap, (size_t)length) == 0 && join_tail(log, head, log->tails[0]) && log->tails[1] != 0)
		join_tail(log, head, log->tails[1]);
	close(head);
}

void log_file_finish(struct log_file *log)
{
	if (log->limit == 0 || log->fd < 0)
		return;
	close(log->fd);
	log->fd = -1;
	log->room = 0;
	if (log->tails[0] != 0)
		join(log);
	log->limit = 0;
}
