/* SPDX-License-Identifier: MIT
 *
 * run_away MS [COUNT]: COUNT processes (1) that never stay: each forks a successor in a session of its own and exits,
 * again and again for at most MS milliseconds. The first process goes on waiting as the rank. Whoever lists processes
 * and then kills them finds each one gone already.
 */
#include "helper.h"

static void run(int64_t end_ns)
{
	helper_begin();
	while (helper_now_ns() < end_ns) {
		helper_sleep_ms(1);
		if (fork() != 0)
			_exit(0);
		setsid();
	}
	helper_mark("ran_away");
	_exit(0);
}

int main(int argc, char **argv)
{
	helper_begin();
	int64_t end_ns = helper_now_ns() + (argc > 1 ? atol(argv[1]) : 1000) * 1000000;
	for (int left = argc > 2 ? atoi(argv[2]) : 1; left > 0; left--) {
		pid_t runner = fork();
		if (runner < 0)
			helper_give_up("fork");
		if (runner == 0)
			run(end_ns);
	}
	helper_ready();
	helper_wait_forever();
	return 0;
}
