/* SPDX-License-Identifier: MIT
 *
 * option_table: see option_table.h. Below the table, who looks into it, and the help text that is made of it.
 */
#include "commands/option_table.h"

#include "spec/foreign_words.h"

#include <string.h>

enum { HELP_COLUMN = 29 };

#define KEY(path)   .action = OPTION_KEY, .key = (path)
#define TRUE(path)  .action = OPTION_KEY, .key = (path), .fixed = "true"
#define FALSE(path) .action = OPTION_KEY, .key = (path), .fixed = "false"
#define FOR_EVER    "87600h" /* the longest that the key can say */
#define BOTH        .users = FOR_BOTH
#define RUN         .users = FOR_RUN
#define PLAN        .users = FOR_PLAN

const struct option_row option_table[] = {
	{'n', "nprocs", "nproc-per-node", "N", BOTH, KEY("nprocs"),
         .help = "ranks; auto: one for each core (also -np N)", .group = "Ranks and cores"},
	{'c', "cpus-per-rank", NULL, "N", BOTH, KEY("placement.cpus_per_rank"), .help = "cores for each rank"},
	{0, "bind-to", NULL, "OBJECT", BOTH, KEY("placement.bind_to"),
         .help = "none hwthread core l3cache numa package"},
	{0, "map-by", NULL, "OBJECT", BOTH, KEY("placement.map_by"), .help = "deal the ranks over these in turn"},
	{0, "cpu-set", NULL, "LIST", BOTH, KEY("placement.cpu_set"), .help = "use only these CPUs, like 0-3,8"},
	{0, "mem-bind", NULL, "POLICY", BOTH, KEY("placement.memory"), .help = "none local interleave"},
	{0, "oversubscribe", NULL, "WHAT", BOTH, KEY("placement.oversubscribe"),
         .help = "more ranks than cores: allow warn refuse"},
	{0, "exclusive", NULL, NULL, BOTH, TRUE("placement.exclusive"),
         .help = "share no core with another muster job, or fail"},
	{0, "no-exclusive", NULL, NULL, BOTH, FALSE("placement.exclusive"), .help = "pay no heed to other jobs' cores"},
	{0, "wait-for-cores", NULL, "[T]", BOTH, KEY("placement.wait_for_cores"), .fixed = FOR_EVER,
         .help = "wait for free ones, at most T"},
	{0, "report-bindings", NULL, NULL, RUN, .action = OPTION_REPORT_BINDINGS,
         .help = "show the placement before the ranks start"},

	{'x', "env", NULL, "NAME[=VALUE]", BOTH, .action = OPTION_ENV, .key = "env",
         .help = "set a variable, or pass muster's own on", .group = "What the ranks are given"},
	{0, "wdir", "chdir", "DIR", BOTH, .action = OPTION_PATH, .key = "working_directory",
         .help = "directory that they start in"},
	{0, "stdin", NULL, "WHO", BOTH, KEY("stdin"), .help = "who reads muster's input: none all RANK"},
	{0, "set", NULL, "KEY=VALUE", BOTH, .action = OPTION_SET, .help = "any key of the spec: placement.smt=one"},

	{'d', "detach", "no-join", NULL, BOTH, FALSE("join"),
         .help = "print the job's id and return once the ranks run", .group = "Life of the job"},
	{0, "join", NULL, NULL, BOTH, TRUE("join"), .help = "wait for the ranks (default)"},
	{0, "daemon", NULL, NULL, BOTH, TRUE("daemon"), .help = "stop the job when its owner ends"},
	{0, "no-daemon", NULL, NULL, BOTH, FALSE("daemon"), .help = "let it outlive its owner (default)"},
	{0, "timeout", NULL, "T", BOTH, KEY("timeout"), .help = "stop the job after T, like 90s or 1h30m"},
	{'k', "kill-after", NULL, "T", BOTH, KEY("failure.grace"), .help = "time to stop in, before SIGKILL"},
	{0, "on-failure", NULL, "WHAT", BOTH, KEY("failure.policy"), .help = "stop continue restart"},
	{0, "max-restarts", NULL, "N", BOTH, KEY("failure.max_restarts"),
         .help = "of the group, with --on-failure restart"},

	{'l', "label", NULL, NULL, BOTH, TRUE("output.label"), .help = "[RANK] before each line (default)",
         .group = "Output"},
	{0, "no-label", NULL, NULL, BOTH, FALSE("output.label"), .help = "no [RANK] before each line"},
	{0, "timestamp", NULL, NULL, BOTH, TRUE("output.timestamp"), .help = "the time before each line"},
	{0, "no-timestamp", NULL, NULL, BOTH, FALSE("output.timestamp"), .help = "no time before each line (default)"},
	{0, "raw", NULL, NULL, BOTH, TRUE("output.raw"), .help = "ranks write to muster's own output themselves"},
	{0, "no-raw", NULL, NULL, BOTH, FALSE("output.raw"), .help = "ranks write through muster (default)"},
	{'o', "output", NULL, "PATTERN", BOTH, .action = OPTION_SINK, .key = "output.stdout",
         .help = "to files instead: %j job id, %r rank, %%"},
	{'e', "error", NULL, "PATTERN", BOTH, .action = OPTION_SINK, .key = "output.stderr",
         .help = "the same for standard error"},

	{0, "topology", NULL, "SOURCE", PLAN, .action = OPTION_TOPOLOGY,
         .help = "another machine: FILE.xml or \"core:4 pu:2\"", .group = "The plan"},
	{'j', "json", NULL, NULL, PLAN, .action = OPTION_JSON, .help = "as JSON"},
	{0, "svg", NULL, "FILE", PLAN, .action = OPTION_SVG, .help = "as a drawing, too"},

	{0, "report", NULL, "FILE", RUN, .action = OPTION_REPORT, .help = "write how the job went to FILE, as JSON",
         .group = "About muster itself"},
	{'q', "quiet", NULL, NULL, BOTH, .action = OPTION_QUIET, .help = "say nothing but errors"},
	{'v', "verbose", NULL, NULL, BOTH, .action = OPTION_VERBOSE, .help = "say more: where every rank is"},
	{0, "color", NULL, "WHEN", BOTH, .action = OPTION_COLOR, .help = "auto always never"},
	{'h', "help", NULL, NULL, BOTH, .action = OPTION_HELP, .help = "this text"},
};

