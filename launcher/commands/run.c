/* SPDX-License-Identifier: MIT
 *
 * run: `muster run` from the first argument to the exit code: text → spec → plan → ranks → result → report. It reads as
 * the design: each step takes what the step before made, and nothing is started before all that can be known to be
 * wrong has been told.
 */
#include "commands/run.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/patient_write.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/detach.h"
#include "commands/free_port.h"
#include "commands/mpi_warning.h"
#include "commands/nearly_spec.h"
#include "commands/option_table.h"
#include "commands/options.h"
#include "commands/refusal.h"
#include "commands/run_account.h"
#include "commands/take_cores.h"
#include "job/control_server.h"
#include "job/job_keeper.h"
#include "job/job_record.h"
#include "job/start_word.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "plan/launch_plan.h"
#include "report/plan_view.h"
#include "report/report_file.h"
#include "run/descendants.h"
#include "run/guard.h"
#include "run/guards.h"
#include "run/job_cgroup.h"
#include "run/job_result.h"
#include "run/memory_cgroup.h"
#include "run/output.h"
#include "run/preflight.h"
#include "run/rank_process.h"
#include "run/signals.h"
#include "run/supervisor.h"
#include "run/verdict.h"
#include "spec/diagnostics.h"
#include "spec/spec_parse.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum {
	HELD_PATIENCE_MS = 5000, /* as after a SIGKILL */
	IDS_TRIED = 100,
};

/* Everything of one run, in the order in which it is made. */
struct run {
	struct run_options options;
	struct job_spec spec;
	struct machine machine;
	struct core_wait wait;
	struct core_lease lease; /* held as long as one of muster's processes lives */
	struct placement placement;
	struct launch_plan plan;
	struct rank_launcher launcher;
	struct output *output;
	struct memory_cgroups memory_cgroups;
	struct job_cgroup job_cgroup;
	struct plan_view view;
	struct job_result result;
	char *outer_jobs;
	struct job_record record;
	struct log_place logs; /* of a detached job */
	struct start_word starter;
	struct run_account account;
	struct mpi_warnings mpi;
	pid_t parent;  /* when muster began: the owner of a daemon */
	bool detached; /* the job runs on without this process */
	char directory[PATH_MAX];
};

/* --- a start that fails --- */

static struct refusal refusal_of(struct run *run)
{
	return (struct refusal){.spec = &run->spec,
	                        .job_id = run->record.id,
	                        .report_path = run->options.report_path,
	                        .outcome = OUTCOME_ERROR,
	                        .waited_ms = run->wait.ms};
}

static int refuse_start(struct run *run, const struct error *err, int exit_code)
{
	const struct refusal refusal = refusal_of(run);
	return refuse_job(&refusal, err, exit_code);
}

/* When a wait for cores was ended from outside, that is the job's end; all else is an error. */
static int refuse_plan(struct run *run, const struct error *err)
{
	struct refusal refusal = refusal_of(run);
	struct job_result result = {.first_failure = NO_RANK, .stop_signal = run->wait.stop_signal};
	verdict_decide(&result, run->wait.ended_by != CAUSE_NONE ? run->wait.ended_by : CAUSE_START_FAILED);
	refusal.outcome = result.outcome;
	refusal.stop_signal = result.stop_signal;
	return refuse_job(&refusal, err, result.exit_code);
}

static int refuse_file(struct run *run, struct error *err)
{
	if (run->options.spec_path == NULL)
		nearly_spec_hint(run->launcher.search.refused, err);
	return refuse_start(run, err, EXIT_NOT_EXECUTABLE);
}

/* --- text → spec --- */

static int load_spec(struct run *run)
{
	struct diagnostics wrong = {0};
	int rc = job_spec_load(&run->spec, &run->options, &wrong);
	if (rc < 0) {
		const char *path = run->options.spec_path;
		if (path != NULL)
			run->spec.source = arena_copy(&run->spec.arena, spec_source_name(path));
		const struct refusal refusal = refusal_of(run);
		refuse_spec(&refusal, &wrong, EXIT_MUSTER);
	}
	diagnostics_finish(&wrong);
	return rc;
}

