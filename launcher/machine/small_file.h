/* SPDX-License-Identifier: MIT
 *
 * small_file: the whole of a file of /proc or /sys as one string.
 *
 * Every reader of this room goes through here with a root directory in front ("" for the real machine), so that tests
 * can make a tree of their own.
 */
#ifndef MUSTER_MACHINE_SMALL_FILE_H
#define MUSTER_MACHINE_SMALL_FILE_H

#define SMALL_FILE_MAX (16u << 20) /* more is cut: nothing that is read here is as long */

/* The text of root/path with a NUL behind it, to be freed; NULL where it cannot be read. */
char *small_file_read(const char *root, const char *path);

/* Its first line only, without the end of line. */
char *small_file_read_line(const char *root, const char *path);

#endif
