/* SPDX-License-Identifier: MIT
 *
 * kill_everybody SIGNAL: once the gate opens, sends SIGNAL to every process that it may send one to, as a shell script
 * with a wrong variable does.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 2)
		helper_give_up("usage: kill_everybody SIGNAL");
	helper_wait_gate();
	kill(-1, helper_signal_number(argv[1]));
	helper_wait_forever();
}
