/* SPDX-License-Identifier: MIT
 *
 * kill_everybody SIGNAL: once the gate opens, sends SIGNAL to every process that it may send one to, as a shell script
 * with a wrong variable does. Refuses to where process 1 is not muster: everybody must be the job, not the machine.
 */
#include "helper.h"

#include <stdbool.h>

static bool is_alone_with_muster(void)
{
	char name[32] = "";
	int fd = open("/proc/1/comm", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
	close(fd);
	return got > 0 && strncmp(name, "muster", strlen("muster")) == 0;
}

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 2)
		helper_give_up("usage: kill_everybody SIGNAL");
	if (!is_alone_with_muster())
		helper_give_up("process 1 is not muster");
	helper_wait_gate();
	kill(-1, helper_signal_number(argv[1]));
	helper_wait_forever();
}
