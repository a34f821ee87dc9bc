/* SPDX-License-Identifier: MIT
 *
 * report_member: see report_member.h.
 */
#include "report/report_member.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *report_words(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

double report_number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

json_int_t report_count(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static bool is_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

/* --- how a rank ended --- */

bool report_rank_fell_first(const json_t *report, const json_t *rank)
{
	const json_t *first = json_object_get(json_object_get(report, "first_failure"), "rank");
	return json_is_integer(first) && json_equal(first, json_object_get(rank, "rank"));
}

bool report_rank_failed(const json_t *report, const json_t *rank)
{
	const json_t *code = json_object_get(rank, "exit_code");
	const char *end = report_words(rank, "end");
	if (report_rank_fell_first(report, rank))
		return true;
	if (is_true(rank, "stopped") || end == NULL || strcmp(end, "not-started") == 0)
		return false;
	return !json_is_integer(code) || json_integer_value(code) != 0;
}

void report_add_rank_end(struct text *text, const json_t *report, const json_t *rank)
{
	const char *signal = report_words(rank, "signal"), *end = report_words(rank, "end");
	if (json_is_integer(json_object_get(rank, "exit_code")))
		text_add_format(text, "exit %" PRIi64, (int64_t)report_count(rank, "exit_code"));
	else
		text_add(text, signal != NULL ? signal : end != NULL ? end : "");
	if (report_rank_fell_first(report, rank))
		text_add(text, ", the first failure");
	else if (is_true(rank, "stopped"))
		text_add(text, ", stopped by muster");
	else if (is_true(rank, "in_wake"))
		text_add(text, ", in its wake");
}

/* --- what it did with the library --- */

const struct report_column report_library_columns[REPORT_LIBRARY_COLUMNS] = {
	{"barriers", "barriers", "barriers", false},   {"waited s", "wait s", "barrier_wait_s", true},
	{"came last", "last", "barrier_last", false},  {"collectives", "collect", "collectives", false},
	{"in them s", "coll s", "collective_s", true},
};

bool report_has_library(const json_t *report)
{
	size_t i;
	json_t *rank;
	json_array_foreach(json_object_get(report, "ranks"), i,
	                   rank) if (json_is_object(json_object_get(rank, "library"))) return true;
	return false;
}

static void word_wait(struct report_wait *wait, const char *in, const json_t *waiting)
{
	const char *label = report_words(waiting, "label");
	const json_t *peer = json_object_get(waiting, "peer");
	bool receives = strcmp(in, "receive") == 0;
	if (strcmp(wait->class, "message") != 0)
		snprintf(wait->what, sizeof wait->what, "%s%s%s", in, label != NULL ? " " : "",
		         label != NULL ? label : "");
	else if (json_is_integer(peer))
		snprintf(wait->what, sizeof wait->what, "message %s rank %" PRIi64, receives ? "of" : "to",
		         (int64_t)json_integer_value(peer));
	else
		snprintf(wait->what, sizeof wait->what, "message");
}

bool report_find_wait(struct report_wait *wait, const json_t *rank)
{
	const json_t *waiting = json_object_get(json_object_get(rank, "library"), "waiting");
	const json_t *since = json_object_get(waiting, "since_s"), *took = json_object_get(waiting, "for_s");
	const char *in = report_words(waiting, "in");
	if (in == NULL || !json_is_number(took))
		return false;
	bool is_barrier = strcmp(in, "barrier") == 0, is_collective = strcmp(in, "collective") == 0;
	const json_t *ended = json_object_get(rank, "ended_s");
	double started_s = report_number(rank, "started_s"), ended_s = json_number_value(ended);
	wait->class = is_barrier ? "barrier" : is_collective ? "collective" : "message";
	wait->at_s = ended_s - json_number_value(took);
	if (json_is_number(since) && (!json_is_number(ended) || json_number_value(since) <= ended_s))
		wait->at_s = json_number_value(since);
	wait->at_s = wait->at_s < started_s ? started_s : wait->at_s;
	word_wait(wait, in, waiting);
	return true;
}
