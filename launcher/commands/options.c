/* SPDX-License-Identifier: MIT
 *
 * options: see options.h. What a value of an option means is not looked at here: it is laid over the spec later, and
 * what is wrong with it is then told together with everything else that is wrong.
 */
#include "commands/options.h"

#include "base/error.h"
#include "commands/option_table.h"
#include "commands/unknown_option.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/shown.h"
#include "spec/spec_parse.h"
#include "spec/units.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command_line {
	struct run_options *options;
	enum option_user user;
	char **next;       /* the argument to look at; NULL-terminated */
	const char *typed; /* the option that is being read: "-n", "--nprocs" */
	struct error *err;
};

static struct override *add_override(struct command_line *line, enum override_kind kind, const struct option_row *row,
                                     const char *value)
{
	struct run_options *options = line->options;
	struct override added = {.kind = kind, .option = line->typed, .key = row->key, .value = value};
	if (options->override_count == options->override_capacity) {
		uint32_t capacity = options->override_capacity == 0 ? 8 : options->override_capacity * 2;
		struct override *more = arena_alloc_array(&options->arena, capacity, sizeof *more);
		if (options->override_count > 0)
			memcpy(more, options->overrides, options->override_count * sizeof *more);
		options->overrides = more;
		options->override_capacity = capacity;
	}
	options->overrides[options->override_count] = added;
	return &options->overrides[options->override_count++];
}

/* In a pattern a percent sign is written twice. */
static char *as_pattern(struct arena *arena, const char *path)
{
	char *pattern = arena_alloc(arena, 2 * strlen(path) + 1), *to = pattern;
	for (; *path != '\0'; path++) {
		*to++ = *path;
		if (*path == '%')
			*to++ = '%';
	}
	return pattern;
}

/* A path of the command line is relative to where the user is, not to where the spec is. */
static int take_path(struct command_line *line, const struct option_row *row, const char *value)
{
	struct run_options *options = line->options;
	if (value[0] == '/' || value[0] == '\0') {
		add_override(line, OVERRIDE_TEXT, row, value);
		return 0;
	}
	char *here = getcwd(NULL, 0);
	if (here == NULL)
		return error_set(line->err, -EINVAL, "%s %s: cannot tell the current directory: %s", line->typed,
		                 SHOWN(value), strerror(errno));
	const char *before = row->action == OPTION_SINK ? as_pattern(&options->arena, here) : here;
	add_override(line, OVERRIDE_TEXT, row, arena_format(&options->arena, "%s/%s", before, value))->typed = value;
	free(here);
	return 0;
}

/* "-x NAME" passes on what muster itself has. */
static int take_variable(struct command_line *line, const struct option_row *row, const char *value)
{
	struct run_options *options = line->options;
	if (value[0] == '\0')
		return error_set(line->err, -EINVAL, "%s: its value is empty; write NAME or NAME=VALUE", line->typed);
	const char *own = strchr(value, '=') != NULL ? "" : getenv(value);
	if (own == NULL && strchr(value, ',') != NULL)
		return error_set(line->err, -EINVAL, "%s %s: write %s NAME once for each variable", line->typed,
		                 SHOWN(value), line->typed);
	if (own == NULL)
		return error_set(line->err, -EINVAL,
		                 "%s %s: it is not set in muster's own environment; write %s=VALUE to set it",
		                 line->typed, SHOWN(value), SHOWN(value));
	if (strchr(value, '=') == NULL)
		value = arena_format(&options->arena, "%s=%s", value, own);
	add_override(line, OVERRIDE_ENV, row, value);
	return 0;
}

static int take_color(struct command_line *line, const char *value)
{
	static const struct choice when[] = {
		{"auto", COLOR_AUTO}, {"always", COLOR_ALWAYS}, {"never", COLOR_NEVER}, {0}};
	int64_t found;
	if (choice_parse(value, when, &found, line->err) < 0)
		return error_prefix(line->err, "--color");
	line->options->color = (enum color_when)found;
	return 0;
}

/* "FOO=1", and no path. */
static bool is_variable(const char *value)
{
	size_t name = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	return name > 0 && value[name] == '=' && strchr(value, '/') == NULL;
}

static int take_sink(struct command_line *line, const struct option_row *row, const char *value)
{
	if (value[0] == '\0')
		return error_set(line->err, -EINVAL, "%s: its value is empty; write terminal, null, or a path pattern",
		                 line->typed);
	if (strcmp(line->typed, "-e") == 0 && is_variable(value)) /* as docker has it */
		return error_set(line->err, -EINVAL, "-e names the file for standard error; for a variable write -x %s",
		                 SHOWN(value));
	if (strcmp(value, "terminal") != 0 && strcmp(value, "null") != 0 && strcmp(value, "-") != 0)
		return take_path(line, row, value);
	add_override(line, OVERRIDE_WORD, row, value);
	return 0;
}

