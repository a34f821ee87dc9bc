/* SPDX-License-Identifier: MIT
 *
 * doctor: `muster doctor` says what on this machine, or in this container, will hurt a job. It looks at everything, and
 * leaves everything as it was.
 */
#include "commands/doctor.h"

#include "base/error.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "commands/take_cores.h"
#include "doctor/examine.h"
#include "doctor/findings_json.h"
#include "doctor/findings_text.h"
#include "machine/machine.h"
#include "spec/job_spec.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_PROBLEM = 1, TEXT_WIDTH = 100 };

static const struct job_usage usage = {
	.letters = "j",
	.wanted = "[--json]",
	.help = "Look for what on this machine, or in this container, will hurt a job: what was found, what it\n"
		"means, what to do. Exits 0 when jobs can run, 1 when something will stop them.\n\n"
		"  -j, --json   as JSON\n"
		"  -h, --help   this text\n",
};

static uint32_t count_cores(const struct machine *machine)
{
	uint32_t count = 0, last = NO_OBJECT;
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		if (machine->threads[i].access != THREAD_ALLOWED || machine->threads[i].core == last)
			continue;
		last = machine->threads[i].core;
		count++;
	}
	return count;
}

/* With the defaults of a job; those that this process is in are not in its way. */
static int examine_machine(struct findings *findings, struct machine *machine, struct error *err)
{
	struct job_spec spec = {0};
	int rc = machine_read(machine, err);
	if (rc < 0)
		return rc;
	job_spec_init(&spec);
	look_at_cores(machine, &spec);
	job_spec_finish(&spec);
	examine_cpus(findings, machine);
	examine_load(findings, &machine->allowed);
	examine_frequency(findings, "", &machine->allowed);
	return 0;
}

static int examine_all(struct findings *findings, struct error *err)
{
	struct machine machine = {0};
	struct limit_facts limits;
	examine_job(findings);
	int rc = examine_machine(findings, &machine, err);
	if (rc == 0) {
		examine_memory(findings, "");
		examine_shared_memory(findings, "/dev/shm");
		examine_system_calls(findings);
		examine_kernel(findings, "");
		examine_cleanup(findings);
		limit_facts_read(&limits, count_cores(&machine));
		examine_limits(findings, &limits);
		examine_places(findings);
		examine_environment(findings, environ);
	}
	machine_finish(&machine);
	return rc;
}

static void print_json(const struct findings *findings)
{
	json_t *document = findings_json(findings);
	console_print_json(document, JSON_INDENT(2));
	json_decref(document);
}

static void print_text(const struct findings *findings)
{
	struct text text = {0};
	findings_text(&text, findings, TEXT_WIDTH, console_wants_colour(COLOR_AUTO, STDOUT_FILENO));
	fputs(text.bytes, stdout);
	text_finish(&text);
}

/* What a careless parent left: a size limit's signal would end this process in the middle of a trial, and children that
 * nobody waits for have no exit code. */
static void settle_signals(void)
{
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
}

int command_doctor(int argc, char **argv)
{
	struct job_options options;
	struct findings findings = {0};
	struct error err;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	settle_signals();
	if (examine_all(&findings, &err) < 0) {
		code = console_tell(&err, EXIT_MUSTER);
	} else {
		if (options.json)
			print_json(&findings);
		else
			print_text(&findings);
		code = findings_worst(&findings) == FINDING_PROBLEM ? EXIT_PROBLEM : EXIT_OK;
	}
	findings_finish(&findings);
	return code;
}
