/* SPDX-License-Identifier: MIT
 *
 * count_stdin [BYTES_PER_MS]: reads its stdin to the end, at most that fast, and prints "stdin BYTES CRC" with the
 * CRC-32 of all of them, as zlib counts it: any byte lost, doubled or moved changes it.
 */
#include "helper.h"

static uint32_t table[256];

static void fill_table(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t value = byte;
		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? 0xedb88320u ^ (value >> 1) : value >> 1;
		table[byte] = value;
	}
}

int main(int argc, char **argv)
{
	static unsigned char block[65536];
	long pace = argc > 1 ? atol(argv[1]) : 0;
	uint64_t bytes = 0;
	uint32_t crc = 0xffffffffu;
	helper_begin();
	fill_table();
	helper_ready();
	for (;;) {
		ssize_t got = read(0, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			helper_give_up("read");
		if (got == 0)
			break;
		bytes += (uint64_t)got;
		for (ssize_t i = 0; i < got; i++)
			crc = table[(crc ^ block[i]) & 0xff] ^ (crc >> 8);
		if (pace > 0)
			helper_sleep_ms(got / pace);
	}
	printf("stdin %llu %lu\n", (unsigned long long)bytes, (unsigned long)(crc ^ 0xffffffffu));
	return 0;
}
