/* SPDX-License-Identifier: MIT
 *
 * option_table: every option of `muster run` and `muster plan`, in the order in which the help shows them.
 */
#ifndef MUSTER_COMMANDS_OPTION_TABLE_H
#define MUSTER_COMMANDS_OPTION_TABLE_H

#include "commands/options.h"

#include <stddef.h>
#include <stdio.h>

enum option_action {
	OPTION_KEY,  /* lays a value over the spec's key */
	OPTION_PATH, /* the same for a path, which is relative to the current directory */
	OPTION_SINK, /* the same, but for the words terminal and null */
	OPTION_ENV,  /* a variable; its value is muster's own when none is written */
	OPTION_SET,  /* KEY=VALUE for any key */
	OPTION_REPORT,
	OPTION_REPORT_BINDINGS,
	OPTION_TOPOLOGY,
	OPTION_JSON,
	OPTION_SVG,
	OPTION_COLOR,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_HELP,
};

enum { FOR_RUN = 1 << OPTIONS_OF_RUN, FOR_PLAN = 1 << OPTIONS_OF_PLAN, FOR_BOTH = FOR_RUN | FOR_PLAN };

struct option_row {
	char letter; /* "-n"; 0: none */
	const char *name;
	const char *alias;   /* another long name, or NULL */
	const char *operand; /* what its value is called in the help; NULL: takes none */
	unsigned users; /* whose help shows it; plan takes run's, so that "run" can be changed to "plan" in a command */
	enum option_action action;
	const char *key;   /* OPTION_KEY, OPTION_PATH, OPTION_SINK, OPTION_ENV */
	const char *fixed; /* the value that it stands for, when it takes none, or is given none that it may take */
	const char *help;
	const char *group; /* heading above this row; NULL: as before */
};

extern const struct option_row option_table[];
extern const size_t option_table_count;

/* By its name or alias without dashes, of `length` bytes, in which "_" is "-"; by its letter. NULL: there is none. */
const struct option_row *option_find_long(const char *typed, size_t length);
const struct option_row *option_find_letter(char letter);

/* The help text of `muster run` or `muster plan`: usage, and the rows that are for it. */
void option_table_print_help(enum option_user user, FILE *to);

#endif
