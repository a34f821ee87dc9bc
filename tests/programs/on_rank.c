/* SPDX-License-Identifier: MIT
 *
 * on_rank LIST COMMAND ARG... , OTHER ARG... : the ranks of LIST ("2" or "1,3") become COMMAND, all others OTHER.
 */
#include "helper.h"

static int is_listed(const char *list, int rank)
{
	const char *at = list;
	while (*at) {
		char *end;
		if (strtol(at, &end, 10) == rank)
			return 1;
		at = *end ? end + 1 : end;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int comma = 2;
	while (comma < argc && strcmp(argv[comma], ",") != 0)
		comma++;
	if (comma < 3 || comma + 1 >= argc)
		helper_give_up("usage: on_rank LIST COMMAND ARG... , OTHER ARG...");
	argv[comma] = NULL;
	char **command = is_listed(argv[1], helper_rank()) ? argv + 2 : argv + comma + 1;
	execvp(command[0], command);
	helper_give_up(command[0]);
	return HELPER_WRONG;
}
