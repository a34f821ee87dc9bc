/* SPDX-License-Identifier: MIT
 *
 * status: `muster status`.
 */
#ifndef MUSTER_COMMANDS_STATUS_H
#define MUSTER_COMMANDS_STATUS_H

/* argv[0] is "status". Returns the exit code. */
int command_status(int argc, char **argv);

#endif
