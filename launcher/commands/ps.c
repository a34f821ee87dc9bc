/* SPDX-License-Identifier: MIT
 *
 * ps: `muster ps` lists the jobs of this user that run or were lost; with -a those that ended, too.
 */
#include "commands/ps.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/job_places.h"
#include "job/job_view.h"
#include "report/command_words.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const struct job_usage usage = {
	.letters = "aj",
	.wanted = "[-a] [--json]",
	.help = "List the jobs that run, and those that were lost: nobody of muster is left, and nothing says how they "
		"ended.\n\n"
		"  -a, --all    those that ended, too\n"
		"  -j, --json   as JSON\n"
		"  -h, --help   this text\n",
};

/* What job.json says, the state, and of a job that ended how. */
static json_t *describe(const struct job_view *view)
{
	static const char *const members[] = {"name", "nprocs", "join", "daemon", "cpus", "started", "pid", "command"};
	json_t *made = json_pack("{s:s, s:s}", "id", view->id, "state", job_life_name(view->life));
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_object_set(made, members[i], json_object_get(view->job, members[i]));
	if (view->life == JOB_RUNNING) /* no longer: the lock is gone with the job */
		json_object_set(made, "held_cpus", json_object_get(view->job, "held_cpus"));
	json_t *end = view->life == JOB_ENDED ? job_view_end(view) : NULL;
	if (view->life == JOB_ENDED && end == NULL)
		end = job_view_report(view, NULL);
	json_object_set(made, "outcome", json_object_get(end, "outcome"));
	json_object_set(made, "exit_code", json_object_get(end, "exit_code"));
	json_decref(end);
	return made;
}

static void add_job(void *context, struct job_view *view)
{
	json_array_append_new(context, describe(view));
}

/* --- their order --- */

/* Dates are of one length, in UTC. A job that says nothing as yet is only just starting. */
static int by_start(const void *one, const void *other)
{
	const char *a = json_string_value(json_object_get(*(json_t *const *)one, "started"));
	const char *b = json_string_value(json_object_get(*(json_t *const *)other, "started"));
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return strcmp(a, b);
}

/* The newest last, where the eye is when a list has run through. */
static json_t *sort(json_t *jobs)
{
	size_t count = json_array_size(jobs);
	json_t **items = memory_zeroed(count * sizeof(json_t *)), *sorted = json_array();
	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(jobs, i);
	qsort(items, count, sizeof *items, by_start);
	for (size_t i = 0; i < count; i++)
		json_array_append(sorted, items[i]);
	free(items);
	json_decref(jobs);
	return sorted;
}

/* --- the table --- */

static void local_time(char text[static 32], const char *date)
{
	struct tm fields = {0};
	time_t seconds = strptime(date, "%Y-%m-%dT%H:%M:%S", &fields) == NULL ? (time_t)-1 : timegm(&fields);
	if (seconds == (time_t)-1 || localtime_r(&seconds, &fields) == NULL)
		snprintf(text, 32, "-");
	else
		strftime(text, 32, "%Y-%m-%d %H:%M:%S", &fields);
}

static void state_words(char text[static 16], const json_t *job)
{
	json_t *code = json_object_get(job, "exit_code");
	if (code != NULL)
		snprintf(text, 16, "exit %d", (int)json_integer_value(code));
	else
		snprintf(text, 16, "%s", console_member(job, "state"));
}

/* Of a terminal; 0 where there is none: then nothing is cut. */
static size_t line_width(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* How many bytes so many columns of it take, at most. */
static size_t bytes_of(const struct text *words, size_t columns)
{
	size_t length = 0, bytes = 1;
	for (; columns > 0 && length < words->length && bytes > 0; columns--) {
		bytes = utf8_bytes(words->bytes + length);
		length += bytes;
	}
	return length;
}

/* As much of it as the line has room for. */
static void print_command(const json_t *command, size_t room)
{
	struct text words = {0};
	command_words_add(&words, command);
	bool fits = bytes_of(&words, room) == words.length;
	size_t length = fits ? words.length : bytes_of(&words, room - 1);
	printf("%.*s%s\n", (int)length, length > 0 ? words.bytes : "", fits ? "" : "\u2026");
	text_finish(&words);
}

static void print_table(const json_t *jobs)
{
	size_t i;
	json_t *job;
	int width = 2;
	size_t line = line_width();
	json_array_foreach(jobs, i, job)
	{
		int length = (int)strlen(console_member(job, "id"));
		width = length > width ? length : width;
	}
	printf("%-*s  %-8s  %5s  %-19s  %-8s  %s\n", width, "ID", "STATE", "RANKS", "STARTED", "HOLDS", "COMMAND");
	json_array_foreach(jobs, i, job)
	{
		char state[16], started[32];
		state_words(state, job);
		local_time(started, console_member(job, "started"));
		int used = printf("%-*s  %-8s  %5d  %-19s  %-8s  ", width, console_member(job, "id"), state,
		                  (int)json_integer_value(json_object_get(job, "nprocs")), started,
		                  console_member(job, "held_cpus"));
		size_t room = line == 0 || used < 0 ? SIZE_MAX : line > (size_t)used ? line - (size_t)used : 1;
		print_command(json_object_get(job, "command"), room);
	}
}

int command_ps(int argc, char **argv)
{
	struct job_options options;
	struct error err;
	int code;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	json_t *jobs = json_array();
	int rc = job_view_each(options.all, add_job, jobs, &err);
	if (rc == -ENOENT && job_places_known()) /* nobody has run one yet */
		rc = 0;
	if (rc == 0 || json_array_size(jobs) > 0) {
		jobs = sort(jobs);
		if (options.json)
			console_print_json(jobs, JSON_INDENT(2));
		else
			print_table(jobs);
	}
	json_decref(jobs);
	return rc == 0 ? EXIT_OK : console_tell(&err, EXIT_MUSTER);
}
