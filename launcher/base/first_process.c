/* SPDX-License-Identifier: MIT
 *
 * first_process: see first_process.h.
 */
#include "base/first_process.h"

#include "base/exit_code.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

bool first_process_is_this(void)
{
	return getpid() == 1;
}

static void end(int number)
{
	_exit(EXIT_SIGNAL_BASE + number);
}

/* One that is ignored on purpose, by nohup, stays so. */
void first_process_mind_signals(void)
{
	struct sigaction action;
	for (size_t i = 0; first_process_is_this() && i < sizeof ending / sizeof *ending; i++) {
		if (sigaction(ending[i], NULL, &action) < 0 || action.sa_handler != SIG_DFL)
			continue;
		action = (struct sigaction){.sa_handler = end};
		sigaction(ending[i], &action, NULL);
	}
}
