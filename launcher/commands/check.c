/* SPDX-License-Identifier: MIT
 *
 * check: `muster check SPEC.yaml...` reads specs as `muster run` would and tells every error with its place. It starts
 * nothing and does not look at the machine: whether a sound spec fits this one is what `muster plan` says.
 */
#include "commands/check.h"

#include "base/printable.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "report/json_text.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/spec_parse.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

static const struct job_usage usage = {
	.letters = "j",
	.wanted = "[--json] SPEC.yaml...",
	.question = "which spec?",
	.least = 1,
	.most = INT_MAX,
	.help = "Validate job specs: tell every error with its file, line and column.\n\n"
		"  -j, --json   as JSON on standard output\n"
		"  -h, --help   this text\n\n"
		"\"-\" is standard input. Exit code: 0 when every spec is sound, else 125.\n"
		"See muster-check(1), and muster-spec(5) for the keys.\n",
};

static void print_sound(const char *path, const struct job_spec *spec)
{
	char shown[PATH_MAX];
	snprintf(shown, sizeof shown, "%s", path);
	make_printable(shown);
	if (spec->nprocs == NPROCS_AUTO)
		printf("%s: ok (%s, a rank for each core)\n", shown, spec->name);
	else
		printf("%s: ok (%s, %" PRIu32 " %s)\n", shown, spec->name, spec->nprocs,
		       spec->nprocs == 1 ? "rank" : "ranks");
}

static json_t *json_of_errors(const struct diagnostics *diagnostics)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];
		json_t *place = item->line == 0 ? json_pack("{}")
		                                : json_pack("{s:I, s:I}", "line", (json_int_t)item->line, "column",
		                                            (json_int_t)item->column);
		json_object_set_new(place, "message", json_text(item->message));
		json_array_append_new(list, place);
	}
	return list;
}

static json_t *json_of_result(const char *path, const struct job_spec *spec, const struct diagnostics *diagnostics)
{
	json_t *result = json_pack("{s:o, s:b}", "file", json_text(path), "ok", spec != NULL);
	if (spec != NULL) {
		json_object_set_new(result, "name", json_text(spec->name));
		json_object_set_new(result, "nprocs",
		                    spec->nprocs == NPROCS_AUTO ? json_string("auto") : json_integer(spec->nprocs));
	}
	json_object_set_new(result, "errors", json_of_errors(diagnostics));
	if (diagnostics->dropped > 0)
		json_object_set_new(result, "errors_not_shown", json_integer(diagnostics->dropped));
	return result;
}

/* `results` takes the answer for --json; without it, it is printed. */
static bool check_file(const char *path, json_t *results)
{
	struct job_spec spec = {0};
	struct diagnostics diagnostics = {0};
	struct spec_request request = {.path = path};
	bool sound = job_spec_read(&spec, &request, &diagnostics) == 0;
	const char *name = spec_source_name(path);
	if (results != NULL)
		json_array_append_new(results, json_of_result(name, sound ? &spec : NULL, &diagnostics));
	else if (sound)
		print_sound(name, &spec);
	else
		console_tell_diagnostics(&diagnostics);
	job_spec_finish(&spec);
	diagnostics_finish(&diagnostics);
	return sound;
}

static int check_files(char **paths, bool as_json)
{
	json_t *results = as_json ? json_array() : NULL;
	bool sound = true;
	for (; *paths != NULL; paths++)
		sound = check_file(*paths, results) && sound;
	if (as_json) {
		json_t *answer =
			json_pack("{s:s, s:b, s:o}", "schema", "muster.check/1", "ok", sound, "files", results);
		console_print_json(answer, JSON_INDENT(2));
		json_decref(answer);
	}
	return sound ? EXIT_OK : EXIT_MUSTER;
}

int command_check(int argc, char **argv)
{
	struct job_options options;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	return check_files(options.words, options.json);
}