static int take_file(struct command_line *line, const char *value, const char **member)
{
	if (value[0] == '\0')
		return error_set(line->err, -EINVAL, "%s: the text must not be empty", line->typed);
	*member = value;
	return 0;
}

/* Unquoted and empty is null in YAML; on a command line it is mostly a variable of a script that is not set. */
static int take_word(struct command_line *line, const struct option_row *row, const char *value)
{
	if (value[0] == '\0')
		return error_set(line->err, -EINVAL, "%s: its value is empty", line->typed);
	add_override(line, OVERRIDE_WORD, row, value);
	return 0;
}

/* One option with its value, or with what it stands for. */
static int take_option(struct command_line *line, const struct option_row *row, const char *value)
{
	struct run_options *options = line->options;
	switch (row->action) {
	case OPTION_KEY:
		return take_word(line, row, value);
	case OPTION_PATH:
		return take_path(line, row, value);
	case OPTION_SINK:
		return take_sink(line, row, value);
	case OPTION_ENV:
		return take_variable(line, row, value);
	case OPTION_SET:
		add_override(line, OVERRIDE_SET, row, value);
		return 0;
	case OPTION_REPORT:
		return take_file(line, value, &options->report_path);
	case OPTION_TOPOLOGY:
		return take_file(line, value, &options->topology);
	case OPTION_SVG:
		return take_file(line, value, &options->svg_path);
	case OPTION_COLOR:
		return take_color(line, value);
	case OPTION_REPORT_BINDINGS:
		options->report_bindings = true;
		return 0;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_QUIET:
		options->quiet = true;
		return 0;
	case OPTION_VERBOSE:
		options->verbosity++;
		return 0;
	case OPTION_HELP:
		options->help = true;
		return 0;
	}
	return 0;
}

static bool is_known(const struct command_line *line, const struct option_row *row)
{
	return row != NULL && (row->users & (line->user == OPTIONS_OF_RUN ? FOR_RUN : FOR_BOTH)) != 0;
}

/* Whether the command would read the word as options: "--nprocs=2", "-n", "-qn2", but neither "-" nor "-3". */
static bool is_option(const struct command_line *line, const char *word)
{
	if (word[0] != '-' || word[1] == '\0')
		return false;
	if (word[1] == '-')
		return word[2] == '\0' || is_known(line, option_find_long(word + 2, strcspn(word + 2, "=")));
	for (const char *at = word + 1; *at != '\0'; at++) {
		const struct option_row *row = option_find_letter(*at);
		if (!is_known(line, row))
			return false;
		if (row->operand != NULL)
			break;
	}
	return true;
}

static int check_user(struct command_line *line, const struct option_row *row)
{
	if (!is_known(line, row))
		return error_set(line->err, -EINVAL, "--%s is an option of muster plan, not of muster run", row->name);
	return 0;
}

/* `value` is what the same argument held, or NULL. */
static int take_with_operand(struct command_line *line, const struct option_row *row, const char *value)
{
	const char *next = *line->next;
	if (value == NULL && next != NULL && is_option(line, next))
		return error_set(line->err, -EINVAL, "%s needs a value: %s %s; \"%s\" is an option", line->typed,
		                 line->typed, row->operand, SHOWN(next));
	if (value == NULL && next != NULL)
		value = *line->next++;
	if (value == NULL)
		return error_set(line->err, -EINVAL, "%s needs a value: %s %s", line->typed, line->typed, row->operand);
	return take_option(line, row, value);
}

/* Its value may be left out: the next argument is one when it reads as one, or would but for its unit. */
static int take_with_choice(struct command_line *line, const struct option_row *row, const char *value)
{
	int64_t milliseconds;
	const char *next = *line->next;
	bool is_number = next != NULL && next[0] != '\0' && next[strspn(next, "0123456789.")] == '\0';
	if (value == NULL && next != NULL && (is_number || duration_parse(next, &milliseconds, NULL) == 0))
		value = *line->next++;
	return take_option(line, row, value != NULL ? value : row->fixed);
}

static int parse_long(struct command_line *line, const char *argument)
{
	const char *typed = argument + 2;
	size_t length = strcspn(typed, "=");
	const char *value = typed[length] == '=' ? typed + length + 1 : NULL;
	const struct option_row *row = option_find_long(typed, length);
	if (row == NULL)
		return unknown_option_refuse(typed, length, line->err);
	line->typed = arena_copy_bytes(&line->options->arena, argument, strlen("--") + length);
	int rc = check_user(line, row);
	if (rc < 0)
		return rc;
	if (row->operand != NULL && row->fixed != NULL)
		return take_with_choice(line, row, value);
	if (row->operand != NULL)
		return take_with_operand(line, row, value);
	if (value != NULL)
		return error_set(line->err, -EINVAL, "%s takes no value, and \"%s\" was given", line->typed,
		                 SHOWN(value));
	return take_option(line, row, row->fixed);
}

