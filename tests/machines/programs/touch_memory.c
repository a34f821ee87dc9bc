/* SPDX-License-Identifier: MIT
 *
 * touch_memory: a process that really uses as many MiB as it is told to, says so, and exits 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	size_t mebibytes = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t bytes = mebibytes << 20;
	char *memory = malloc(bytes);

	if (mebibytes == 0 || memory == NULL) {
		fprintf(stderr, "usage: touch_memory MEBIBYTES\n");
		free(memory);
		return 2;
	}
	for (size_t i = 0; i < bytes; i += 4096)
		*(volatile char *)&memory[i] = 1;
	printf("touched %zu MiB\n", mebibytes);
	free(memory);
	return 0;
}
