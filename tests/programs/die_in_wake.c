/* SPDX-License-Identifier: MIT
 *
 * die_in_wake KILLER CODE WAKE_CODE MS: every rank reads a FIFO of the test that only rank KILLER holds open for
 * writing. KILLER exits with CODE once the gate opens; the others see the end of file in the same instant and, MS
 * milliseconds later, exit with WAKE_CODE, as programs do that lose their peer.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 5)
		helper_give_up("usage: die_in_wake KILLER CODE WAKE_CODE MS");
	if (helper_rank() == atoi(argv[1])) {
		int life = helper_open("life", O_WRONLY);
		if (life < 0)
			helper_give_up("life");
		helper_wait_gate();
		_exit(atoi(argv[2]));
	}
	int life = helper_open("life", O_RDONLY);
	char byte;
	if (life < 0)
		helper_give_up("life");
	helper_ready();
	while (read(life, &byte, 1) < 0 && errno == EINTR)
		;
	helper_sleep_ms(atol(argv[4]));
	_exit(atoi(argv[3]));
}
