/* SPDX-License-Identifier: MIT
 *
 * beyond_reach: installed set-user-ID root and started by another user, it becomes root in every respect, so that who
 * started it may not send it a signal: as near as a test comes to a process that cannot be killed.
 */
#include "helper.h"

int main(void)
{
	if (setresuid(0, 0, 0) < 0)
		helper_give_up("setresuid");
	helper_begin();
	helper_ready();
	helper_wait_forever();
}
