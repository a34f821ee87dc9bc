/* SPDX-License-Identifier: MIT
 *
 * run_account: see run_account.h.
 */
#include "commands/run_account.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file_text.h"
#include "base/patient_write.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/job_report.h"
#include "commands/options.h"
#include "job/job_record.h"
#include "job/start_word.h"
#include "plan/launch_plan.h"
#include "report/library_words.h"
#include "report/rankless_json.h"
#include "report/report_json.h"
#include "report/report_text.h"
#include "run/guard.h"
#include "run/job_cgroup.h"
#include "run/job_result.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void run_account_begin(struct run_account *account)
{
	clock_gettime(CLOCK_REALTIME, &account->began);
	account->began_ns = clock_ns();
}

static void read_setting(const char *path, char *value, size_t size)
{
	file_text_read(path, value, size);
	value[strcspn(value, "\n")] = '\0';
}

static struct report_facts facts_of(struct run_account *account, const struct job_result *result)
{
	if (result->outcome != OUTCOME_OK) {
		char uses_pid[8] = "";
		read_setting("/proc/sys/kernel/core_pattern", account->core_pattern, sizeof account->core_pattern);
		read_setting("/proc/sys/kernel/core_uses_pid", uses_pid, sizeof uses_pid);
		account->core_uses_pid = uses_pid[0] == '1';
	}
	return (struct report_facts){
		.plan = account->plan,
		.result = result,
		.held_cpus = account->held_cpus,
		.core_pattern = account->core_pattern[0] != '\0' ? account->core_pattern : NULL,
		.core_uses_pid = account->core_uses_pid,
		.colour = console_wants_colour(account->options->color, STDERR_FILENO),
	};
}

/* --- while it runs --- */

void run_account_word_restart(void *account, const struct job_result *result, const struct restart *restart,
                              struct text *line)
{
	const struct report_facts facts = facts_of(account, result);
	report_text_add_restart(line, &facts, restart);
}

void run_account_word_failure(void *account, const struct job_result *result, struct text *line)
{
	const struct report_facts facts = facts_of(account, result);
	report_text_add_first_failure(line, &facts, "the others go on");
}

void run_account_word_unread(void *account, const struct job_result *result, struct text *line)
{
	const struct report_facts facts = facts_of(account, result);
	report_text_add_first_failure(line, &facts, "what the ranks printed waits to be read");
}

/* --- after it --- */

void run_account_say(struct run_account *account, const struct job_result *result)
{
	const struct report_facts facts = facts_of(account, result);
	const struct run_options *options = account->options;
	struct text text = {0};
	report_text_add_failure(&text, &facts);
	if ((options->report_path != NULL || options->verbosity > 0) && !options->quiet)
		add_straggler_line(&text, &facts);
	if (options->verbosity > 0 && result->outcome == OUTCOME_OK && result->leftovers > 0)
		report_text_add_survivors(&text, &facts);
	if (text.length > 0)
		patient_say(text.bytes);
	start_word_say(account->starter, result->exit_code, text.length > 0 ? text.bytes : "");
	text_finish(&text);
}

char *run_account_report(struct run_account *account, const struct job_result *result, int *failed)
{
	char host[256] = "";
	*failed = 0;
	if (account->options->report_path == NULL && account->record->directory < 0)
		return NULL;
	const struct report_facts facts = facts_of(account, result);
	gethostname(host, sizeof host - 1);
	char *document = report_json_format(&facts, host);
	*failed = job_report_write(account->options->report_path, document);
	return document;
}

void run_account_loss(const struct run_account *account, const struct supervisor_loss *loss)
{
	struct error err;
	struct rankless_job job = {.spec = account->spec,
	                           .id = account->record->id,
	                           .why = loss->why,
	                           .outcome = OUTCOME_ERROR,
	                           .exit_code = EXIT_MUSTER,
	                           .began = account->began,
	                           .nprocs = account->plan->nprocs,
	                           .survivors = loss->survivors,
	                           .restarts = loss->restarts,
	                           .elapsed_ns = clock_ns() - account->began_ns,
	                           .waited_ms = account->plan->waited_ms,
	                           .cgroup = account->job_cgroup->directory,
	                           .held_cpus = account->held_cpus};
	char *document = job_report_without_ranks(&job, account->options->report_path);
	if (job_record_put_late(account->record->id, "report.json", document, strlen(document), &err) < 0)
		console_tell(&err, EXIT_MUSTER);
	free(document);
}