/* --- spec → plan --- */

/* The record comes after the cores, so that whoever is interrupted while it waits for them leaves nothing. */
static int take_cores_and_record(struct run *run, struct error *err)
{
	const struct core_taking taking = {
		.spec = &run->spec,
		.machine = &run->machine,
		.job_id = run->record.id,
		.outer_jobs = run->outer_jobs,
		.owner = run->parent,
		.quiet = run->options.quiet,
		.verbose = run->options.verbosity > 0,
	};
	for (int tried = 0;; tried++) {
		job_record_name(&run->record, run->spec.name);
		int rc = take_cores(&run->placement, &run->lease, &taking, &run->wait, err);
		if (rc == 0 && !run->spec.join)
			rc = detach_make_record(&run->record, &run->logs, &run->spec, err);
		if (rc != -EEXIST || tried == IDS_TRIED)
			return rc;
		placement_finish(&run->placement); /* others know the cores by that id */
		core_lease_close(&run->lease);
	}
}

static int make_plan(struct run *run, struct error *err)
{
	run->outer_jobs = outer_jobs();
	int rc = machine_read(&run->machine, err);
	if (rc == 0)
		rc = take_cores_and_record(run, err);
	if (rc < 0)
		return rc;
	if (getcwd(run->directory, sizeof run->directory) == NULL)
		snprintf(run->directory, sizeof run->directory, "."); /* it was deleted; a rank may still run there */
	const struct launch_context context = {
		.environment = environ,
		.job_id = run->record.id,
		.outer_jobs = run->outer_jobs,
		.directory = run->directory,
		.node_count = 1,
		.master_address = "127.0.0.1",
		.master_port = free_port(),
		.waited_ms = run->wait.ms,
		.machine = &run->machine,
	};
	return launch_plan_make(&run->plan, &run->spec, &run->placement, &context, err);
}

/* Patiently: for a job that waited for cores or has a record, what would end a write that hangs is held. */
static void show_plan(const struct run *run)
{
	struct text text = {0};
	if (!run->options.quiet)
		for (uint32_t i = 0; i < run->plan.warning_count; i++)
			text_add_format(&text, "muster: warning: %s\n", run->plan.warnings[i]);
	if (!run->options.quiet && !descendants_visible())
		text_add(&text,
		         "muster: warning: /proc is not mounted: processes that a rank leaves behind cannot be found, "
		         "and are not stopped\n");
	if (run->options.verbosity > 0)
		text_add_format(&text, "muster: job %s\n", run->record.id);
	if (run->options.report_bindings || run->options.verbosity > 0) {
		const struct plan_view view = {&run->spec, &run->machine, &run->placement};
		plan_bindings_text(&text, &view);
	}
	if (text.length > 0)
		patient_say(text.bytes);
	text_finish(&text);
}

/* --- plan → ranks → result --- */

/* Not where processes are to be kept, which would keep the group; and a process is in one group of version 2 only. */
static void make_job_cgroup(struct run *run)
{
	if (run->spec.failure.leftovers == LEFTOVERS_STOP && !run->memory_cgroups.is_version_2)
		job_cgroup_make(&run->job_cgroup, run->record.id);
	if (run->options.verbosity == 0)
		return;
	if (run->job_cgroup.directory != NULL)
		patient_say_format("muster: clean-up by the control group %s\n", run->job_cgroup.directory);
	else
		patient_say("muster: clean-up by the process tree\n");
}

