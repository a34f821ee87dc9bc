/* SPDX-License-Identifier: MIT
 *
 * log_reader: see log_reader.h.
 */
#include "job/log_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, TAILS_MAX = 4 };

/* No stream is as long; what says so was not written by muster. */
static const int64_t STREAM_BYTES_MAX = INT64_MAX / 4;

void log_reader_init(struct log_reader *reader, int directory, const char *name)
{
	*reader = (struct log_reader){.directory = directory, .head_end = -1};
	snprintf(reader->name, sizeof reader->name, "%s", name);
}

/* From `at` to `end` of a file, or to its end (negative). How many bytes there were. */
static int64_t hand_on(int fd, int64_t at, int64_t end, log_piece *piece, void *context)
{
	static char bytes[PIECE_BYTES];
	int64_t from = at;
	while (end < 0 || at < end) {
		size_t most = end < 0 || end - at > PIECE_BYTES ? PIECE_BYTES : (size_t)(end - at);
		ssize_t got = pread(fd, bytes, most, at);
		if (got <= 0)
			break;
		piece(context, bytes, (size_t)got);
		at += got;
	}
	return at - from;
}

static int rising(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
	return (a > b) - (a < b);
}

/* 0 when it is none. */
static int64_t offset_of(const char *digits)
{
	int64_t offset = strtoll(digits, NULL, 10);
	return offset > 0 && offset <= STREAM_BYTES_MAX ? offset : 0;
}

/* Where the tails begin that there are, in order. */
static int list_tails(const struct log_reader *reader, int64_t tails[static TAILS_MAX])
{
	size_t length = strlen(reader->name);
	int count = 0, fd = openat(reader->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	if (listing == NULL) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	for (struct dirent *entry; (entry = readdir(listing)) != NULL && count < TAILS_MAX;)
		if (strncmp(entry->d_name, reader->name, length) == 0 && entry->d_name[length] == '.' &&
		    offset_of(entry->d_name + length + 1) > 0)
			tails[count++] = offset_of(entry->d_name + length + 1);
	closedir(listing);
	qsort(tails, (size_t)count, sizeof *tails, rising);
	return count;
}

static int open_file(const struct log_reader *reader, const char *name)
{
	return openat(reader->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

static void tell_gap(struct log_reader *reader, int64_t to, log_piece *piece, void *context)
{
	char line[LOG_GAP_BYTES];
	int length = log_file_word_gap(line, to - reader->offset);
	piece(context, line, (size_t)length);
	reader->offset = to;
}

static void pump_tails(struct log_reader *reader, const int64_t *tails, int count, log_piece *piece, void *context)
{
	for (int i = 0; i < count; i++) {
		char name[LOG_NAME_BYTES + 24];
		snprintf(name, sizeof name, "%s.%lld", reader->name, (long long)tails[i]);
		int fd = open_file(reader, name);
		if (fd < 0)
			return; /* joined or dropped meanwhile: the next time */
		if (reader->offset < tails[i])
			tell_gap(reader, tails[i], piece, context);
		reader->offset += hand_on(fd, reader->offset - tails[i], -1, piece, context);
		close(fd);
	}
}

/* The tails are being joined to the head, or were, perhaps behind a line about a gap: where the rest is in the file
 * now.
 */
static int64_t place_after_join(struct log_reader *reader, int head, log_piece *piece, void *context)
{
	char gap[LOG_GAP_BYTES + 1];
	ssize_t got = pread(head, gap, sizeof gap - 1, reader->head_end);
	static const char begin[] = "\nmuster: ";
	gap[got < 0 ? 0 : got] = '\0';
	char *end = strncmp(gap, begin, strlen(begin)) == 0 ? strchr(gap + 1, '\n') : NULL;
	int64_t dropped = end == NULL ? 0 : offset_of(gap + strlen(begin));
	if (dropped == 0)
		return reader->offset;
	int64_t tail = reader->head_end + dropped;
	if (reader->offset < tail)
		tell_gap(reader, tail, piece, context);
	return reader->head_end + (end + 1 - gap) + reader->offset - tail;
}

static void tell_cut(struct log_reader *reader, log_piece *piece, void *context)
{
	if (!reader->told_cut)
		piece(context, LOG_CUT_LINE, strlen(LOG_CUT_LINE));
	reader->told_cut = true;
}

void log_reader_pump(struct log_reader *reader, log_piece *piece, void *context)
{
	int64_t tails[TAILS_MAX];
	struct stat status;
	int head = open_file(reader, reader->name);
	if (head < 0)
		return;
	bool cut = log_file_is_cut(head); /* asked first: what there is, is there now */
	/* The head's size after the tails: one that is not there any more stands in the head, whole. */
	int count = list_tails(reader, tails);
	if (fstat(head, &status) < 0)
		status.st_size = 0;
	if (count > 0 && reader->head_end < 0)
		reader->head_end = status.st_size;
	if (reader->head_end >= 0 && (count == 0 || status.st_size > reader->head_end)) {
		int64_t at = place_after_join(reader, head, piece, context);
		reader->offset += hand_on(head, at, -1, piece, context);
	} else if (reader->head_end < 0 || reader->offset < reader->head_end) {
		reader->offset += hand_on(head, reader->offset, reader->head_end, piece, context);
	}
	pump_tails(reader, tails, count, piece, context);
	if (cut)
		tell_cut(reader, piece, context);
	close(head);
}
