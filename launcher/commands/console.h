/* SPDX-License-Identifier: MIT
 *
 * console: how subcommands speak to their user: the one place where errors are printed, and whether in colours.
 */
#ifndef MUSTER_COMMANDS_CONSOLE_H
#define MUSTER_COMMANDS_CONSOLE_H

#include "base/exit_code.h"
#include "commands/options.h"

#include <jansson.h>
#include <stdbool.h>

struct diagnostics;
struct error;
struct job_spec;

/* "muster: TEXT", or "muster: KEY: TEXT", on stderr, waiting for a reader no longer than a moment; returns `exit_code`.
 */
int console_tell(const struct error *err, int exit_code);

/* The same of an error that was found with a spec: with the place of the key that it is about (spec_error.h). */
int console_tell_of(const struct job_spec *spec, const struct error *err, int exit_code);

/* The end of a command, whatever it printed: `exit_code`, or EXIT_MUSTER with the reason when standard output did not
 * take it. */
int console_finish(int exit_code);

/* All that is wrong with a spec, on stderr. */
void console_tell_diagnostics(const struct diagnostics *diagnostics);

/* On stdout, laid out by `layout` (JSON_INDENT, JSON_COMPACT); numbers with the digits that were measured. */
void console_print_json(const json_t *document, size_t layout);

/* The text of a member as a table shows it; "-" where there is none. */
const char *console_member(const json_t *object, const char *member);

/* Colours on this descriptor? As --color says; of itself on a terminal that has them, unless NO_COLOR is set. */
bool console_wants_colour(enum color_when when, int fd);

#endif
