/* SPDX-License-Identifier: MIT
 *
 * say_times COUNT INTERVAL_MS [stdout|stderr]: writes COUNT lines "stamp NANOSECONDS" of the monotonic clock, one every
 * INTERVAL_MS; then marks `said`. measure_delay reads them.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 3)
		helper_give_up("usage: say_times COUNT INTERVAL_MS [stdout|stderr]");
	int fd = argc > 3 && strcmp(argv[3], "stderr") == 0 ? 2 : 1;
	helper_ready();
	for (int i = 0; i < atoi(argv[1]); i++) {
		char line[64];
		int length = snprintf(line, sizeof(line), "stamp %lld\n", (long long)helper_now_ns());
		if (!helper_write_all(fd, line, (size_t)length))
			helper_give_up("write");
		helper_sleep_ms(atol(argv[2]));
	}
	helper_mark("said");
	return 0;
}
