/* SPDX-License-Identifier: MIT
 *
 * options: the command line of `muster run` and `muster plan`. One table of options gives the parser, the help text
 * and, through the table of keys, the values that lie over the spec.
 *
 * Parsing stops at the first argument that is no option, and at "--". That argument is a spec when it ends in .yaml or
 * .yml or is "-"; otherwise it is the command. After a spec, "-- ARG..." is appended to the spec's command.
 */
#ifndef MUSTER_COMMANDS_OPTIONS_H
#define MUSTER_COMMANDS_OPTIONS_H

#include "base/arena.h"
#include "spec/overrides.h"

#include <stdbool.h>
#include <stdint.h>

struct diagnostics;
struct error;
struct job_spec;

enum option_user { OPTIONS_OF_RUN, OPTIONS_OF_PLAN };
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct run_options {
	struct arena arena;    /* owns the overrides; other texts are borrowed from argv */
	const char *spec_path; /* "-" for standard input; NULL: a bare command */
	char **command;        /* the command, or after a spec the arguments to append; NULL-terminated */
	struct override *overrides;
	uint32_t override_count;
	uint32_t override_capacity;
	const char *report_path;
	bool report_bindings;
	bool quiet;
	int verbosity;         /* how often -v was given */
	enum color_when color; /* NO_COLOR and whether it is a terminal are for the reader of it */
	const char *topology;  /* of plan only, as the next two */
	bool json;
	const char *svg_path;
	bool help; /* asked for: nothing else was looked at */
};

/* argv[0] is the subcommand's name. Returns 0, or -EINVAL with the error; `options` is then empty. */
int run_options_parse(struct run_options *options, enum option_user user, int argc, char **argv, struct error *err);
void run_options_finish(struct run_options *options);

/* Whether the first positional argument is a spec, "-" for one on standard input; otherwise it is a command. */
bool is_spec_name(const char *argument);

/* The file or the command, then the overrides, then the checks: 0, or -EINVAL with diagnostics. */
int job_spec_load(struct job_spec *spec, const struct run_options *options, struct diagnostics *diagnostics);

#endif
