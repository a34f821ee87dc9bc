/* SPDX-License-Identifier: MIT
 *
 * file_text: reading files that are small, or of which only the beginning is wanted, into memory of the caller. It
 * allocates nothing and may be used while ranks run.
 */
#ifndef MUSTER_BASE_FILE_TEXT_H
#define MUSTER_BASE_FILE_TEXT_H

#include <stddef.h>
#include <sys/types.h>

/* Reads on until the end, or until `size` bytes are there: /proc gives its files in pieces. How many, or -errno. */
ssize_t file_read(int fd, char *bytes, size_t size);

/* At most size - 1 bytes of the file, and a NUL behind them. How many there are, or -errno; `text` is then empty. Does
 * not wait for a FIFO's writer. */
ssize_t file_text_read(const char *path, char *text, size_t size);

#endif
