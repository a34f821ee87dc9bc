/* SPDX-License-Identifier: MIT
 *
 * finish_in_handler MS [CODE] [stopped]: its SIGTERM handler takes MS milliseconds of work, marks `finished` and exits
 * with CODE. With `stopped` it stops itself first, so that only a SIGCONT lets the handler run.
 */
#include "helper.h"

static long work_ms;
static int exit_code;

static void finish(int number)
{
	(void)number;
	helper_mark("asked");
	helper_sleep_ms(work_ms);
	helper_mark("finished");
	_exit(exit_code);
}

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 2)
		helper_give_up("usage: finish_in_handler MS [CODE] [stopped]");
	work_ms = atol(argv[1]);
	exit_code = argc > 2 ? atoi(argv[2]) : 0;
	signal(SIGTERM, finish);
	helper_ready();
	if (argc > 3)
		kill(getpid(), SIGSTOP);
	helper_wait_forever();
}
