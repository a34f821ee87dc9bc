/* SPDX-License-Identifier: MIT
 *
 * library_words: see library_words.h.
 */
#include "report/library_words.h"

#include "base/printable.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "report/rank_words.h"
#include "run/job_result.h"

#include <inttypes.h>
#include <string.h>

enum {
	FEWEST_BARRIERS = 10, /* to speak of a habit */
	LEAST_WAIT_NS = 1000000,
};

const char *wait_name(const struct rank_wait *wait)
{
	switch (wait->kind) {
	case WAITS_IN_BARRIER:
		return "barrier";
	case WAITS_IN_COLLECTIVE:
		return "collective";
	case WAITS_TO_SEND:
		return "send";
	case WAITS_TO_RECEIVE:
		return "receive";
	case WAITS_FOR_NOTHING:
		break;
	}
	return NULL;
}

static void add_label(struct text *text, const char *from)
{
	char label[LABEL_BYTES];
	memcpy(label, from, sizeof label);
	make_printable(label);
	if (label[0] != '\0')
		text_add_format(text, " '%s'", label);
}

static void add_what(struct text *text, const struct rank_wait *wait)
{
	switch (wait->kind) {
	case WAITS_IN_BARRIER:
		text_add(text, wait->label[0] == '\0' ? "waits in a barrier" : "waits in barrier");
		add_label(text, wait->label);
		break;
	case WAITS_IN_COLLECTIVE:
		text_add(text, "waits in a collective");
		add_label(text, wait->label);
		break;
	case WAITS_TO_SEND:
		text_add_format(text, "waits to send to rank %" PRId32, wait->peer);
		break;
	case WAITS_TO_RECEIVE:
		text_add(text, "waits for a message");
		if (wait->peer >= 0)
			text_add_format(text, " of rank %" PRId32, wait->peer);
		break;
	case WAITS_FOR_NOTHING:
		return;
	}
}

static void add_how_long(struct text *text, const struct rank_wait *wait, const char *opening)
{
	if (wait->for_ns >= 0)
		text_add_format(text, "%s for %.*f s", opening, wait->for_ns < 1000000000 ? 3 : 1,
		                (double)wait->for_ns / 1e9);
}

void add_wait(struct text *text, const struct rank_wait *wait)
{
	add_what(text, wait);
	add_how_long(text, wait, "");
}

void add_wait_of_many(struct text *text, const struct rank_wait *longest)
{
	add_what(text, longest);
	add_how_long(text, longest, ", the first");
}

/* Who came last most often, of those whose barriers are known. */
static uint32_t find_last(const struct job_result *result)
{
	uint32_t found = NO_RANK;
	for (uint32_t r = 0; r < result->nprocs; r++) {
		const struct rank_library *library = result->ranks[r].library;
		if (library != NULL && library->barriers >= FEWEST_BARRIERS &&
		    (found == NO_RANK || library->barrier_last > result->ranks[found].library->barrier_last))
			found = r;
	}
	return found;
}

/* What the others waited on average; *count is how many they are. */
static int64_t others_waited(const struct job_result *result, uint32_t last, uint32_t *count)
{
	double sum = 0;
	*count = 0;
	for (uint32_t r = 0; r < result->nprocs; r++) {
		const struct rank_library *library = result->ranks[r].library;
		if (r == last || library == NULL || library->barrier_wait_ns < 0)
			continue;
		sum += (double)library->barrier_wait_ns;
		++*count;
	}
	return *count == 0 ? 0 : (int64_t)(sum / *count);
}

void add_straggler_line(struct text *text, const struct report_facts *facts)
{
	uint32_t others, last = find_last(facts->result);
	if (last == NO_RANK)
		return;
	const struct rank_library *library = facts->result->ranks[last].library;
	int64_t waited = others_waited(facts->result, last, &others);
	double by_chance = (double)library->barriers / (others + 1);
	if (others == 0 || waited < LEAST_WAIT_NS || (double)library->barrier_last < 1.5 * by_chance)
		return;
	text_add(text, "muster: ");
	add_rank_name(text, facts, last);
	text_add_format(text, " came last to %" PRIu64 " of %" PRIu64 " barriers; others waited %.*f s for it\n",
	                library->barrier_last, library->barriers, waited < 100000000 ? 3 : 1, (double)waited / 1e9);
}
