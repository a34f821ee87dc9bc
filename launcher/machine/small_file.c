/* SPDX-License-Identifier: MIT
 *
 * small_file: see small_file.h.
 */
#include "machine/small_file.h"

#include "base/file_text.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char *read_all(int fd)
{
	struct text text = {0};
	char piece[2048];
	for (;;) {
		ssize_t got = file_read(fd, piece, sizeof piece);
		if (got < 0) {
			text_finish(&text);
			return NULL;
		}
		text_add_bytes(&text, piece, (size_t)got);
		if (got == 0 || text.length >= SMALL_FILE_MAX)
			return text.bytes;
	}
}

char *small_file_read(const char *root, const char *path)
{
	struct text whole = {0};
	text_add(&whole, root);
	text_add(&whole, path);
	int fd = open(whole.bytes, O_RDONLY | O_CLOEXEC);
	text_finish(&whole);
	if (fd < 0)
		return NULL;
	char *bytes = read_all(fd);
	close(fd);
	return bytes;
}

char *small_file_read_line(const char *root, const char *path)
{
	char *line = small_file_read(root, path);
	if (line != NULL)
		line[strcspn(line, "\n")] = '\0';
	return line;
}
