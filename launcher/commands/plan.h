/* SPDX-License-Identifier: MIT
 *
 * plan: the subcommand `muster plan`. argv[0] is its name; returns the exit code.
 */
#ifndef MUSTER_COMMANDS_PLAN_H
#define MUSTER_COMMANDS_PLAN_H

int command_plan(int argc, char **argv);

#endif
