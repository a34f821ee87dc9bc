/* SPDX-License-Identifier: MIT
 *
 * wait_in_vfork: a parent that the kernel holds in killable D state, because its vfork child neither execs nor exits
 * and ignores SIGTERM.
 */
#include "helper.h"

int main(void)
{
	helper_begin();
	signal(SIGTERM, SIG_IGN);
	pid_t child = vfork();
	if (child < 0)
		helper_give_up("vfork");
	if (child == 0) {
		alarm(HELPER_LIFE_S);
		helper_ready();
		helper_wait_forever();
	}
	return HELPER_WRONG;
}
