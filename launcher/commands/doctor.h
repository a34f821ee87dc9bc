/* SPDX-License-Identifier: MIT
 *
 * doctor: `muster doctor`.
 */
#ifndef MUSTER_COMMANDS_DOCTOR_H
#define MUSTER_COMMANDS_DOCTOR_H

/* argv[0] is "doctor". Returns the exit code. */
int command_doctor(int argc, char **argv);

#endif
