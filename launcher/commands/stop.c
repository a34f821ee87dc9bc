/* SPDX-License-Identifier: MIT
 *
 * stop: `muster stop JOB...` asks jobs to stop, and returns once nothing of them is left.
 */
#include "commands/stop.h"

#include "base/error.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/control_client.h"
#include "job/control_server.h"
#include "job/job_find.h"
#include "job/job_holder.h"
#include "job/job_record.h"
#include "job/job_strays.h"
#include "job/job_view.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>

static const struct job_usage usage = {
	.letters = "g",
	.wanted = "[--grace T] JOB...",
	.least = 1,
	.most = INT_MAX,
	.help = "Stop jobs: the stop signal to their ranks, SIGKILL after the grace time; return once nothing is "
		"left.\n\n"
		"  -g, --grace T   how long ranks may take to stop, instead of the job's failure.grace\n"
		"  -h, --help      this text\n\n"
		"Exit code: 0 when nothing of the jobs is left, else 125.\n",
};

static json_t *request_of(int64_t grace_ms)
{
	json_t *request = json_pack("{s:s}", "do", "stop");
	if (grace_ms >= 0)
		json_object_set_new(request, "grace_ms", json_integer(grace_ms));
	return request;
}

static bool is_over(struct job_view *view)
{
	return job_view_wait(view, 0, NULL) > 0;
}

/* One that ended while it was asked is as good as stopped; one whose supervisor is held by somebody, or has no socket,
 * or was killed, is told by signal. */
static int ask(struct job_view *view, int64_t grace_ms, struct error *err)
{
	json_t *answer = control_ask(view, request_of(grace_ms), err);
	json_decref(answer);
	if (answer != NULL)
		return 0;
	bool ends = is_over(view) || job_holder_signal(view, SIGTERM) || is_over(view);
	return ends ? 0 : err->code;
}

static int check_no_strays(const struct job_view *view, struct error *err)
{
	int strays = job_strays_end(view->id, err);
	if (strays <= 0)
		return strays;
	return error_set(err, -EBUSY, "job %s is lost, and %d of its processes cannot be ended", view->id, strays);
}

/* A report that is not there, or is no report, counts nobody. */
static int check_no_survivors(const struct job_view *view, struct error *err)
{
	json_t *report = job_view_report(view, err);
	if (report == NULL && err->code != -ENOENT && err->code != -EBADMSG)
		return err->code;
	json_int_t survivors = json_integer_value(json_object_get(report, "survivors"));
	json_decref(report);
	if (survivors == 0)
		return 0;
	return error_set(err, -EBUSY, "job %s ended, and %d of its processes did not", view->id, (int)survivors);
}

/* Nothing of the job is left when this returns 0. */
static int wait_for_end(struct job_view *view, struct error *err)
{
	job_holder_wake(view);
	int rc = job_view_wait(view, -1, err);
	if (rc < 0 || view->life == JOB_GONE)
		return rc < 0 ? rc : 0;
	if (view->life == JOB_ENDED)
		return check_no_survivors(view, err);
	rc = check_no_strays(view, err);
	if (rc < 0)
		return rc;
	control_server_remove(view->id);
	job_record_note_end(view->directory, OUTCOME_ERROR, EXIT_MUSTER);
	return 0;
}

static int stop_one(const char *word, int64_t grace_ms)
{
	struct job_view view;
	struct error err;
	int rc = job_find(&view, word, JOB_THAT_RUNS, &err);
	if (rc == 0)
		rc = job_view_await_start(&view, &err);
	if (rc == 0 && job_life_goes_on(view.life))
		rc = ask(&view, grace_ms, &err);
	if (rc == 0)
		rc = wait_for_end(&view, &err);
	job_view_close(&view);
	return rc < 0 ? console_tell(&err, EXIT_MUSTER) : EXIT_OK;
}

int command_stop(int argc, char **argv)
{
	struct job_options options;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	for (char **word = options.words; *word != NULL; word++)
		code = stop_one(*word, options.grace_ms) != EXIT_OK ? EXIT_MUSTER : code;
	return code;
}
