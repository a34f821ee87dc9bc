/* SPDX-License-Identifier: MIT
 *
 * command_guess: what the user most likely meant by a command that cannot be executed: a line for a shell, a variable
 * before it, a script for its interpreter, a spec, a file that is not in PATH but here. Says it as a part of the error;
 * nothing is looked up.
 */
#ifndef MUSTER_RUN_COMMAND_GUESS_H
#define MUSTER_RUN_COMMAND_GUESS_H

#include <stddef.h>

/* For one that is not in PATH: ": write ./train", or nothing. `permission` is that of a file of its name where the rank
 * would run: 0, or why it cannot be executed. */
void command_guess(const char *command, int permission, char *hint, size_t size);

/* "python3" for "train.py", as other launchers start it; NULL: none is known. */
const char *command_interpreter(const char *command);

#endif
