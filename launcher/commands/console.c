/* SPDX-License-Identifier: MIT
 *
 * console: see console.h.
 */
#include "commands/console.h"

#include "base/error.h"
#include "base/patient_write.h"
#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/spec_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int console_tell(const struct error *err, int exit_code)
{
	return console_tell_of(&(struct job_spec){0}, err, exit_code);
}

int console_tell_of(const struct job_spec *spec, const struct error *err, int exit_code)
{
	struct text line = {0};
	spec_error_format(spec, err, &line);
	patient_say(line.bytes);
	text_finish(&line);
	return exit_code;
}

int console_finish(int exit_code)
{
	struct error err;
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return exit_code;
	error_set(&err, -errno, "cannot write to standard output: %s", strerror(errno));
	return console_tell(&err, EXIT_MUSTER);
}

void console_tell_diagnostics(const struct diagnostics *diagnostics)
{
	struct text text = {0};
	diagnostics_format(diagnostics, "error: ", &text);
	if (text.length > 0)
		fputs(text.bytes, stderr);
	text_finish(&text);
}

/* 12.1 is written "12.1", and a week still has its nanoseconds. */
enum { REAL_DIGITS = 15 };

void console_print_json(const json_t *document, size_t layout)
{
	json_dumpf(document, stdout, layout | JSON_REAL_PRECISION(REAL_DIGITS));
	putchar('\n');
}

const char *console_member(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text == NULL || text[0] == '\0' ? "-" : text;
}

bool console_wants_colour(enum color_when when, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(fd) == 1 && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}
