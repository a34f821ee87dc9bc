/* SPDX-License-Identifier: MIT
 *
 * status: `muster status JOB` shows a job rank by rank: of one that runs as it says itself, of one that ended as its
 * report says.
 */
#include "commands/status.h"

#include "base/error.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/control_client.h"
#include "job/job_find.h"
#include "job/job_view.h"
#include "report/library_words.h"
#include "run/job_result.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct job_usage usage = {
	.letters = "j",
	.wanted = "[--json] [JOB]",
	.least = 0,
	.most = 1,
	.help = "Show the state of a job, rank by rank: of the one that was started last, unless it is named.\n\n"
		"  -j, --json   as JSON\n"
		"  -h, --help   this text\n",
};

/* The pages of the ranks put together. A page that leads back would have no end. */
static json_t *ask_all(struct job_view *view, struct error *err)
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

/* --- one shape, whoever told --- */

/* Those of `from` by their names, in that order; null where it has none. */
static json_t *pick(const json_t *from, const char *const *members)
{
	json_t *made = json_object();
	for (; *members != NULL; members++) {
		json_t *value = json_object_get(from, *members);
		json_object_set_new(made, *members, value == NULL ? json_null() : json_incref(value));
	}
	return made;
}

/* How a rank ended is told by its exit code or signal. */
static json_t *rank_of(const json_t *from)
{
	static const char *const members[] = {"rank", "pid", "cpus", "state", "exit_code", "signal", "waiting", NULL};
	json_t *made = pick(from, members);
	const char *end = json_string_value(json_object_get(from, "end"));
	if (end != NULL)
		json_object_set_new(
			made, "state",
			json_string(strcmp(end, "exited") == 0 || strcmp(end, "signaled") == 0 ? "ended" : end));
	return made;
}

static json_t *ranks_of(const json_t *from)
{
	size_t i;
	json_t *rank, *ranks = json_array();
	json_array_foreach(json_object_get(from, "ranks"), i, rank) json_array_append_new(ranks, rank_of(rank));
	return ranks;
}

/* Nobody wants to know more of a time that has passed when it is read. */
static json_t *microseconds(const json_t *seconds)
{
	char text[DBL_MAX_10_EXP + 16];
	if (!json_is_number(seconds))
		return json_null();
	snprintf(text, sizeof text, "%.6f", json_number_value(seconds));
	return json_real(strtod(text, NULL));
}

/* `from` is what a job answers, a report, or nothing. */
static json_t *shape(const struct job_view *view, const json_t *from)
{
	static const char *const members[] = {"id",      "state",     "outcome",  "exit_code", "nprocs",
	                                      "running", "elapsed_s", "restarts", NULL};
	json_t *made = pick(from, members);
	json_object_set_new(made, "id", json_string(view->id));
	json_object_set(made, "nprocs", json_object_get(view->job, "nprocs"));
	json_object_set_new(made, "elapsed_s", microseconds(json_object_get(from, "elapsed_s")));
	json_object_set_new(made, "ranks", ranks_of(from));
	if (view->life != JOB_RUNNING)
		json_object_set_new(made, "state", json_string(job_life_name(view->life)));
	if (view->life == JOB_ENDED)
		json_object_set_new(made, "running", json_integer(0));
	return made;
}

static json_t *look(struct job_view *view, struct error *err)
{
	json_t *from = NULL;
	if (view->life == JOB_RUNNING) {
		from = ask_all(view, err);
		if (from == NULL && job_view_refresh(view, err) < 0) /* it may have ended meanwhile */
			return NULL;
	}
	if (view->life == JOB_ENDED)
		from = job_view_outcome(view, err);
	if (from == NULL && view->life != JOB_STARTING && view->life != JOB_LOST)
		return NULL;
	json_t *made = shape(view, from);
	json_decref(from);
	return made;
}

/* --- as text --- */

