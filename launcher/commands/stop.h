/* SPDX-License-Identifier: MIT
 *
 * stop: `muster stop`.
 */
#ifndef MUSTER_COMMANDS_STOP_H
#define MUSTER_COMMANDS_STOP_H

/* argv[0] is "stop". Returns the exit code. */
int command_stop(int argc, char **argv);

#endif
