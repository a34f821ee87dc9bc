/* SPDX-License-Identifier: MIT
 *
 * count_stdin [BYTES_PER_MS]: reads its stdin to the end, at most that fast, and prints "stdin BYTES SUM" with the sum
 * of (position + 1) * byte over all of them, modulo 2^64: any byte lost, doubled or moved changes it.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	static unsigned char block[65536];
	long pace = argc > 1 ? atol(argv[1]) : 0;
	uint64_t bytes = 0, sum = 0;
	helper_begin();
	helper_ready();
	for (;;) {
		ssize_t got = read(0, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			helper_give_up("read");
		if (got == 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			sum += ++bytes * block[i];
		if (pace > 0)
			helper_sleep_ms(got / pace);
	}
	printf("stdin %llu %llu\n", (unsigned long long)bytes, (unsigned long long)sum);
	return 0;
}
