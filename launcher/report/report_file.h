/* SPDX-License-Identifier: MIT
 *
 * report_file: puts a document where the user wants it. A regular file appears whole or not at all: it is written
 * beside its place and renamed. What is not a regular file (/dev/stdout, a FIFO, a terminal) is written plainly, and
 * a reader that does not read is not waited for longer than ten seconds. "-" is standard output.
 */
#ifndef MUSTER_REPORT_REPORT_FILE_H
#define MUSTER_REPORT_REPORT_FILE_H

#include <stddef.h>

struct error;

/* Could it be written there? Asked before anything is started, so that a job does not run for nothing. */
int report_file_check(const char *path, struct error *err);

/* The caller has SIGPIPE ignored. */
int report_file_write(const char *path, const char *bytes, size_t length, struct error *err);

#endif
