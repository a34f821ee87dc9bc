/* SPDX-License-Identifier: MIT
 *
 * log_file: what one stream of a rank printed, in a directory, and never more than a limit of it on the disk.
 *
 * The beginning goes to NAME, half of the limit. What comes after it goes to NAME.OFFSET, named for the stream's byte
 * that it begins with; when that is full a next one is begun, and the one before the last is removed. So there is a
 * head and a tail of a sixth to a third of the limit at any time, in order, whatever kills whom. A file ends with a
 * line where one ends within its last 4 KiB. At the end they are joined in NAME, with a line between them that says how
 * much was dropped. A file is made with the first byte.
 *
 * Where a byte could not be written, nothing after it is: NAME is then marked as cut, and whoever reads it says so. A
 * disk that is full takes no line about that, but the mark, a bit of the file's mode.
 */
#ifndef MUSTER_RUN_LOG_FILE_H
#define MUSTER_RUN_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_NAME_BYTES = 24 };

struct log_file {
	char name[LOG_NAME_BYTES];
	int directory; /* borrowed */
	int fd;        /* what is written now; -1: nothing came yet, or it is finished */
	int64_t limit;
	int64_t total;    /* bytes of the stream */
	int64_t room;     /* of the file that is written */
	int64_t head;     /* bytes of NAME; 0: it is written still */
	int64_t tails[2]; /* offsets at which they begin, the older one first; 0: not there */
};

/* NAME for a rank: "3.out", "3.err". */
void log_file_name(char name[static LOG_NAME_BYTES], uint32_t rank, bool is_error);

void log_file_init(struct log_file *log, int directory, const char *name, int64_t limit_bytes);

/* 0, or a negative errno: what is left of the bytes is lost then, and the log cut. */
int log_file_write(struct log_file *log, const char *bytes, size_t length);

/* Joins what there is. May be called again; zero-initialised or finished there is nothing to do. */
void log_file_finish(struct log_file *log);

/* The line that stands where bytes were dropped; returns its length. */
enum { LOG_GAP_BYTES = 96 };
int log_file_word_gap(char line[static LOG_GAP_BYTES], int64_t dropped);

/* The line that stands behind a log that was cut. */
#define LOG_CUT_LINE "\nmuster: output is lost from here on: it could not be written, as on a full disk\n"

/* By the descriptor of NAME. */
bool log_file_is_cut(int fd);

#endif