/* All that could make the start fail later; returns the exit code, 0 when all is well. */
static int prepare(struct run *run)
{
	struct error err;
	if (run->options.report_path != NULL && report_file_check("the report", run->options.report_path, &err) < 0)
		return console_tell_of(&run->spec, &err, EXIT_MUSTER);
	if (preflight_check(&run->plan, &err) < 0)
		return refuse_start(run, &err, EXIT_MUSTER);
	int rc = rank_launcher_init(&run->launcher, &run->plan, &err);
	if (rc == -ENOENT)
		return refuse_start(run, &err, EXIT_NOT_FOUND);
	if (rc < 0)
		return refuse_file(run, &err);
	mpi_warnings_find(&run->mpi, &run->launcher, &run->plan.arena);
	if (!run->options.quiet)
		mpi_warnings_say(&run->mpi);
	int64_t memory = run->spec.limits.memory_bytes;
	if (memory != NOT_SET &&
	    memory_cgroups_make(&run->memory_cgroups, run->record.id, run->plan.nprocs, memory, &err) < 0)
		return refuse_start(run, &err, EXIT_MUSTER);
	/* Last: it empties the user's files, which a job that is refused must leave as they are. */
	if (output_create(&run->output, &run->plan, run->spec.join ? NULL : &run->logs, &err) < 0)
		return refuse_start(run, &err, EXIT_MUSTER);
	make_job_cgroup(run);
	return 0;
}

/* --- result → report --- */

static int report(struct run *run, struct job_keeper *keeper, const struct guards *guards)
{
	int failed;
	run_account_say(&run->account, &run->result);
	char *document = run_account_report(&run->account, &run->result, &failed);
	int code = run->result.exit_code != 0 ? run->result.exit_code : failed;
	guards->page->outcome = run->result.outcome;
	guards->page->told = code + 1;
	job_keeper_finish(keeper, &run->result, document);
	job_keeper_destroy(keeper);
	free(document);
	return code;
}

/* What outlives processes. The rest goes with them: giving back page by page what they owned would only make the user
 * wait. */
static void tidy(void *context)
{
	struct run *run = context;
	memory_cgroups_remove(&run->memory_cgroups);
	job_cgroup_remove(&run->job_cgroup);
}

/* When no keeper has closed the job's record. */
static void tidy_after(void *context)
{
	const struct run *run = context;
	tidy(context);
	control_server_remove(run->record.id);
}

static void report_loss(void *context, const struct supervisor_loss *loss)
{
	const struct run *run = context;
	run_account_loss(&run->account, loss);
}

/* All was told but to the record, or to that as well. */
static void record_end(void *context, enum job_outcome outcome, int exit_code)
{
	const struct run *run = context;
	job_record_note_late_end(run->record.id, outcome, exit_code);
}

/* What an earlier muster could not tidy, for all of its processes were killed. */
static void reclaim(void *context)
{
	const struct run *run = context;
	job_cgroup_reclaim(&run->job_cgroup);
}

/* Guard and warden end the job without knowing what it was to be. */
static void let_go(void *context)
{
	struct run *run = context;
	if (memory_is_checked())
		return;
	arena_finish(&run->plan.arena);
	output_let_go(run->output);
}

static struct job_keeper *make_keeper(struct run *run, const struct guards *guards)
{
	run->view = (struct plan_view){&run->spec, &run->machine, &run->placement};
	const struct job_facts facts = {
		.record = &run->record,
		.plan = &run->plan,
		.view = &run->view,
		.guards = guards,
		.held_cpus = &run->lease.cpus,
		.output = run->output,
		.starter = &run->starter,
		.directory = run->directory,
		.quiet = run->options.quiet,
	};
	return job_keeper_create(&facts);
}

