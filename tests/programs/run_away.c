/* SPDX-License-Identifier: MIT
 *
 * run_away MS: a process that never stays: it forks a successor in a session of its own and exits, again and again for
 * at most MS milliseconds. The first one goes on waiting as the rank. Whoever lists processes and then kills them finds
 * each one gone already.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	int64_t end_ns = helper_now_ns() + (argc > 1 ? atol(argv[1]) : 1000) * 1000000;
	pid_t first = fork();
	if (first < 0)
		helper_give_up("fork");
	if (first > 0) {
		helper_ready();
		helper_wait_forever();
	}
	helper_begin();
	while (helper_now_ns() < end_ns) {
		helper_sleep_ms(1);
		if (fork() != 0)
			_exit(0);
		setsid();
	}
	helper_mark("ran_away");
	return 0;
}
