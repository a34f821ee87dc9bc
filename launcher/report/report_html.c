/* SPDX-License-Identifier: MIT
 *
 * report_html: see report_html.h.
 */
#include "report/report_html.h"

#include "base/text.h"
#include "report/markup.h"
#include "report/report_timeline.h"

#include <inttypes.h>

static const char style[] =
	"<style>\n"
	":root{color-scheme:light "
	"dark;--ink:#222;--soft:#777;--line:#ccc;--page:#fff;--bar:#b8c4d4;--well:#2a7d46;--bad:#b3261e}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--line:#444;--page:#181818;--bar:#4a5568;"
	"--well:#6fcf8f;--bad:#ff8a80}}\n"
	"body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:1080px;margin:2em "
	"auto;"
	"padding:0 1em}\n"
	"h1{font-size:1.4em;margin:0}h2{font-size:1.1em;margin:1.6em 0 .4em}\n"
	".ok{color:var(--well)}.failed,.timeout,.error,.stopped{color:var(--bad)}.facts{color:var(--soft)}\n"
	"pre{white-space:pre-wrap;font-size:13px;border-left:3px solid var(--line);padding-left:1em}\n"
	"svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--ink)}.label{text-anchor:end}"
	".time{text-anchor:middle;fill:var(--soft)}.tick{stroke:var(--line)}.life{fill:var(--bar)}.phase{opacity:.75}"
	".barrier{fill:#00000066}.collective{fill:#5b21b688}.failure{stroke:var(--bad);stroke-width:2}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}th,td{padding:2px 10px;text-align:right;"
	"border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}th{color:var(--soft);font-weight:600}"
	"td:last-child,th:last-child{text-align:left}\n"
	"</style>\n";

static const char *words(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static json_int_t count(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* --- the head --- */

static void add_command(struct text *text, const json_t *command)
{
	size_t i;
	json_t *word;
	json_array_foreach(command, i, word)
	{
		text_add(text, i == 0 ? "" : " ");
		markup_add_words(text, json_string_value(word));
	}
}

static void add_head(struct text *text, const json_t *report)
{
	const json_t *job = json_object_get(report, "job");
	text_add(text, "<h1>");
	markup_add_words(text, words(job, "id") != NULL ? words(job, "id") : "a job that was not started");
	text_add(text, ": <span class=\"");
	markup_add_words(text, words(report, "outcome"));
	text_add(text, "\">");
	markup_add_words(text, words(report, "outcome"));
	text_add_format(text, ", exit code %d</span></h1>\n<p class=\"facts\"><code>", (int)count(report, "exit_code"));
	add_command(text, json_object_get(job, "command"));
	text_add_format(text, "</code><br>%" PRIi64 " ranks on ", (int64_t)count(job, "nprocs"));
	markup_add_words(text, words(job, "host"));
	text_add(text, ", started ");
	markup_add_words(text, words(report, "started"));
	text_add_format(text, ", took %.3f s, %" PRIi64 " restarts, survivors: %" PRIi64 "</p>\n",
	                number(report, "elapsed_s"), (int64_t)count(report, "restarts"),
	                (int64_t)count(report, "survivors"));
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
		text_add_format(text, "<td>%.3f</td>", number(object, name));
	else
		text_add(text, "<td></td>");
}

static void add_end(struct text *text, const json_t *rank)
{
	if (json_is_integer(json_object_get(rank, "exit_code")))
		text_add_format(text, "exit %d", (int)count(rank, "exit_code"));
	else
		markup_add_words(text, words(rank, "signal") != NULL ? words(rank, "signal") : words(rank, "end"));
	text_add(text, json_is_true(json_object_get(rank, "stopped")) ? ", stopped by muster" : "");
}

static void add_rank(struct text *text, const json_t *rank)
{
	static const char *const seconds[] = {"started_s", "ended_s", "user_s", "system_s"};
	const json_t *library = json_object_get(rank, "library");
	text_add_format(text, "<tr><td>%" PRIi64 "</td><td>", (int64_t)count(rank, "rank"));
	markup_add_words(text, words(rank, "cpus"));
	text_add(text, "</td>");
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
		add_cell_of_seconds(text, rank, seconds[i]);
	text_add_format(text, "<td>%.1f</td>", number(rank, "max_rss_bytes") / (1 << 20));
	if (json_is_object(library)) {
		text_add_format(text, "<td>%" PRIi64 "</td>", (int64_t)count(library, "barriers"));
		add_cell_of_seconds(text, library, "barrier_wait_s");
		text_add_format(text, "<td>%" PRIi64 "</td>", (int64_t)count(library, "barrier_last"));
	} else {
		text_add(text, "<td></td><td></td><td></td>");
	}
	text_add(text, "<td>");
	add_end(text, rank);
	text_add(text, "</td></tr>\n");
}

static void add_ranks(struct text *text, const json_t *report)
{
	size_t i;
	json_t *rank, *ranks = json_object_get(report, "ranks");
	if (json_array_size(ranks) == 0)
		return;
	text_add(text, "<h2>When</h2>\n");
	if (json_array_size(ranks) > TIMELINE_RANKS_MAX)
		text_add_format(text,
		                "<p class=\"facts\">The first %d of %zu ranks; muster report --trace has all.</p>\n",
		                TIMELINE_RANKS_MAX, json_array_size(ranks));
	report_timeline(text, report);
	text_add(text,
	         "<p class=\"facts\">Grey: alive. Colours: phases that ranks marked. Dark: in a barrier; violet: in a "
	         "collective, where the report has them (muster run --report). The line: the first failure. Point at a "
	         "piece to read more.</p>\n");
	text_add(text, "<h2>Ranks</h2>\n<div class=\"wide\"><table>\n<tr><th>rank</th><th>CPUs</th><th>started s</th>"
	               "<th>ended s</th><th>user s</th><th>system s</th><th>memory MiB</th><th>barriers</th>"
	               "<th>waited s</th><th>came last</th><th>end</th></tr>\n");
	json_array_foreach(ranks, i, rank) add_rank(text, rank);
	text_add(text, "</table></div>\n");
}

void report_html(struct text *text, const json_t *report)
{
	text_add(text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	               "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	markup_add_words(text, words(json_object_get(report, "job"), "name"));
	text_add(text, ": ");
	markup_add_words(text, words(report, "outcome"));
	text_add_format(text, "</title>\n%s</head>\n<body>\n", style);
	add_head(text, report);
	add_lines(text, "What was told", json_object_get(report, "summary"));
	add_lines(text, "Warnings", json_object_get(report, "warnings"));
	add_ranks(text, report);
	text_add(text, "<p class=\"facts\">muster ");
	markup_add_words(text, words(report, "muster"));
	text_add(text, "</p>\n</body>\n</html>\n");
}
