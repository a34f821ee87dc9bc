/* SPDX-License-Identifier: MIT
 *
 * measure_delay: reads to the end of its stdin as fast as it comes and prints how many bytes there were, how many
 * lines of say_times, and the longest and mean time that one was on its way.
 */
#include "helper.h"

#define BLOCK 1048576
#define CARRY 128 /* longer than a stamp with its label */

static long long longest_ns, sum_ns, stamps;

static void look_for_stamps(const char *bytes, size_t length, int64_t now_ns)
{
	const char *at = bytes, *end = bytes + length;
	while ((at = memmem(at, (size_t)(end - at), "stamp ", 6)) != NULL) {
		at += 6;
		int64_t delay_ns = now_ns - strtoll(at, NULL, 10);
		longest_ns = delay_ns > longest_ns ? delay_ns : longest_ns;
		sum_ns += delay_ns;
		stamps++;
	}
}

/* The bytes after the last newline of the block, when they may be the first half of a stamp. */
static size_t unfinished(const char *bytes, size_t length)
{
	const char *newline = memrchr(bytes, '\n', length);
	size_t tail = newline ? length - (size_t)(newline + 1 - bytes) : length;
	return tail < CARRY ? tail : 0;
}

int main(void)
{
	helper_begin();
	static char block[CARRY + BLOCK + 1];
	size_t carried = 0;
	long long bytes = 0;
	for (;;) {
		ssize_t got = read(0, block + carried, BLOCK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		int64_t now_ns = helper_now_ns();
		bytes += got;
		size_t length = carried + (size_t)got;
		size_t tail = unfinished(block, length);
		block[length] = '\0';
		look_for_stamps(block, length - tail, now_ns);
		memmove(block, block + length - tail, tail);
		carried = tail;
	}
	printf("bytes %lld stamps %lld longest_us %lld mean_us %lld\n", bytes, stamps, longest_ns / 1000,
	       stamps > 0 ? sum_ns / stamps / 1000 : 0);
	return 0;
}
