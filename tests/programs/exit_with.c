/* SPDX-License-Identifier: MIT
 *
 * exit_with CODE [gate]: exits with CODE, at once or when the gate opens. CODE "rank+N" is N more than its rank.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	if (argc < 2)
		helper_give_up("usage: exit_with CODE [gate]");
	if (argc > 2)
		helper_wait_gate();
	if (strncmp(argv[1], "rank+", 5) == 0)
		return helper_rank() + atoi(argv[1] + 5);
	return atoi(argv[1]);
}
