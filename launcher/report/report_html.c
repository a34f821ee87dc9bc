/* SPDX-License-Identifier: MIT
 *
 * report_html: see report_html.h.
 */
#include "report/report_html.h"

#include "base/text.h"
#include "report/command_words.h"
#include "report/markup.h"
#include "report/report_member.h"
#include "report/report_timeline.h"

#include <inttypes.h>
#include <stdbool.h>

static const char style[] =
	"<style>\n"
	":root{color-scheme:light "
	"dark;--ink:#222;--soft:#777;--line:#ccc;--page:#fff;--bar:#b8c4d4;--well:#2a7d46;--bad:#b3261e;"
	"--fallen:#eeaca6}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--line:#444;--page:#181818;--bar:#4a5568;"
	"--well:#6fcf8f;--bad:#ff8a80;--fallen:#8c3a34}}\n"
	"body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1080px;margin:2em "
	"auto;"
	"padding:0 1em}\n"
	"h1{font-size:1.4em;margin:0}h2{font-size:1.1em;margin:1.6em 0 .4em}\n"
	".ok{color:var(--well)}.failed,.timeout,.error,.stopped{color:var(--bad)}.facts{color:var(--soft)}\n"
	"pre{white-space:pre-wrap;font-size:13px;border-left:3px solid var(--line);padding-left:1em}\n"
	"svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--ink)}.label{text-anchor:end}"
	".time{text-anchor:middle;fill:var(--soft)}.tick{stroke:var(--line)}svg .name{fill:#111;paint-order:stroke;"
	"stroke:#ffffffd0;stroke-width:3px;pointer-events:none}svg .bad.label{fill:var(--bad)}.first{font-weight:700}\n"
	"svg rect{fill:var(--piece)}.key i{background:var(--piece)}.life{--piece:var(--bar)}"
	".life.bad{--piece:var(--fallen)}i.phase{background:linear-gradient(90deg,#e07a7a 50%,#7ae09b 50%)}"
	".barrier{--piece:#00000066}.collective{--piece:#5b21b688}.message{--piece:#0f766e99}"
	".unfinished{stroke:var(--ink);stroke-dasharray:4 3;outline:1px dashed var(--ink)}"
	"svg "
	".fallen{fill:none;stroke:var(--bad);stroke-width:2;pointer-events:none}.failure{--piece:var(--bad);stroke:var("
	"--bad);stroke-width:2}"
	".key span{margin-right:1.2em;white-space:nowrap}.key i{display:inline-block;width:1.6em;height:.8em}"
	".key i.failure{width:2px;height:1em}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}th,td{padding:2px 10px;text-align:right;"
	"border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}"
	"th{color:var(--soft);font-weight:600}td:last-child{white-space:nowrap}"
	"td:last-child,th:last-child{text-align:left}tr.bad td{color:var(--bad)}\n"
	"</style>\n";

/* --- the head --- */

static void add_command(struct text *text, const json_t *command)
{
	struct text words = {0};
	command_words_add(&words, command);
	markup_add_words(text, words.bytes);
	text_finish(&words);
}

/* "1 restart", "2 restarts" */
static void add_counted(struct text *text, json_int_t count, const char *what)
{
	text_add_format(text, "%" PRIi64 " %s%s", (int64_t)count, what, count == 1 ? "" : "s");
}

static void add_head(struct text *text, const json_t *report)
{
	const json_t *job = json_object_get(report, "job");
	text_add(text, "<h1>");
	markup_add_words(text,
	                 report_words(job, "id") != NULL ? report_words(job, "id") : "a job that was not started");
	text_add(text, ": <span class=\"");
	markup_add_words(text, report_words(report, "outcome"));
	text_add(text, "\">");
	markup_add_words(text, report_words(report, "outcome"));
	text_add_format(text, ", exit code %d</span></h1>\n<p class=\"facts\"><code>",
	                (int)report_count(report, "exit_code"));
	add_command(text, json_object_get(job, "command"));
	text_add(text, "</code><br>");
	add_counted(text, report_count(job, "nprocs"), "rank");
	text_add(text, " on ");
	markup_add_words(text, report_words(job, "host"));
	text_add(text, ", started ");
	markup_add_words(text, report_words(report, "started"));
	text_add_format(text, ", took %.3f s, ", report_number(report, "elapsed_s"));
	add_counted(text, report_count(report, "restarts"), "restart");
	text_add_format(text, ", survivors: %" PRIi64 "</p>\n", (int64_t)report_count(report, "survivors"));
}

static void add_lines(struct text *text, const char *title, const json_t *lines)
{
	size_t i;
	json_t *line;
	if (json_array_size(lines) == 0)
		return;
	text_add_format(text, "<h2>%s</h2>\n<pre>", title);
	json_array_foreach(lines, i, line)
	{
		markup_add_words(text, json_string_value(line));
		text_add(text, "\n");
	}
	text_add(text, "</pre>\n");
}

/* --- the ranks --- */

