/* SPDX-License-Identifier: MIT
 *
 * status: `muster status JOB` shows a job rank by rank: of one that runs as it says itself, of one that ended as its
 * report says.
 */
#include "commands/status.h"

#include "base/error.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/control_client.h"
#include "job/job_view.h"

#include <stdio.h>
#include <string.h>

static const struct job_usage usage = {
	.letters = "j",
	.wanted = "[--json] JOB",
	.least = 1,
	.most = 1,
	.help = "Show the state of a job, rank by rank.\n\n"
		"  -j, --json   as JSON\n"
		"  -h, --help   this text\n",
};

/* The pages of the ranks put together. A page that leads back would have no end. */
static json_t *ask_all(const struct job_view *view, struct error *err)
{
	json_t *whole = NULL;
	for (json_int_t from = 0; from >= 0;) {
		json_t *page = control_ask(view, json_pack("{s:s, s:I}", "do", "status", "from", from), err);
		json_int_t next = json_integer_value(json_object_get(page, "next"));
		from = next > from ? next : -1;
		if (page == NULL || whole == NULL) {
			json_decref(whole);
			whole = page;
		} else {
			json_array_extend(json_object_get(whole, "ranks"), json_object_get(page, "ranks"));
			json_decref(page);
		}
	}
	json_object_del(whole, "next");
	return whole;
}

static json_t *ended_rank(json_t *from)
{
	static const char *const members[] = {"rank", "pid", "cpus", "exit_code", "signal"};
	json_t *made = json_pack("{s:O?}", "state", json_object_get(from, "end"));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_object_set(made, members[i], json_object_get(from, members[i]));
	return made;
}

static json_t *of_report(const struct job_view *view, struct error *err)
{
	static const char *const members[] = {"outcome", "exit_code", "elapsed_s", "restarts"};
	size_t i;
	json_t *rank, *report = job_view_report(view, err);
	if (report == NULL)
		return NULL;
	json_t *made = json_object(), *ranks = json_array();
	for (i = 0; i < sizeof members / sizeof *members; i++)
		json_object_set(made, members[i], json_object_get(report, members[i]));
	json_array_foreach(json_object_get(report, "ranks"), i, rank) json_array_append_new(ranks, ended_rank(rank));
	json_object_set_new(made, "nprocs", json_integer((json_int_t)json_array_size(ranks)));
	json_object_set_new(made, "ranks", ranks);
	json_decref(report);
	return made;
}

static json_t *look(struct job_view *view, struct error *err)
{
	json_t *made = NULL;
	if (view->life == JOB_RUNNING) {
		made = ask_all(view, err);
		if (made == NULL)
			job_view_refresh(view); /* it may have ended meanwhile */
	}
	if (view->life == JOB_ENDED)
		made = of_report(view, err);
	if (view->life == JOB_LOST || view->life == JOB_STARTING)
		made = json_pack("{s:[]}", "ranks");
	if (made == NULL)
		return NULL;
	json_object_set_new(made, "id", json_string(view->id));
	if (view->life != JOB_RUNNING)
		json_object_set_new(made, "state", json_string(job_life_name(view->life)));
	return made;
}

static void print_end(const json_t *rank)
{
	const char *signal = json_string_value(json_object_get(rank, "signal"));
	json_t *code = json_object_get(rank, "exit_code");
	if (signal != NULL)
		printf("  %s", signal);
	else if (json_is_integer(code))
		printf("  exit %d", (int)json_integer_value(code));
}

static void print_status(const json_t *status)
{
	size_t i;
	json_t *rank, *code = json_object_get(status, "exit_code");
	printf("%s: %s", json_string_value(json_object_get(status, "id")),
	       json_string_value(json_object_get(status, "state")));
	if (code != NULL)
		printf(", exit code %d", (int)json_integer_value(code));
	if (json_object_get(status, "elapsed_s") != NULL)
		printf(", %.1f s", json_number_value(json_object_get(status, "elapsed_s")));
	if (json_integer_value(json_object_get(status, "restarts")) > 0)
		printf(", %d restarts", (int)json_integer_value(json_object_get(status, "restarts")));
	putchar('\n');
	json_array_foreach(json_object_get(status, "ranks"), i, rank)
	{
		const char *cpus = json_string_value(json_object_get(rank, "cpus"));
		const char *state = json_string_value(json_object_get(rank, "state"));
		printf("%s%4d  pid %-7d  CPUs %-8s  %s", i == 0 ? "rank\n" : "",
		       (int)json_integer_value(json_object_get(rank, "rank")),
		       (int)json_integer_value(json_object_get(rank, "pid")), cpus == NULL ? "-" : cpus,
		       state == NULL ? "-" : state);
		print_end(rank);
		putchar('\n');
	}
}

int command_status(int argc, char **argv)
{
	struct job_options options;
	struct job_view view;
	struct error err;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	json_t *status = job_view_find(&view, options.words[0], JOB_ANY, &err) < 0 ? NULL : look(&view, &err);
	job_view_close(&view);
	if (status == NULL)
		return console_tell(&err, EXIT_MUSTER);
	if (options.json) {
		json_dumpf(status, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_status(status);
	}
	json_decref(status);
	return EXIT_OK;
}
