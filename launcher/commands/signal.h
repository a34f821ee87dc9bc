/* SPDX-License-Identifier: MIT
 *
 * signal: `muster signal`.
 */
#ifndef MUSTER_COMMANDS_SIGNAL_H
#define MUSTER_COMMANDS_SIGNAL_H

/* argv[0] is "signal". Returns the exit code. */
int command_signal(int argc, char **argv);

#endif
