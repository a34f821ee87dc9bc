/* SPDX-License-Identifier: MIT
 *
 * report_trace: see report_trace.h. Times are microseconds since the job's start, as the format has them. All events of
 * a rank are on one row: they lie within one another, as calls do, for a rank's world is one thread's.
 */
#include "report/report_trace.h"

#include "report/json_text.h"
#include "report/report_member.h"

#include <stdio.h>
#include <string.h>

enum { JOB_PROCESS = 0 };

/* "X" is what took a time; times are seconds. */
static void add_slice(json_t *events, json_int_t rank, const char *category, const char *name, double at_s,
                      double took_s, json_t *arguments)
{
	json_array_append_new(
		events,
		json_made(json_pack("{s:s, s:i, s:I, s:s, s:o, s:f, s:f, s:o}", "ph", "X", "pid", JOB_PROCESS, "tid",
	                            rank, "cat", category, "name", json_made(json_text(name)), "ts", at_s * 1e6, "dur",
	                            (took_s > 0 ? took_s : 0) * 1e6, "args", json_made(arguments))));
}

/* "M" says how something is called or sorted. */
static void add_name(json_t *events, const char *what, json_int_t rank, const char *name)
{
	json_array_append_new(events,
	                      json_made(json_pack("{s:s, s:i, s:I, s:s, s:{s:o}}", "ph", "M", "pid", JOB_PROCESS, "tid",
	                                          rank, "name", what, "args", "name", json_made(json_text(name)))));
}

static void name_rank(json_t *events, json_int_t rank, const char *cpus)
{
	char name[128];
	bool bound = cpus != NULL && *cpus != '\0';
	snprintf(name, sizeof name, "rank %lld%s%s", (long long)rank, bound ? ", CPUs " : "", bound ? cpus : "");
	add_name(events, "thread_name", rank, name);
	json_array_append_new(events,
	                      json_made(json_pack("{s:s, s:i, s:I, s:s, s:{s:I}}", "ph", "M", "pid", JOB_PROCESS, "tid",
	                                          rank, "name", "thread_sort_index", "args", "sort_index", rank)));
}

/* A mark begins a phase, which the next one ends. */
static void add_phases(json_t *events, json_int_t rank, const json_t *marks, double ended_s)
{
	size_t i;
	json_t *mark;
	json_array_foreach(marks, i, mark)
	{
		const char *text = report_words(mark, "text");
		const json_t *next = json_array_get(marks, i + 1);
		double at_s = report_number(mark, "at_s");
		double end_s = next != NULL ? report_number(next, "at_s") : ended_s;
		if (text != NULL)
			add_slice(events, rank, "mark", text, at_s, end_s - at_s, json_object());
	}
}

static void add_calls(json_t *events, json_int_t rank, const json_t *calls)
{
	size_t i;
	json_t *call;
	json_array_foreach(calls, i, call)
	{
		const char *kind = report_words(call, "kind");
		const char *label = report_words(call, "label");
		if (kind == NULL)
			continue;
		char name[160];
		snprintf(name, sizeof name, "%s%s%s", kind, label != NULL && *label != '\0' ? " " : "",
		         label != NULL ? label : "");
		json_t *arguments = json_object();
		if (json_is_integer(json_object_get(call, "bytes")))
			json_object_set(arguments, "bytes", json_object_get(call, "bytes"));
		add_slice(events, rank, strcmp(kind, "barrier") == 0 ? "barrier" : "collective", name,
		          report_number(call, "at_s"), report_number(call, "took_s"), arguments);
	}
}

/* Until its end: it never came out of it. */
static void add_wait(json_t *events, json_int_t number, const json_t *rank, double ended_s)
{
	struct report_wait wait;
	char name[160];
	if (!report_find_wait(&wait, rank))
		return;
	snprintf(name, sizeof name, "%s, unfinished", wait.what);
	add_slice(events, number, wait.class, name, wait.at_s, ended_s - wait.at_s, json_object());
}

static json_t *how_it_ended(const json_t *rank)
{
	static const char *const names[] = {"pid",     "end",    "exit_code", "signal",
	                                    "stopped", "user_s", "system_s",  "max_rss_bytes"};
	json_t *how = json_object();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (json_object_get(rank, names[i]) != NULL)
			json_object_set(how, names[i], json_object_get(rank, names[i]));
	return how;
}

static void add_rank(json_t *events, const json_t *rank, double job_ended_s)
{
	json_int_t number = report_count(rank, "rank");
	const json_t *library = json_object_get(rank, "library");
	if (!json_is_number(json_object_get(rank, "started_s")))
		return;
	double started_s = report_number(rank, "started_s");
	double ended_s =
		json_is_number(json_object_get(rank, "ended_s")) ? report_number(rank, "ended_s") : job_ended_s;
	name_rank(events, number, report_words(rank, "cpus"));
	add_slice(events, number, "rank", "alive", started_s, ended_s - started_s, how_it_ended(rank));
	add_phases(events, number, json_object_get(library, "marks"), ended_s);
	add_calls(events, number, json_object_get(library, "events"));
	add_wait(events, number, rank, ended_s);
}

/* "i" is a moment; of scope "g" it is drawn across all rows. */
static void add_failure(json_t *events, const json_t *failure)
{
	const char *what = report_words(failure, "what");
	json_int_t rank = report_count(failure, "rank");
	char name[256];
	if (what == NULL || !json_is_number(json_object_get(failure, "at_s")))
		return;
	snprintf(name, sizeof name, "rank %lld %s", (long long)rank, what);
	json_array_append_new(
		events, json_made(json_pack("{s:s, s:s, s:i, s:I, s:s, s:o, s:f}", "ph", "i", "s", "g", "pid",
	                                    JOB_PROCESS, "tid", rank, "cat", "failure", "name",
	                                    json_made(json_text(name)), "ts", report_number(failure, "at_s") * 1e6)));
}

json_t *report_trace(const json_t *report)
{
	size_t i;
	json_t *rank, *events = json_made(json_array());
	const char *id = report_words(json_object_get(report, "job"), "id");
	char name[256];
	snprintf(name, sizeof name, "job %s", id != NULL ? id : "");
	add_name(events, "process_name", 0, name);
	json_array_foreach(json_object_get(report, "ranks"), i, rank)
		add_rank(events, rank, report_number(report, "elapsed_s"));
	add_failure(events, json_object_get(report, "first_failure"));
	return json_made(json_pack("{s:s, s:{s:O, s:O, s:O}, s:o}", "displayTimeUnit", "ms", "otherData", "job",
	                           json_object_get(report, "job"), "outcome", json_object_get(report, "outcome"),
	                           "exit_code", json_object_get(report, "exit_code"), "traceEvents", events));
}
