/* SPDX-License-Identifier: MIT
 *
 * report: `muster report JOB|FILE` shows how a job went that has ended: its report, of the record or of a file.
 */
#include "commands/report.h"

#include "base/error.h"
#include "base/text.h"
#include "commands/console.h"
#include "commands/job_options.h"
#include "job/job_find.h"
#include "job/job_view.h"
#include "report/report_check.h"
#include "report/report_html.h"
#include "report/report_overview.h"
#include "report/report_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct job_usage usage = {
	.letters = "jTH",
	.wanted = "[--json | --html | --trace] [JOB|FILE]",
	.least = 0,
	.most = 1,
	.help = "Show how a job went that has ended: the one that was started last, unless it is named.\n\n"
		"  -j, --json    the report itself, see muster-report(5)\n"
		"  -H, --html    a page that stands alone: what happened, a time line, the ranks\n"
		"  -T, --trace   a time line of the ranks, as Perfetto and about:tracing read it\n"
		"  -h, --help    this text\n\n"
		"What has a slash in it, or ends in .json, is a file that --report wrote; \"-\" is standard input.\n",
};

static bool is_file(const char *word)
{
	size_t length = strlen(word);
	return strchr(word, '/') != NULL || strcmp(word, "-") == 0 ||
	       (length > 5 && strcmp(word + length - 5, ".json") == 0);
}

static json_t *load_file(const char *path, struct error *err)
{
	json_error_t where;
	FILE *from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (from == NULL) {
		error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
		return NULL;
	}
	json_t *report = json_loadf(from, 0, &where);
	if (from != stdin)
		fclose(from);
	if (report == NULL)
		error_set(err, -EBADMSG, "%s: not a report, see muster-report(5): it is no JSON: line %d: %s", path,
		          where.line, where.text);
	return report;
}

static bool has_ended(const struct job_view *view)
{
	return view->life == JOB_ENDED;
}

static const struct job_fitting ended_job = {has_ended, "has ended"};

/* NULL where it cannot be read: then there is the report alone. */
static FILE *open_events(const struct job_view *view)
{
	int fd = openat(view->directory, "events.jsonl", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	FILE *events = fd < 0 ? NULL : fdopen(fd, "r");
	if (fd >= 0 && events == NULL)
		close(fd);
	return events;
}

static json_t *load_job(const char *word, FILE **events, struct error *err)
{
	struct job_view view;
	json_t *report = NULL;
	if (job_find_or_newest(&view, word, &ended_job, err) == 0 && view.life == JOB_ENDED) {
		report = job_view_report(&view, err);
		*events = open_events(&view);
	} else if (view.directory >= 0) {
		error_set(err, -ENOENT, "job %s %s", view.id,
		          view.life == JOB_LOST ? "is lost: there is no report" : "still runs; muster status shows it");
	}
	job_view_close(&view);
	return report;
}

static json_t *load(const char *word, FILE **events, struct error *err)
{
	json_t *report = word != NULL && is_file(word) ? load_file(word, err) : load_job(word, events, err);
	if (report != NULL && report_check(report, word != NULL ? word : "the newest job", err) < 0) {
		json_decref(report);
		return NULL;
	}
	return report;
}

static void print_page(const json_t *report)
{
	struct text page = {0};
	report_html(&page, report);
	fputs(page.bytes, stdout);
	text_finish(&page);
}

static void print_overview(const json_t *report, FILE *events)
{
	struct text overview = {0};
	report_overview(&overview, report, events);
	fputs(overview.bytes, stdout);
	text_finish(&overview);
}

static void show(const struct job_options *options, const json_t *report, FILE *events)
{
	if (options->json) {
		console_print_json(report, JSON_INDENT(1));
	} else if (options->trace) {
		json_t *trace = report_trace(report);
		console_print_json(trace, JSON_COMPACT);
		json_decref(trace);
	} else if (options->html) {
		print_page(report);
	} else {
		print_overview(report, events);
	}
}

int command_report(int argc, char **argv)
{
	struct job_options options;
	struct error err;
	int code = EXIT_OK;
	if (!job_options_take(&options, &usage, argc, argv, &code))
		return code;
	if (options.json + options.trace + options.html > 1) {
		error_set(&err, -EINVAL, "--json, --html and --trace all go to standard output: choose one");
		return console_tell(&err, EXIT_MUSTER);
	}
	FILE *events = NULL;
	json_t *report = load(options.words[0], &events, &err);
	if (report == NULL)
		code = console_tell(&err, EXIT_MUSTER);
	else
		show(&options, report, events);
	json_decref(report);
	if (events != NULL)
		fclose(events);
	return code;
}
