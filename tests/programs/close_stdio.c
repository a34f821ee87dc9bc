/* SPDX-License-Identifier: MIT
 *
 * close_stdio CODE: closes its stdin, stdout and stderr, says that it is ready, waits for the gate, exits with CODE.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	close(0);
	close(1);
	close(2);
	helper_wait_gate();
	return argc > 1 ? atoi(argv[1]) : 0;
}