/* "-n4", "-n 4", "-qv". */
static int parse_letters(struct command_line *line, const char *argument)
{
	int refused = unknown_option_refuse_one_dash(argument, line->err);
	if (refused < 0)
		return refused;
	for (const char *at = argument + 1; *at != '\0'; at++) {
		const struct option_row *row = option_find_letter(*at);
		if (row == NULL)
			return unknown_option_refuse_letter(argument, *at, line->err);
		line->typed = arena_format(&line->options->arena, "-%c", *at);
		int rc = check_user(line, row);
		if (rc < 0)
			return rc;
		if (row->operand != NULL) {
			if (at[1] == '=')
				return error_set(line->err, -EINVAL,
				                 "%s: a letter takes its value without \"=\": write %s %s, or --%s=%s",
				                 SHOWN(argument), line->typed, SHOWN(at + 2), row->name, SHOWN(at + 2));
			return take_with_operand(line, row, at[1] == '\0' ? NULL : at + 1);
		}
		rc = take_option(line, row, row->fixed);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int parse_option(struct command_line *line, const char *argument)
{
	const struct option_row *count = option_find_letter('n');
	assert(count != NULL);
	if (strcmp(argument, "-np") == 0) { /* as mpirun has it; else it would be -n with the value "p" */
		line->typed = argument;
		return take_with_operand(line, count, NULL);
	}
	return argument[1] == '-' ? parse_long(line, argument) : parse_letters(line, argument);
}

bool is_spec_name(const char *argument)
{
	size_t length = strlen(argument);
	return strcmp(argument, "-") == 0 || (length > 5 && strcmp(argument + length - 5, ".yaml") == 0) ||
	       (length > 4 && strcmp(argument + length - 4, ".yml") == 0);
}

/* It goes over a spec's command, and is none by itself. */
static bool sets_command(const struct run_options *options)
{
	static const char key[] = "command=";
	for (uint32_t i = 0; i < options->override_count; i++)
		if (options->overrides[i].kind == OVERRIDE_SET &&
		    strncmp(options->overrides[i].value, key, strlen(key)) == 0)
			return true;
	return false;
}

/* A value that is wrong is often the command, and the option one that takes no value elsewhere. */
static int refuse_missing(struct command_line *line)
{
	struct run_options *options = line->options;
	struct diagnostics wrong = {0};
	struct job_spec spec = {0};
	char anything[] = "true", *command[] = {anything, NULL};
	if (sets_command(options))
		return error_set(line->err, -EINVAL,
		                 "what to run is missing: --set command goes over the command of a spec; name the "
		                 "spec (SPEC.yaml), or write the command without --set");
	options->command = command;
	int rc = job_spec_load(&spec, options, &wrong);
	if (rc < 0)
		error_set(line->err, rc, "%s: %s; and what to run is missing", wrong.items[0].where,
		          wrong.items[0].message);
	else
		error_set(line->err, -EINVAL, "what to run is missing: name a spec (SPEC.yaml) or a command");
	options->command = NULL;
	job_spec_finish(&spec);
	diagnostics_finish(&wrong);
	return -EINVAL;
}

static int take_positionals(struct command_line *line)
{
	struct run_options *options = line->options;
	const char *first = *line->next;
	if (first == NULL)
		return refuse_missing(line);
	if (!is_spec_name(first)) {
		options->command = line->next;
		return 0;
	}
	options->spec_path = first;
	const char *after = *++line->next;
	if (after != NULL && strcmp(after, "--") != 0)
		return error_set(line->err, -EINVAL,
		                 "\"%s\" after %s: options go before the spec, arguments for its command after \"--\"",
		                 SHOWN(after), SHOWN(first));
	options->command = after == NULL ? line->next : line->next + 1;
	return 0;
}

static int parse_line(struct command_line *line)
{
	while (*line->next != NULL && (*line->next)[0] == '-' && (*line->next)[1] != '\0') {
		const char *argument = *line->next++;
		if (strcmp(argument, "--") == 0)
			break;
		int rc = parse_option(line, argument);
		if (rc < 0 || line->options->help)
			return rc;
	}
	return take_positionals(line);
}

int run_options_parse(struct run_options *options, enum option_user user, int argc, char **argv, struct error *err)
{
	struct run_options read = {0};
	struct command_line line = {.options = &read, .user = user, .next = argc > 0 ? argv + 1 : argv, .err = err};
	int rc = parse_line(&line);
	if (rc < 0)
		run_options_finish(&read);
	*options = read;
	return rc;
}

void run_options_finish(struct run_options *options)
{
	arena_finish(&options->arena);
	*options = (struct run_options){0};
}

int job_spec_load(struct job_spec *spec, const struct run_options *options, struct diagnostics *diagnostics)
{
	struct spec_request request = {
		.path = options->spec_path,
		.command = options->command,
		.overrides = options->overrides,
		.override_count = options->override_count,
	};
	return job_spec_read(spec, &request, diagnostics);
}
