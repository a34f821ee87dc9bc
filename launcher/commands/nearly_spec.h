/* SPDX-License-Identifier: MIT
 *
 * nearly_spec: a spec whose name does not say so is taken for a command, which cannot be executed.
 */
#ifndef MUSTER_COMMANDS_NEARLY_SPEC_H
#define MUSTER_COMMANDS_NEARLY_SPEC_H

struct error;

/* Adds to the error that the command of the command line cannot be executed how a spec is named, where its file looks
 * like one. */
void nearly_spec_hint(const char *command, struct error *err);

#endif
