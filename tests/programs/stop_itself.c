/* SPDX-License-Identifier: MIT
 *
 * stop_itself: says that it is ready and stops (SIGSTOP); it ignores SIGTERM once somebody continues it.
 */
#include "helper.h"

int main(void)
{
	helper_begin();
	signal(SIGTERM, SIG_IGN);
	helper_ready();
	kill(getpid(), SIGSTOP);
	helper_wait_forever();
}
