/* SPDX-License-Identifier: MIT
 *
 * exit_code: what muster exits with, as shells, timeout(1) and env(1) have it. muster-run(1), EXIT STATUS.
 */
#ifndef MUSTER_BASE_EXIT_CODE_H
#define MUSTER_BASE_EXIT_CODE_H

enum {
	EXIT_OK = 0,
	EXIT_TIME_LIMIT = 124,
	EXIT_MUSTER = 125, /* muster itself failed, or refused */
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL_BASE = 128, /* and the signal's number */
};

#endif