/* In the supervising process, below guard and warden. */
static int supervise_and_report(void *context, const struct guards *guards)
{
	struct run *run = context;
	struct error err;
	struct job_keeper *keeper = make_keeper(run, guards);
	const struct supervision how = {
		.plan = &run->plan,
		.launcher = &run->launcher,
		.output = run->output,
		.memory_cgroups = &run->memory_cgroups,
		.job_cgroup = &run->job_cgroup,
		.guards = guards,
		.listener = job_keeper_listener(keeper),
		.start_awaited = !run->spec.join,
		.keep_events = run->options.report_path != NULL,
		.quiet = run->options.quiet,
		.verbose = run->options.verbosity > 0,
		.word_restart = run_account_word_restart,
		.word_failure = run_account_word_failure,
		.word_unread = run_account_word_unread,
		.context = &run->account,
	};
	job_result_init(&run->result, run->plan.nprocs);
	for (uint32_t i = 0; i < run->mpi.count; i++)
		job_result_add_warning(&run->result, run->mpi.items[i]);
	int rc = supervise(&how, &run->result, &err);
	if (rc < 0) {
		tidy_after(run);
		return detach_tell(&run->starter, &err);
	}
	tidy(run); /* here, and in the guard: each may be the last */
	return report(run, keeper, guards);
}

/* Becomes the guard, and returns the job's exit code once nothing of the job is left. */
static int guard_job(void *context, int owner, struct error *err)
{
	struct run *run = context;
	run->account = (struct run_account){
		.options = &run->options,
		.spec = &run->spec,
		.plan = &run->plan,
		.held_cpus = &run->lease.cpus,
		.job_cgroup = &run->job_cgroup,
		.record = &run->record,
		.starter = &run->starter,
	};
	run_account_begin(&run->account);
	const struct guarded guarded = {
		.supervise = supervise_and_report,
		.tidy = tidy_after,
		.lost = report_loss,
		.told = record_end,
		.at_leisure = reclaim,
		.let_go = let_go,
		.context = run,
		.cgroup = &run->job_cgroup,
		.owner = owner,
		.keeps = {run->lease.fd, run->record.job},
		.patience_ms = run->spec.failure.grace_ms + HELD_PATIENCE_MS,
		.time_limit_ms = launch_plan_time_limit_ms(&run->plan),
	};
	return guard_run(&guarded, err);
}

/* --- the whole, in the foreground or the background --- */

static int run_in_foreground(struct run *run, int owner)
{
	struct error err;
	int code = guard_job(run, owner, &err);
	return code < 0 ? refuse_start(run, &err, EXIT_MUSTER) : code;
}

static int run_in_background(struct run *run, int owner)
{
	const struct detachment job = {
		.record = &run->record, .starter = &run->starter, .guard = guard_job, .context = run, .owner = owner};
	return detach(&job, &run->detached);
}

static int run_job(struct run *run)
{
	struct error err;
	const char *report_path = run->options.report_path;
	if (load_spec(run) < 0)
		return EXIT_MUSTER;
	if (report_path != NULL) /* the warden has another name where the arguments were */
		run->options.report_path = arena_copy(&run->spec.arena, report_path);
	if (!run->spec.join && report_path != NULL && detach_check_report(report_path, &err) < 0)
		return console_tell(&err, EXIT_MUSTER);
	if (!run->spec.join && detach_prepare(&err) < 0)
		return refuse_start(run, &err, EXIT_MUSTER);
	if (make_plan(run, &err) < 0)
		return refuse_plan(run, &err);
	show_plan(run);
	signals_block();
	int failed = prepare(run);
	if (failed != 0)
		return failed;
	int owner = run->spec.daemon ? guard_open_owner(run->parent, &err) : 0;
	if (owner < 0)
		return refuse_start(run, &err, EXIT_MUSTER);
	return run->spec.join ? run_in_foreground(run, owner) : run_in_background(run, owner);
}

int command_run(int argc, char **argv)
{
	static struct run run = {.record = JOB_RECORD_NONE, .starter = START_WORD_NONE};
	struct error err;
	run.parent = getppid();
	signals_take_over();
	if (run_options_parse(&run.options, OPTIONS_OF_RUN, argc, argv, &err) < 0)
		return console_tell(&err, EXIT_MUSTER);
	if (run.options.help) {
		option_table_print_help(OPTIONS_OF_RUN, stdout);
		return 0;
	}
	int code = run_job(&run);
	if (!run.detached) {
		tidy(&run);
		job_record_discard(&run.record);
	}
	return code;
}
