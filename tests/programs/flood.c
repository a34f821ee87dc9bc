/* SPDX-License-Identifier: MIT
 *
 * flood BYTES [LINE_LENGTH] [stdout|stderr] [CODE]: writes BYTES as lines of LINE_LENGTH bytes (newline included) in
 * writes of up to 64 KiB, as fast as they are taken, marks `flooded` and exits with CODE. LINE_LENGTH 0: one line.
 */
#include "helper.h"

#define BLOCK_MAX 65536

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 2)
		helper_give_up("usage: flood BYTES [LINE_LENGTH] [stdout|stderr] [CODE]");
	long long bytes = atoll(argv[1]);
	long line_length = argc > 2 ? atol(argv[2]) : 100;
	int fd = argc > 3 && strcmp(argv[3], "stderr") == 0 ? 2 : 1;
	int code = argc > 4 ? atoi(argv[4]) : 0;
	static char block[BLOCK_MAX];
	memset(block, 'f', sizeof(block));
	long long at = 0; /* where in the stream the block begins */
	helper_ready();
	while (at < bytes) {
		long long length = bytes - at < BLOCK_MAX ? bytes - at : BLOCK_MAX;
		if (line_length > 0)
			for (long i = 0; i < length; i++)
				block[i] = (at + i) % line_length == line_length - 1 ? '\n' : 'f';
		if (at + length == bytes)
			block[length - 1] = '\n';
		if (!helper_write_all(fd, block, (size_t)length))
			helper_give_up("write");
		at += length;
	}
	helper_mark("flooded");
	return code;
}
