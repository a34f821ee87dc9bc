/* SPDX-License-Identifier: MIT
 *
 * check: the subcommand `muster check`. argv[0] is its name; returns the exit code.
 */
#ifndef MUSTER_COMMANDS_CHECK_H
#define MUSTER_COMMANDS_CHECK_H

int command_check(int argc, char **argv);

#endif
