/* SPDX-License-Identifier: MIT
 *
 * ps: `muster ps`.
 */
#ifndef MUSTER_COMMANDS_PS_H
#define MUSTER_COMMANDS_PS_H

/* argv[0] is "ps". Returns the exit code. */
int command_ps(int argc, char **argv);

#endif
