/* SPDX-License-Identifier: MIT
 *
 * logs: `muster logs`.
 */
#ifndef MUSTER_COMMANDS_LOGS_H
#define MUSTER_COMMANDS_LOGS_H

/* argv[0] is "logs". Returns the exit code. */
int command_logs(int argc, char **argv);

#endif
