/* SPDX-License-Identifier: MIT
 *
 * command_guess: what the user most likely meant by a command that cannot be executed: a line for a shell, a variable
 * before it, a script for its interpreter, a spec, a file that is not in PATH but here. Says it as a part of the error;
 * nothing is looked up.
 */
#ifndef MUSTER_RUN_COMMAND_GUESS_H
#define MUSTER_RUN_COMMAND_GUESS_H

#include <stdbool.h>
#include <stddef.h>

/* For one that is not in PATH: ": write ./train", or nothing. */
void command_guess(const char *command, bool is_here, char *hint, size_t size);

/* "python3" for "train.py", as other launchers start it; NULL: none is known. */
const char *command_interpreter(const char *command);

#endif
