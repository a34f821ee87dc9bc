/* SPDX-License-Identifier: MIT
 *
 * count_signals: counts SIGUSR1, SIGUSR2 and SIGCONT and, at SIGTERM, prints "USR1 n USR2 n CONT n" and exits 0.
 * Each one that arrives is also marked (`got_USR1.RANK` ...), so that a test need not guess when.
 */
#include "helper.h"

static volatile sig_atomic_t usr1, usr2, cont, asked;

static void note(int number)
{
	if (number == SIGUSR1) {
		usr1++;
		helper_mark("got_USR1");
	} else if (number == SIGUSR2) {
		usr2++;
		helper_mark("got_USR2");
	} else if (number == SIGCONT) {
		cont++;
		helper_mark("got_CONT");
	} else {
		asked = 1;
	}
}

int main(void)
{
	static const int counted[] = {SIGUSR1, SIGUSR2, SIGCONT, SIGTERM};
	sigset_t blocked, open;
	helper_begin();
	sigemptyset(&blocked);
	sigemptyset(&open);
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		struct sigaction action = {.sa_handler = note};
		sigaction(counted[i], &action, NULL);
		sigaddset(&blocked, counted[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	helper_ready();
	while (!asked)
		sigsuspend(&open);
	printf("USR1 %d USR2 %d CONT %d\n", (int)usr1, (int)usr2, (int)cont);
	return 0;
}
