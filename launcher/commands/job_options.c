/* SPDX-License-Identifier: MIT
 *
 * job_options: see job_options.h.
 */
#include "commands/job_options.h"

#include "base/error.h"
#include "commands/console.h"
#include "commands/foreign_job_options.h"
#include "spec/nearest.h"
#include "spec/shown.h"
#include "spec/units.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct row {
	char letter;
	const char *name;
	const char *operand; /* NULL: none */
};

static const struct row rows[] = {
	{'a', "all", NULL},      {'f', "follow", NULL}, {'j', "json", NULL},
	{'r', "ranks", "RANKS"}, {'t', "timeout", "T"}, {'g', "grace", "T"},
	{'h', "help", NULL},     {'T', "trace", NULL},  {'H', "html", NULL},
};

static bool is_long(const struct row *row, const char *word)
{
	size_t length = strlen(row->name);
	return strncmp(word, "--", 2) == 0 && strncmp(word + 2, row->name, length) == 0 &&
	       (word[2 + length] == '\0' || word[2 + length] == '=');
}

static const struct row *find(const char *word, const char *letters)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool is_it = is_long(&rows[i], word) || (word[1] == rows[i].letter && word[1] != '-');
		if (is_it && (rows[i].letter == 'h' || strchr(letters, rows[i].letter) != NULL))
			return &rows[i];
	}
	return NULL;
}

/* Or begins like one: no value does here, and a dash alone is a word, the file of standard input. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* What stands behind the option in its word, or NULL. */
static const char *joined(const char *word)
{
	if (word[1] != '-')
		return word[2] == '\0' ? NULL : word + 2;
	const char *sign = strchr(word, '=');
	return sign == NULL ? NULL : sign + 1;
}

static int take(struct job_options *options, const struct row *row, const char *value, struct error *err)
{
	int rc = 0;
	switch (row->letter) {
	case 'a':
		options->all = true;
		break;
	case 'f':
		options->follow = true;
		break;
	case 'j':
		options->json = true;
		break;
	case 'T':
		options->trace = true;
		break;
	case 'H':
		options->html = true;
		break;
	case 'h':
		options->help = true;
		break;
	case 'r':
		options->ranks = value;
		break;
	case 't':
		rc = duration_parse(value, &options->timeout_ms, err);
		break;
	default:
		rc = duration_parse(value, &options->grace_ms, err);
		break;
	}
	return rc < 0 ? error_prefix(err, "--%s", row->name) : 0;
}

/* With what was most likely meant. */
static int refuse(const char *word, const struct job_usage *usage, const char *command, struct error *err)
{
	const char *advice = foreign_job_option_advice(command, word);
	if (advice != NULL)
		return error_set(err, -EINVAL, "unknown option %s; %s", SHOWN(word), advice);
	struct nearest nearest = nearest_to(word + strspn(word, "-"));
	for (size_t i = 0; strncmp(word, "--", 2) == 0 && i < sizeof rows / sizeof *rows; i++)
		if (strchr(usage->letters, rows[i].letter) != NULL)
			nearest_offer(&nearest, rows[i].name);
	if (nearest.best != NULL)
		return error_set(err, -EINVAL, "unknown option %s; did you mean --%s?", SHOWN(word), nearest.best);
	return error_set(err, -EINVAL, "unknown option %s; see muster %s --help", SHOWN(word), command);
}

static int take_option(struct job_options *options, const struct job_usage *usage, char ***next, const char *command,
                       struct error *err)
{
	const char *word = **next;
	const struct row *row = find(word, usage->letters);
	if (row == NULL)
		return refuse(word, usage, command, err);
	const char *value = joined(word);
	if (row->operand == NULL && value != NULL)
		return error_set(err, -EINVAL, "--%s takes no value, and \"%s\" was given", row->name, SHOWN(value));
	bool is_missing = row->operand != NULL && value == NULL;
	if (is_missing)
		value = *++*next;
	if (is_missing && value == NULL)
		return error_set(err, -EINVAL, "--%s needs a value: --%s %s", row->name, row->name, row->operand);
	if (is_missing && is_option(value))
		return error_set(err, -EINVAL, "--%s needs a value: --%s %s; \"%s\" begins like an option", row->name,
		                 row->name, row->operand, SHOWN(value));
	return take(options, row, value, err);
}

static int parse(struct job_options *options, const struct job_usage *usage, int argc, char **argv, struct error *err)
{
	const char *command = argc > 0 ? argv[0] : "";
	bool ended = false;
	*options = (struct job_options){.words = argv, .timeout_ms = -1, .grace_ms = -1};
	for (char **next = argc > 0 ? argv + 1 : argv; *next != NULL; next++) {
		if (!ended && strcmp(*next, "--") == 0) {
			ended = true;
		} else if (!ended && is_option(*next)) {
			int rc = take_option(options, usage, &next, command, err);
			if (rc < 0)
				return rc;
		} else {
			options->words[options->word_count++] = *next;
		}
	}
	options->words[options->word_count] = NULL;
	if (options->help || (options->word_count >= usage->least && options->word_count <= usage->most))
		return 0;
	if (options->word_count == 0)
		return error_set(err, -EINVAL, "%s: %s usage: muster %s %s", command,
		                 usage->question != NULL ? usage->question : "which job? muster ps lists them;",
		                 command, usage->wanted);
	return error_set(err, -EINVAL, "usage: muster %s %s; see muster %s --help", command, usage->wanted, command);
}

bool job_options_take(struct job_options *options, const struct job_usage *usage, int argc, char **argv, int *exit_code)
{
	const char *command = argc > 0 ? argv[0] : ""; /* words take its place */
	struct error err;
	if (parse(options, usage, argc, argv, &err) < 0) {
		*exit_code = console_tell(&err, EXIT_MUSTER);
		return false;
	}
	*exit_code = EXIT_OK;
	if (options->help)
		printf("usage: muster %s %s\n%s", command, usage->wanted, usage->help);
	return !options->help;
}
