/* SPDX-License-Identifier: MIT
 *
 * join: `muster join JOB...` waits until the jobs have ended, and exits with the exit code of the first that failed. It
 * waits for their locks: nobody has to answer, and a job that was lost keeps nobody waiting.
 */
#include "commands/join.h"

#include "base/clock.h"
#include "base/error.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/job_find.h"
#include "job/job_view.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { EXIT_CODE_MAX = 255 };

static const struct job_usage usage = {
	.letters = "tj",
	.wanted = "[--timeout T] JOB...",
	.least = 1,
	.most = INT_MAX,
	.help = "Wait for jobs, and exit with the exit code of the first one given that failed.\n\n"
		"  -t, --timeout T   give up after T, like 90s or 1h30m: exit code 124\n"
		"  -j, --json        the jobs and their exit codes, as JSON\n"
		"  -h, --help        this text\n\n"
		"JOB is an id, the beginning of one, or a name; of several such jobs, the only one that runs.\n",
};

/* The code that a job ended with; null where nobody knows it. */
static json_t *code_of(struct job_view *view, struct error *err)
{
	if (view->life == JOB_LOST) {
		error_set(err, -ENOENT, "job %s is lost: muster was killed, or the machine went down, before its end",
		          view->id);
		return json_null();
	}
	if (view->life == JOB_GONE) {
		error_set(err, -ENOENT, "job %s is gone: it could not be started, or its record was removed", view->id);
		return json_null();
	}
	json_t *outcome = job_view_outcome(view, err);
	if (outcome == NULL)
		return json_null();
	json_t *code = json_incref(json_object_get(outcome, "exit_code"));
	json_decref(outcome);
	json_int_t number = json_integer_value(code);
	if (json_is_integer(code) && number >= 0 && number <= EXIT_CODE_MAX)
		return code;
	if (json_is_integer(code))
		error_set(err, -EBADMSG, "job %s: its record says exit_code %lld, which is not of 0 to %d", view->id,
		          (long long)number, EXIT_CODE_MAX);
	else
		error_set(err, -EBADMSG, "job %s: its record has no exit_code", view->id);
	json_decref(code);
	return json_null();
}

/* `code` becomes the job's, or null; what is returned is join's own where the job has none. */
static int wait_for(struct job_view *view, int64_t end_ms, json_t **code)
{
	struct error err;
	int64_t left_ms = end_ms < 0 ? -1 : end_ms > clock_ms() ? end_ms - clock_ms() : 0;
	int over = view->life == JOB_ENDED ? 1 : job_view_wait(view, left_ms, &err);
	if (over <= 0) {
		*code = json_null();
		if (over == 0)
			error_set(&err, -ETIMEDOUT, "job %s still runs", view->id);
		return console_tell(&err, over == 0 ? EXIT_TIME_LIMIT : EXIT_MUSTER);
	}
	*code = code_of(view, &err);
	return json_is_integer(*code) ? (int)json_integer_value(*code) : console_tell(&err, EXIT_MUSTER);
}

static int join_one(const char *word, int64_t end_ms, json_t *jobs)
{
	struct job_view view;
	struct error err;
	json_t *of_job;
	if (job_find(&view, word, JOB_ANY, &err) < 0)
		return console_tell(&err, EXIT_MUSTER);
	int code = wait_for(&view, end_ms, &of_job);
	json_array_append_new(jobs, json_pack("{s:s, s:s, s:o}", "id", view.id, "state", job_life_name(view.life),
	                                      "exit_code", of_job));
	job_view_close(&view);
	return code;
}

int command_join(int argc, char **argv)
{
	struct job_options options;
	int first;
	if (!job_options_take(&options, &usage, argc, argv, &first))
		return first;
	int64_t end_ms = options.timeout_ms < 0 ? -1 : clock_ms() + options.timeout_ms;
	json_t *jobs = json_array();
	for (char **word = options.words; *word != NULL; word++) {
		int code = join_one(*word, end_ms, jobs);
		first = first == 0 ? code : first;
	}
	if (options.json)
		console_print_json(jobs, JSON_INDENT(2));
	json_decref(jobs);
	return first;
}
