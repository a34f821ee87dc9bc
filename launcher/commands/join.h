/* SPDX-License-Identifier: MIT
 *
 * join: `muster join`.
 */
#ifndef MUSTER_COMMANDS_JOIN_H
#define MUSTER_COMMANDS_JOIN_H

/* argv[0] is "join". Returns the exit code. */
int command_join(int argc, char **argv);

#endif
