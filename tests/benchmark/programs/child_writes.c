/* SPDX-License-Identifier: MIT
 *
 * child_writes BYTES: a rank that writes lines of 100 bytes to standard output, 655 of them with each write().
 *
 * That is just under 64 KiB, the size of a pipe: a rank that writes as well as it can.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES  100
#define BLOCK_BYTES (655 * LINE_BYTES)

static char block[BLOCK_BYTES];

static void write_whole(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);

		if (written < 0 && errno != EINTR)
			err(1, "cannot write");
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
}

int main(int argc, char **argv)
{
	long long left = argc > 1 ? atoll(argv[1]) : 0;

	memset(block, 'x', sizeof block);
	for (size_t end = LINE_BYTES; end <= sizeof block; end += LINE_BYTES)
		block[end - 1] = '\n';
	for (; left > 0; left -= BLOCK_BYTES)
		write_whole(block, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES);
	return 0;
}
