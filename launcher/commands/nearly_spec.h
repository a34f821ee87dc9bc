/* SPDX-License-Identifier: MIT
 *
 * nearly_spec: a spec whose name does not say so is taken for a command, which cannot be executed.
 */
#ifndef MUSTER_COMMANDS_NEARLY_SPEC_H
#define MUSTER_COMMANDS_NEARLY_SPEC_H

struct error;

/* Adds to the error that the command of the command line cannot be executed how a spec is named, where the file that
 * was found for it looks like one. NULL: none was. */
void nearly_spec_hint(const char *path, struct error *err);

#endif
