/* SPDX-License-Identifier: MIT
 *
 * signal: `muster signal JOB SIGNAL` sends a signal to the ranks of a job, each rank's process alone.
 */
#include "commands/signal.h"

#include "base/error.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/control_client.h"
#include "job/job_find.h"
#include "job/job_view.h"

#include <errno.h>

static const struct job_usage usage = {
	.letters = "r",
	.wanted = "[-r RANKS] JOB SIGNAL",
	.least = 2,
	.most = 2,
	.help = "Send a signal to the ranks of a job that runs: USR1, TERM, 10 ...\n\n"
		"  -r, --ranks RANKS   to these only, like 0-3,8\n"
		"  -h, --help          this text\n\n"
		"Exit code: 0 when it was sent to at least one rank, else 125.\n",
};

static int send_to(struct job_view *view, const char *signal, const char *ranks, struct error *err)
{
	if (!job_life_goes_on(view->life))
		return error_set(err, -ESRCH, "job %s has ended", view->id);
	json_t *request = json_pack("{s:s, s:s}", "do", "signal", "signal", signal);
	if (ranks != NULL)
		json_object_set_new(request, "ranks", json_string(ranks));
	json_t *answer = control_ask(view, request, err);
	if (answer == NULL)
		return err->code;
	json_int_t sent = json_integer_value(json_object_get(answer, "sent"));
	json_decref(answer);
	return sent > 0 ? 0 : error_set(err, -ESRCH, "job %s: none of these ranks runs", view->id);
}

int command_signal(int argc, char **argv)
{
	struct job_options options;
	struct job_view view;
	struct error err;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	int rc = job_find(&view, options.words[0], JOB_THAT_RUNS, &err);
	if (rc == 0)
		rc = job_view_await_start(&view, &err);
	if (rc == 0)
		rc = send_to(&view, options.words[1], options.ranks, &err);
	job_view_close(&view);
	return rc < 0 ? console_tell(&err, EXIT_MUSTER) : EXIT_OK;
}
