/* SPDX-License-Identifier: MIT
 *
 * resist_term ignored|blocked [CODE]: ignores or blocks all that can be ignored or blocked, then waits; only SIGKILL
 * ends it. With CODE it exits with that when the gate opens.
 */
#include "helper.h"

int main(int argc, char **argv)
{
	helper_begin();
	sigset_t all;
	sigfillset(&all);
	sigdelset(&all, SIGALRM);
	if (argc > 1 && strcmp(argv[1], "blocked") == 0)
		sigprocmask(SIG_BLOCK, &all, NULL);
	else
		for (int number = 1; number < NSIG; number++)
			if (number != SIGALRM)
				signal(number, SIG_IGN);
	if (argc > 2) {
		helper_wait_gate();
		return atoi(argv[2]);
	}
	helper_ready();
	helper_wait_forever();
}
