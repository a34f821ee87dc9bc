/* SPDX-License-Identifier: MIT
 *
 * change_group group|session: leaves the process group that it was started in for one of its child, and with `session`
 * the session too; then resists SIGTERM.
 */
#include "helper.h"

static void rest(void)
{
	helper_begin();
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	helper_ready();
	helper_wait_forever();
}

int main(int argc, char **argv)
{
	helper_begin();
	pid_t child = fork();
	if (child < 0)
		helper_give_up("fork");
	if (child == 0) {
		setpgid(0, 0);
		rest();
	}
	setpgid(child, child);
	if (setpgid(0, child) < 0)
		helper_give_up("setpgid");
	if (argc > 1 && strcmp(argv[1], "session") == 0 && setsid() < 0)
		helper_give_up("setsid");
	rest();
}