static struct rank_wait wait_of(const json_t *waiting)
{
	const json_t *peer = json_object_get(waiting, "peer"), *seconds = json_object_get(waiting, "for_s");
	const char *label = json_string_value(json_object_get(waiting, "label"));
	struct rank_wait wait = {.kind = WAITS_IN_BARRIER, .peer = -1, .for_ns = TIME_UNKNOWN};
	while (wait.kind != WAITS_TO_RECEIVE && strcmp(wait_name(&wait), console_member(waiting, "in")) != 0)
		wait.kind++;
	if (json_is_integer(peer))
		wait.peer = (int32_t)json_integer_value(peer);
	if (json_is_number(seconds))
		wait.for_ns = (int64_t)(json_number_value(seconds) * 1e9);
	snprintf(wait.label, sizeof wait.label, "%s", label != NULL ? label : "");
	return wait;
}

static void add_end(struct text *text, const json_t *rank)
{
	const json_t *code = json_object_get(rank, "exit_code"), *waiting = json_object_get(rank, "waiting");
	if (json_is_integer(code)) {
		text_add_format(text, "exit %d", (int)json_integer_value(code));
	} else if (json_is_object(waiting)) {
		const struct rank_wait wait = wait_of(waiting);
		add_wait(text, &wait);
	} else {
		text_add(text, console_member(rank, "signal"));
	}
}

static void print_head(const json_t *status)
{
	const json_t *code = json_object_get(status, "exit_code"), *elapsed = json_object_get(status, "elapsed_s");
	int restarts = (int)json_integer_value(json_object_get(status, "restarts"));
	printf("job    %s\nstate  %s", console_member(status, "id"), console_member(status, "state"));
	if (json_is_integer(code))
		printf(", exit code %d", (int)json_integer_value(code));
	if (json_is_number(elapsed))
		printf(", %.1f s", json_number_value(elapsed));
	if (restarts > 0)
		printf(", %d %s", restarts, restarts == 1 ? "restart" : "restarts");
	putchar('\n');
}

static int width_of(const json_t *ranks, const char *member, int least)
{
	size_t i;
	json_t *rank;
	json_array_foreach(ranks, i, rank)
	{
		int length = (int)strlen(console_member(rank, member));
		least = length > least ? length : least;
	}
	return least;
}

static void print_rank(const json_t *rank, int cpus, int state)
{
	char pid[16] = "-";
	struct text end = {0};
	const json_t *number = json_object_get(rank, "pid");
	if (json_is_integer(number))
		snprintf(pid, sizeof pid, "%d", (int)json_integer_value(number));
	add_end(&end, rank);
	printf("%4d  %-8s  %-*s  %-*s  %s\n", (int)json_integer_value(json_object_get(rank, "rank")), pid, cpus,
	       console_member(rank, "cpus"), state, console_member(rank, "state"), end.bytes);
	text_finish(&end);
}

static void print_ranks(const json_t *ranks)
{
	size_t i;
	json_t *rank;
	int cpus = width_of(ranks, "cpus", 4), state = width_of(ranks, "state", 7);
	printf("rank  pid       %-*s  %-*s  end, or what it waits for\n", cpus, "CPUs", state, "state");
	json_array_foreach(ranks, i, rank) print_rank(rank, cpus, state);
}

static void print_status(const json_t *status)
{
	print_head(status);
	if (json_array_size(json_object_get(status, "ranks")) > 0)
		print_ranks(json_object_get(status, "ranks"));
}

static const struct job_fitting any_job = {.words = "was started"};

int command_status(int argc, char **argv)
{
	struct job_options options;
	struct job_view view;
	struct error err;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	json_t *status = job_find_or_newest(&view, options.words[0], &any_job, &err) < 0 ? NULL : look(&view, &err);
	job_view_close(&view);
	if (status == NULL)
		return console_tell(&err, EXIT_MUSTER);
	if (options.json)
		console_print_json(status, JSON_INDENT(2));
	else
		print_status(status);
	json_decref(status);
	return EXIT_OK;
}
