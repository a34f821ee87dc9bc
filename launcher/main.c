/* SPDX-License-Identifier: MIT
 *
 * main: the table of subcommands, and that what they printed has gone out.
 */
#include "base/error.h"
#include "base/first_process.h"
#include "base/stack.h"
#include "commands/check.h"
#include "commands/console.h"
#include "commands/doctor.h"
#include "commands/join.h"
#include "commands/logs.h"
#include "commands/options.h"
#include "commands/plan.h"
#include "commands/ps.h"
#include "commands/report.h"
#include "commands/run.h"
#include "commands/signal.h"
#include "commands/status.h"
#include "commands/stop.h"
#include "commands/version.h"
#include "spec/foreign_words.h"
#include "spec/nearest.h"
#include "spec/shown.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the name */
	const char *usage;
	const char *purpose;
};

static const struct subcommand subcommands[] = {
	{"run", command_run, "run [OPTION]... SPEC.yaml [-- ARG...]", "start a job and see it through"},
	{"run", command_run, "run [OPTION]... COMMAND [ARG...]", "the same without a spec"},
	{"plan", command_plan, "plan [OPTION]... SPEC.yaml | COMMAND", "show who would get which cores, and why"},
	{"check", command_check, "check SPEC.yaml...", "validate specs: every error with its place"},
	{"ps", command_ps, "ps [-a]", "list the jobs that run; -a: that ended, too"},
	{"status", command_status, "status [JOB]", "show a job, rank by rank"},
	{"join", command_join, "join [--timeout T] JOB...", "wait for jobs; exit with their exit code"},
	{"logs", command_logs, "logs [-f] [-r RANKS] [JOB]", "what the ranks of a detached job printed"},
	{"signal", command_signal, "signal [-r RANKS] JOB SIGNAL", "send a signal to the ranks of a job"},
	{"stop", command_stop, "stop [--grace T] JOB...", "stop jobs; return once nothing is left"},
	{"report", command_report, "report [JOB|FILE]", "how a job went that has ended"},
	{"doctor", command_doctor, "doctor", "what on this machine or in this container will hurt a job"},
};

static void print_usage(FILE *to)
{
	fputs("muster starts N ranked processes, gives each its own cores, and sees them through to the end.\n\n", to);
	for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
		fprintf(to, "  muster %-40s %s\n", subcommands[i].usage, subcommands[i].purpose);
	fputs("\n`muster SUBCOMMAND --help` tells its options; muster(1) the rest. `muster --version` tells "
	      "versions.\n",
	      to);
}

/* What other tools call it. */
static const struct foreign_row foreign_subcommands[] = {
	{"start exec launch up mpirun mpiexec srun torchrun", "run"},
	{"validate lint verify", "check"},
	{"list ls jobs top squeue", "ps"},
	{"show info inspect", "status"},
	{"wait attach", "join"},
	{"kill cancel terminate down scancel", "stop"},
};

/* The subcommand that was most likely meant; or NULL. */
static const char *guess(const char *word)
{
	size_t foreign_count = sizeof foreign_subcommands / sizeof *foreign_subcommands;
	const char *foreign = foreign_words_find(foreign_subcommands, foreign_count, word, strlen(word));
	struct nearest nearest = nearest_to(word);
	for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
		nearest_offer(&nearest, subcommands[i].name);
	return foreign != NULL ? foreign : nearest.best;
}

/* With what was most likely meant: a subcommand, or a command or spec without one before it. */
static int refuse(const char *word)
{
	struct error err;
	const char *meant = guess(word);
	if (is_spec_name(word))
		error_set(&err, -EINVAL, "\"%s\" is a spec; to start it write muster run %s", SHOWN(word), SHOWN(word));
	else if (meant != NULL)
		error_set(&err, -EINVAL, "there is no subcommand \"%s\"; did you mean %s?", SHOWN(word), meant);
	else if (word[0] == '-')
		error_set(&err, -EINVAL, "unknown option %s; a subcommand goes first: muster run [OPTION]... COMMAND",
		          SHOWN(word));
	else
		error_set(&err, -EINVAL,
		          "there is no subcommand \"%s\"; muster --help lists them. To start a program of that name "
		          "write muster run %s",
		          SHOWN(word), SHOWN(word));
	return console_tell(&err, EXIT_MUSTER);
}

static int run_subcommand(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_MUSTER;
	}
	for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return subcommands[i].run(argc - 1, argv + 1);
	char help[] = "--help";
	if (strcmp(argv[1], "help") == 0 && argc > 2)
		return run_subcommand(3, (char *[]){argv[0], argv[2], help, NULL});
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		version_print();
		return 0;
	}
	return refuse(argv[1]);
}

int main(int argc, char **argv)
{
	struct error err;
	first_process_mind_signals();
	if (stack_check(&err) < 0)
		return console_tell(&err, EXIT_MUSTER);
	return console_finish(run_subcommand(argc, argv));
}
