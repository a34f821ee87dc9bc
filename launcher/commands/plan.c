/* SPDX-License-Identifier: MIT
 *
 * plan: `muster plan` shows who would get which cores, and why, on this machine or another; it starts nothing. The
 * same steps as `muster run` up to the placement, then the views of it.
 */
#include "commands/plan.h"

#include "base/error.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/option_table.h"
#include "commands/options.h"
#include "commands/take_cores.h"
#include "machine/machine.h"
#include "plan/placement.h"
#include "report/plan_view.h"
#include "report/report_file.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NARROWEST = 60, WIDEST = 120, DEFAULT_WIDTH = 100 };

/* Everything of one plan, in the order in which it is made. */
struct planning {
	struct run_options options;
	struct job_spec spec;
	struct machine machine;
	struct placement placement;
};

static int load_spec(struct planning *planning)
{
	struct diagnostics wrong = {0};
	int rc = job_spec_load(&planning->spec, &planning->options, &wrong);
	if (rc < 0)
		console_tell_diagnostics(&wrong);
	diagnostics_finish(&wrong);
	return rc;
}

static int place(struct planning *planning, struct error *err)
{
	const char *topology = planning->options.topology;
	int rc = topology != NULL ? machine_load(&planning->machine, topology, err)
	                          : machine_read(&planning->machine, err);
	if (rc < 0)
		return topology != NULL ? error_prefix(err, "--topology") : rc;
	if (topology == NULL) {
		machine_read_memory_limit(&planning->machine);
		look_at_cores(&planning->machine, &planning->spec);
	}
	return placement_make(&planning->placement, &planning->spec, &planning->machine, err);
}

/* By name: in a container the locale that is named is often not installed, and the terminal shows it all the same. */
static bool locale_is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			return strcasestr(value, "UTF-8") != NULL || strcasestr(value, "UTF8") != NULL;
	}
	return false;
}

static uint32_t output_width(void)
{
	struct winsize size;
	if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return DEFAULT_WIDTH;
	if (size.ws_col < NARROWEST)
		return NARROWEST;
	return size.ws_col > WIDEST ? WIDEST : size.ws_col;
}

static bool is_drawn_to_stdout(const struct run_options *options)
{
	return options->svg_path != NULL && strcmp(options->svg_path, "-") == 0;
}

static int show(const struct planning *planning, struct error *err)
{
	const struct run_options *options = &planning->options;
	const struct plan_view view = {&planning->spec, &planning->machine, &planning->placement};
	struct text text = {0};
	int rc = 0;
	if (options->svg_path != NULL) {
		plan_svg(&text, &view);
		rc = report_file_write("the drawing", options->svg_path, text.bytes, text.length, err);
		text.length = 0;
	}
	if (options->json)
		plan_json(&text, &view);
	else if (!options->quiet && !is_drawn_to_stdout(options))
		plan_text(&text, &view,
		          &(struct plan_style){.colour = console_wants_colour(options->color, STDOUT_FILENO),
		                               .utf8 = locale_is_utf8(),
		                               .every_rank = options->verbosity > 0,
		                               .width = output_width()});
	if (rc == 0 && text.length > 0)
		fputs(text.bytes, stdout);
	text_finish(&text);
	return rc;
}

static int make_and_show(struct planning *planning)
{
	struct error err;
	if (load_spec(planning) < 0)
		return EXIT_MUSTER;
	int rc = place(planning, &err);
	if (rc == 0)
		rc = show(planning, &err);
	return rc < 0 ? console_tell_of(&planning->spec, &err, EXIT_MUSTER) : EXIT_OK;
}

int command_plan(int argc, char **argv)
{
	struct planning planning = {0};
	struct error err;
	int code = EXIT_OK;
	if (run_options_parse(&planning.options, OPTIONS_OF_PLAN, argc, argv, &err) < 0)
		return console_tell(&err, EXIT_MUSTER);
	if (planning.options.help) {
		option_table_print_help(OPTIONS_OF_PLAN, stdout);
	} else if (planning.options.json && is_drawn_to_stdout(&planning.options)) {
		error_set(&err, -EINVAL,
		          "--json and --svg - would both go to standard output: name a file for the drawing");
		code = console_tell(&err, EXIT_MUSTER);
	} else {
		code = make_and_show(&planning);
	}
	placement_finish(&planning.placement);
	machine_finish(&planning.machine);
	job_spec_finish(&planning.spec);
	run_options_finish(&planning.options);
	return code;
}
