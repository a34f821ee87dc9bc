/* SPDX-License-Identifier: MIT
 *
 * log_reader: reads what run/log_file writes, while it is written or after: the head, what there is of the tail, and a
 * line where bytes were dropped, and one where the log was cut.
 */
#ifndef MUSTER_JOB_LOG_READER_H
#define MUSTER_JOB_LOG_READER_H

#include "run/log_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_reader {
	int directory; /* borrowed */
	char name[LOG_NAME_BYTES];
	int64_t offset;   /* in the stream: what comes next */
	int64_t head_end; /* -1: no tail was seen as yet */
	bool told_cut;
};

typedef void log_piece(void *context, const char *bytes, size_t length);

void log_reader_init(struct log_reader *reader, int directory, const char *name);

/* Hands on what has come since the last time. */
void log_reader_pump(struct log_reader *reader, log_piece *piece, void *context);

#endif
