/* SPDX-License-Identifier: MIT
 *
 * report_restarts: see report_restarts.h. Events are in the order in which ends were seen, which of several at once
 * need not be the order in which they came: all that ended badly before the others were asked to stop are named.
 */
#include "report/report_restarts.h"

#include "base/printable.h"
#include "base/text.h"
#include "report/report_member.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { RESTARTS_TOLD = 8, RANKS_NAMED = 3 };

/* The end of one group of ranks. */
struct fall {
	struct text ranks;
	uint32_t count;
	double at_s; /* of the first */
	bool stopping;
};

static void take_end(struct fall *fall, const json_t *event)
{
	const json_t *code = json_object_get(event, "exit_code");
	const char *signal = report_words(event, "signal"), *step = report_words(event, "failed_step");
	bool well = json_is_integer(code) && json_integer_value(code) == 0;
	if (well || fall->stopping)
		return;
	if (fall->count++ == 0)
		fall->at_s = report_number(event, "t");
	if (fall->count > RANKS_NAMED)
		return;
	text_add_format(&fall->ranks, "%srank %" PRIi64 " ", fall->count > 1 ? ", " : "",
	                (int64_t)report_count(event, "rank"));
	if (json_is_integer(code))
		text_add_format(&fall->ranks, "exit %" PRIi64, (int64_t)json_integer_value(code));
	else if (signal != NULL)
		printable_add(&fall->ranks, signal);
	else
		printable_add(&fall->ranks, step != NULL ? step : "lost");
}

static void add_fall(struct text *text, const struct fall *fall, int64_t restart)
{
	text_add_format(text, "  before restart %" PRIi64 ": ", restart);
	if (fall->count == 0) {
		text_add(text, "no event says what failed\n");
		return;
	}
	text_add(text, fall->ranks.bytes);
	if (fall->count > RANKS_NAMED)
		text_add_format(text, " and %" PRIu32 " more", fall->count - RANKS_NAMED);
	text_add_format(text, ", %.3f s after the start\n", fall->at_s);
}

static void take_event(struct text *text, struct fall *fall, const json_t *event, int64_t told_from)
{
	const char *name = report_words(event, "event");
	if (name == NULL)
		return;
	if (strcmp(name, "rank_ended") == 0)
		take_end(fall, event);
	else if (strcmp(name, "stopping") == 0)
		fall->stopping = true;
	if (strcmp(name, "restart") != 0)
		return;
	if (report_count(event, "restarts") >= told_from)
		add_fall(text, fall, report_count(event, "restarts"));
	text_finish(&fall->ranks);
	*fall = (struct fall){0};
}

void report_restarts(struct text *text, FILE *events, int64_t restarts)
{
	struct fall fall = {0};
	char *line = NULL;
	size_t size = 0;
	int64_t told_from = restarts > RESTARTS_TOLD ? restarts - RESTARTS_TOLD + 1 : 1;
	if (told_from > 1)
		text_add_format(text, "  (the last %d of them)\n", RESTARTS_TOLD);
	for (ssize_t length; (length = getline(&line, &size, events)) > 0;) {
		json_t *event = json_loadb(line, (size_t)length, 0, NULL);
		take_event(text, &fall, event, told_from);
		json_decref(event);
	}
	text_finish(&fall.ranks);
	free(line);
}