static void add_cell_of_seconds(struct text *text, const json_t *object, const char *name)
{
	if (json_is_number(json_object_get(object, name)))
		text_add_format(text, "<td>%.3f</td>", report_number(object, name));
	else
		text_add(text, "<td></td>");
}

static void add_library(struct text *text, const json_t *library)
{
	for (size_t i = 0; i < REPORT_LIBRARY_COLUMNS; i++)
		if (report_library_columns[i].is_seconds)
			add_cell_of_seconds(text, library, report_library_columns[i].member);
		else if (json_is_object(library))
			text_add_format(text, "<td>%" PRIi64 "</td>",
			                (int64_t)report_count(library, report_library_columns[i].member));
		else
			text_add(text, "<td></td>");
}

static void add_rank(struct text *text, const json_t *report, const json_t *rank, bool has_library)
{
	static const char *const seconds[] = {"started_s", "ended_s", "user_s", "system_s"};
	struct text end = {0};
	text_add_format(text, "<tr class=\"row%s%s\"><td>%" PRIi64 "</td><td>",
	                report_rank_failed(report, rank) ? " bad" : "",
	                report_rank_fell_first(report, rank) ? " first" : "", (int64_t)report_count(rank, "rank"));
	markup_add_words(text, report_words(rank, "cpus"));
	text_add(text, "</td>");
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
		add_cell_of_seconds(text, rank, seconds[i]);
	text_add_format(text, "<td>%.1f</td>", report_number(rank, "max_rss_bytes") / (1 << 20));
	if (has_library)
		add_library(text, json_object_get(rank, "library"));
	report_add_rank_end(&end, report, rank);
	text_add(text, "<td>");
	markup_add_words(text, end.bytes);
	text_add(text, "</td></tr>\n");
	text_finish(&end);
}

static void add_ranks(struct text *text, const json_t *report)
{
	size_t r;
	json_t *rank;
	bool has_library = report_has_library(report);
	text_add(text, "<h2>Ranks</h2>\n<div class=\"wide\"><table>\n<tr><th>rank</th><th>CPUs</th><th>started s</th>"
	               "<th>ended s</th><th>user s</th><th>system s</th><th>memory MiB</th>");
	for (size_t i = 0; has_library && i < REPORT_LIBRARY_COLUMNS; i++)
		text_add_format(text, "<th>%s</th>", report_library_columns[i].title);
	text_add(text, "<th>end</th></tr>\n");
	json_array_foreach(json_object_get(report, "ranks"), r, rank) add_rank(text, report, rank, has_library);
	text_add(text, "</table></div>\n");
}

/* --- the time line --- */

/* Only what was drawn is explained. */
static void add_key(struct text *text, uint32_t drawn)
{
	static const char *const words[TIMELINE_PIECES] = {
		[PIECE_LIFE] = "alive",
		[PIECE_FAILED_LIFE] = "alive, then failed",
		[PIECE_FAILURE] = "the first failure",
		[PIECE_PHASE] = "phases that ranks marked, a colour each",
		[PIECE_BARRIER] = "in a barrier",
		[PIECE_COLLECTIVE] = "in a collective",
		[PIECE_UNFINISHED_BARRIER] = "in a barrier when it was stopped",
		[PIECE_UNFINISHED_COLLECTIVE] = "in a collective when it was stopped",
		[PIECE_UNFINISHED_MESSAGE] = "waited for a message when it was stopped",
	};
	text_add(text, "<p class=\"facts key\">");
	for (enum timeline_piece piece = 0; piece < TIMELINE_PIECES; piece++)
		if ((drawn >> piece & 1) != 0)
			text_add_format(text, "<span><i class=\"%s\"></i> %s</span>\n", timeline_piece_class(piece),
			                words[piece]);
	text_add(text, "Point at a piece to read more.</p>\n");
}

static void add_times(struct text *text, const json_t *report)
{
	size_t ranks = json_array_size(json_object_get(report, "ranks"));
	text_add(text, "<h2>When</h2>\n");
	if (ranks > TIMELINE_RANKS_MAX)
		text_add_format(text,
		                "<p class=\"facts\">The first %d of %zu ranks; muster report --trace has all.</p>\n",
		                TIMELINE_RANKS_MAX, ranks);
	add_key(text, report_timeline(text, report));
}

void report_html(struct text *text, const json_t *report)
{
	text_add(text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	               "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	markup_add_words(text, report_words(json_object_get(report, "job"), "name"));
	text_add(text, ": ");
	markup_add_words(text, report_words(report, "outcome"));
	text_add_format(text, "</title>\n%s</head>\n<body>\n", style);
	add_head(text, report);
	add_lines(text, "Summary", json_object_get(report, "summary"));
	add_lines(text, "Warnings", json_object_get(report, "warnings"));
	if (json_array_size(json_object_get(report, "ranks")) > 0) {
		add_times(text, report);
		add_ranks(text, report);
	}
	text_add(text, "<p class=\"facts\">muster ");
	markup_add_words(text, report_words(report, "muster"));
	text_add(text, "</p>\n</body>\n</html>\n");
}