const size_t option_table_count = sizeof option_table / sizeof *option_table;

static bool is_named(const char *name, const char *typed, size_t length)
{
	return name != NULL && strlen(name) == length && is_typed_as(name, typed, length);
}

const struct option_row *option_find_long(const char *typed, size_t length)
{
	for (size_t i = 0; i < option_table_count; i++)
		if (is_named(option_table[i].name, typed, length) || is_named(option_table[i].alias, typed, length))
			return &option_table[i];
	return NULL;
}

const struct option_row *option_find_letter(char letter)
{
	for (size_t i = 0; i < option_table_count; i++)
		if (option_table[i].letter != 0 && option_table[i].letter == letter)
			return &option_table[i];
	return NULL;
}

static void print_row(const struct option_row *row, FILE *to)
{
	char left[64];
	char letter[8] = "    ";
	if (row->letter != 0)
		snprintf(letter, sizeof letter, "-%c, ", row->letter);
	int width = snprintf(left, sizeof left, "  %s--%s%s%s%s%s", letter, row->name, row->alias == NULL ? "" : ", --",
	                     row->alias == NULL ? "" : row->alias, row->operand == NULL ? "" : " ",
	                     row->operand == NULL ? "" : row->operand);
	if (width < HELP_COLUMN)
		fprintf(to, "%-*s%s\n", HELP_COLUMN, left, row->help);
	else
		fprintf(to, "%s\n%*s%s\n", left, HELP_COLUMN, "", row->help);
}

static void print_usage(enum option_user user, FILE *to)
{
	if (user == OPTIONS_OF_RUN)
		fputs("usage: muster run [OPTION]... SPEC.yaml [-- ARG...]\n"
		      "       muster run [OPTION]... COMMAND [ARG...]\n"
		      "Start a job of ranked processes and see it through.\n",
		      to);
	else
		fputs("usage: muster plan [OPTION]... SPEC.yaml\n"
		      "       muster plan [OPTION]... COMMAND [ARG...]\n"
		      "Show which cores each rank would get, and why. Nothing is started.\n",
		      to);
}

void option_table_print_help(enum option_user user, FILE *to)
{
	const char *group = NULL, *printed = NULL;
	print_usage(user, to);
	for (size_t i = 0; i < option_table_count; i++) {
		const struct option_row *row = &option_table[i];
		if (row->group != NULL)
			group = row->group;
		if ((row->users & 1u << user) == 0)
			continue;
		if (group != printed)
			fprintf(to, "\n%s\n", group);
		printed = group;
		print_row(row, to);
	}
	fprintf(to, "\nOptions lie over the spec. See muster-%s(1), and muster-spec(5) for the keys.\n",
	        user == OPTIONS_OF_RUN ? "run" : "plan");
}
