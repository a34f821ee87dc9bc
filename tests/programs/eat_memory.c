/* SPDX-License-Identifier: MIT
 *
 * eat_memory MIB [gate]: touches MIB mebibytes, one after another, then waits; it makes itself the first choice of the
 * out-of-memory killer, unless it was given a `score` of its own.
 */
#include "helper.h"

#include <sys/mman.h>

#define MIB 1048576

int main(int argc, char **argv)
{
	helper_begin();
	if (argc > 2)
		helper_wait_gate();
	else
		helper_ready();
	for (long i = 0; i < (argc > 1 ? atol(argv[1]) : 1); i++) {
		char *block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (block == MAP_FAILED)
			helper_give_up("mmap");
		memset(block, 1, MIB);
	}
	helper_mark("ate");
	helper_wait_forever();
}
