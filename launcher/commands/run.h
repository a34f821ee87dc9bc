/* SPDX-License-Identifier: MIT
 *
 * run: the subcommand `muster run`. argv[0] is its name; returns the exit code.
 */
#ifndef MUSTER_COMMANDS_RUN_H
#define MUSTER_COMMANDS_RUN_H

int command_run(int argc, char **argv);

#endif
