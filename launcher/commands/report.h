/* SPDX-License-Identifier: MIT
 *
 * report: `muster report`.
 */
#ifndef MUSTER_COMMANDS_REPORT_H
#define MUSTER_COMMANDS_REPORT_H

/* argv[0] is "report". Returns the exit code. */
int command_report(int argc, char **argv);

#endif
