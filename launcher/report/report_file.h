/* SPDX-License-Identifier: MIT
 *
 * report_file: puts a document where the user wants it. A regular file appears whole or not at all: it is written
 * beside its place and renamed. What is not a regular file (/dev/stdout, a FIFO, a terminal) is written plainly, and
 * a reader that does not read is not waited for longer than ten seconds. "-" is standard output. A symbolic link stays
 * one: what it points to is written, see link_target.h.
 */
#ifndef MUSTER_REPORT_REPORT_FILE_H
#define MUSTER_REPORT_REPORT_FILE_H

#include <stddef.h>

struct error;

/* Could it be written there? Asked before anything is started, so that a job does not run for nothing. `what` it is
 * stands in the words of an error: "the report". */
int report_file_check(const char *what, const char *path, struct error *err);

/* Who has SIGPIPE ignored is told of a reader that went away. */
int report_file_write(const char *what, const char *path, const char *bytes, size_t length, struct error *err);

#endif
