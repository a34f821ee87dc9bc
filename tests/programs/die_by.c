/* SPDX-License-Identifier: MIT
 *
 * die_by SIGNAL [gate]: is killed by SIGNAL, at once or when the gate opens; SEGV by a real wild write, ABRT by
 * abort().
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 2)
		helper_give_up("usage: die_by SIGNAL [gate]");
	if (argc > 2)
		helper_wait_gate();
	int number = helper_signal_number(argv[1]);
	if (number == SIGABRT)
		abort();
	if (number == SIGSEGV) {
		volatile uintptr_t nowhere = 8;
		*(volatile int *)nowhere = 1;
	}
	kill(getpid(), number);
	helper_sleep_ms(1000);
	return HELPER_WRONG;
}
