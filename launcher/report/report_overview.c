/* SPDX-License-Identifier: MIT
 *
 * report_overview: see report_overview.h. The words may be anybody's: control characters are shown, not sent.
 */
#include "report/report_overview.h"

#include "base/printable.h"
#include "base/text.h"
#include "report/command_words.h"
#include "report/report_member.h"
#include "report/report_restarts.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { WIDEST_CPUS = 20 };

static void add_words(struct text *text, const char *before, const char *words, const char *after)
{
	if (words == NULL)
		return;
	text_add(text, before);
	printable_add(text, words);
	text_add(text, after);
}

/* --- the job --- */

static void add_command(struct text *text, const json_t *command)
{
	if (json_array_size(command) == 0)
		return;
	text_add(text, "command  ");
	command_words_add(text, command);
	text_add(text, "\n");
}

static void add_restarts(struct text *text, const json_t *report, FILE *events)
{
	int64_t restarts = report_count(report, "restarts");
	if (restarts == 0)
		return;
	text_add_format(text, "restarts %" PRIi64 "%s\n", restarts,
	                events == NULL ? "; what failed before them only events of the job's record tell, where they "
	                                 "were kept"
	                               : "");
	if (events != NULL)
		report_restarts(text, events, restarts);
}

static void add_lines(struct text *text, const char *before, const json_t *lines)
{
	size_t i;
	json_t *line;
	json_array_foreach(lines, i, line) add_words(text, before, json_string_value(line), "\n");
}

/* --- the ranks --- */

struct columns {
	int cpus;
	bool library;
};

static struct columns measure(const json_t *report)
{
	size_t i;
	json_t *rank;
	struct columns columns = {.cpus = 4, .library = report_has_library(report)};
	json_array_foreach(json_object_get(report, "ranks"), i, rank)
	{
		const char *cpus = report_words(rank, "cpus");
		int length = cpus == NULL ? 0 : (int)strnlen(cpus, WIDEST_CPUS);
		columns.cpus = length > columns.cpus ? length : columns.cpus;
	}
	return columns;
}

static void add_titles(struct text *text, const struct columns *columns)
{
	text_add_format(text, "rank  pid       %-*s    user s  system s        memory  ", columns->cpus, "CPUs");
	for (size_t i = 0; columns->library && i < REPORT_LIBRARY_COLUMNS; i++)
		text_add_format(text, "%8s  ", report_library_columns[i].short_title);
	text_add(text, "end\n");
}

/* So many bytes of whole characters, of words that are longer. */
static size_t fitting_bytes(const char *words, size_t most)
{
	size_t length = 0;
	for (size_t next; (next = utf8_bytes(words + length)) > 0 && length + next <= most;)
		length += next;
	return length;
}

static void add_cpus(struct text *text, const char *cpus, size_t width)
{
	static const char dots[] = "...";
	struct text shown = {0};
	printable_add(&shown, cpus != NULL && *cpus != '\0' ? cpus : "-");
	if (shown.length > width) {
		shown.length = fitting_bytes(shown.bytes, width - strlen(dots));
		text_add(&shown, dots);
	}
	text_add_bytes(text, shown.bytes, shown.length);
	text_add_repeated(text, " ", width - shown.length + 2);
	text_finish(&shown);
}

static void add_library(struct text *text, const json_t *library)
{
	for (size_t i = 0; i < REPORT_LIBRARY_COLUMNS; i++) {
		const json_t *value = json_object_get(library, report_library_columns[i].member);
		if (!json_is_number(value))
			text_add_format(text, "%8s  ", "-");
		else
			text_add_format(text, "%8.*f  ", report_library_columns[i].is_seconds ? 3 : 0,
			                json_number_value(value));
	}
}

static void add_rank(struct text *text, const json_t *report, const json_t *rank, const struct columns *columns)
{
	struct text end = {0};
	text_add_format(text, "%4" PRIi64 "  %-8" PRIi64 "  ", (int64_t)report_count(rank, "rank"),
	                (int64_t)report_count(rank, "pid"));
	add_cpus(text, report_words(rank, "cpus"), (size_t)columns->cpus);
	text_add_format(text, "%8.3f  %8.3f  %8.1f MiB  ", report_number(rank, "user_s"),
	                report_number(rank, "system_s"), report_number(rank, "max_rss_bytes") / (1 << 20));
	if (columns->library)
		add_library(text, json_object_get(rank, "library"));
	report_add_rank_end(&end, report, rank);
	add_words(text, "", end.bytes, "\n");
	text_finish(&end);
}

static void add_ranks(struct text *text, const json_t *report)
{
	size_t i;
	json_t *rank, *ranks = json_object_get(report, "ranks");
	const struct columns columns = measure(report);
	if (json_array_size(ranks) > 0)
		add_titles(text, &columns);
	json_array_foreach(ranks, i, rank) add_rank(text, report, rank, &columns);
}

void report_overview(struct text *text, const json_t *report, FILE *events)
{
	const json_t *job = json_object_get(report, "job");
	add_words(text, "job      ", report_words(job, "id"), "\n");
	add_command(text, json_object_get(job, "command"));
	add_words(text, "outcome  ", report_words(report, "outcome"), "");
	text_add_format(text, ", exit code %" PRIi64 "\n", (int64_t)report_count(report, "exit_code"));
	add_words(text, "started  ", report_words(report, "started"), "");
	text_add_format(text, ", took %.3f s\n", report_number(report, "elapsed_s"));
	add_restarts(text, report, events);
	add_lines(text, "warning  ", json_object_get(report, "warnings"));
	add_lines(text, "", json_object_get(report, "summary"));
	add_ranks(text, report);
}
