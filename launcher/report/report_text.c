/* SPDX-License-Identifier: MIT
 *
 * report_text: see report_text.h.
 */
#include "report/report_text.h"

#include "base/exit_code.h"
#include "base/printable.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "plan/place_words.h"
#include "report/earlier_traceback.h"
#include "report/hanging_ranks.h"
#include "report/rank_fate.h"
#include "run/job_result.h"
#include "run/verdict.h"
#include "spec/units.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

enum {
	RANKS_LISTED = 8,
	TAIL_LINES = 20,
	TAIL_LINE_BYTES = 1000,
};

#define PREFIX    "muster: "
#define RED       "\033[1;31m"
#define YELLOW    "\033[33m"
#define NO_COLOUR "\033[0m"

static void begin_line(struct text *text)
{
	text_add(text, PREFIX);
}

static void end_line(struct text *text)
{
	text_add(text, "\n");
}

static void add_seconds(struct text *text, int64_t ns)
{
	text_add_format(text, "%.3f s", (double)ns / 1e9);
}

/* As people say it: "500 ms", "2 s", "1.5 s". */
static void add_duration(struct text *text, int64_t ms)
{
	if (ms < 1000)
		text_add_format(text, "%" PRId64 " ms", ms);
	else
		text_add_format(text, "%g s", (double)ms / 1000);
}

static const char *plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

/* --- one rank --- */

/* When: of what never ran, the moment says nothing. */
static void add_casualty(struct text *text, const struct report_facts *facts, uint32_t local_rank)
{
	const struct rank_result *rank = &facts->result->ranks[local_rank];
	add_rank_name(text, facts, local_rank);
	text_add(text, " ");
	add_rank_end(text, facts, local_rank);
	if (rank->ended_ns >= 0 && rank->end != RANK_NOT_EXECUTED) {
		text_add(text, ", ");
		add_seconds(text, rank->ended_ns);
		text_add(text, " after the start");
	}
}

/* What is no printable character is shown, not sent: such bytes are somebody else's and could rewrite what stands here.
 * Of a line that a progress bar wrote over and over, the last state is what a terminal would have shown. */
static void add_tail_line(struct text *text, const char *line)
{
	size_t length = strlen(line);
	while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n'))
		length--;
	const char *over = memrchr(line, '\r', length);
	const char *at = over == NULL ? line : over + 1;
	const char *end = line + length;
	const char *cut = end - at > TAIL_LINE_BYTES ? at + TAIL_LINE_BYTES : end;
	char escape[ESCAPE_BYTES];
	text_add(text, PREFIX "  | ");
	while (at < cut) {
		size_t shown = *at == '\t' ? 1 : printable_bytes(at);
		if (shown == 0)
			text_add(text, printable_escape(*at, escape));
		else
			text_add_bytes(text, at, shown);
		at += shown == 0 ? 1 : shown;
	}
	text_add(text, cut < end ? "...\n" : "\n");
}

static void add_tail(struct text *text, const struct rank_result *rank)
{
	if (rank->stderr_tail == NULL)
		return;
	uint32_t count = 0;
	while (rank->stderr_tail[count] != NULL)
		count++;
	if (count == 0)
		text_add(text, PREFIX "  (it wrote nothing to stderr)\n");
	for (uint32_t i = count > TAIL_LINES ? count - TAIL_LINES : 0; i < count; i++)
		add_tail_line(text, rank->stderr_tail[i]);
}

static void add_earlier_traceback(struct text *text, const struct report_facts *facts)
{
	uint32_t author = earlier_traceback(facts->result);
	if (author == NO_RANK)
		return;
	text_add(text, PREFIX "before that, ");
	add_rank_name(text, facts, author);
	text_add(text, " had written a traceback, ");
	add_seconds(text, facts->result->ranks[author].traceback_ns);
	text_add(text, " after the start\n");
	add_tail(text, &facts->result->ranks[author]);
}

static void add_first_failure(struct text *text, const struct report_facts *facts)
{
	uint32_t first = facts->result->first_failure;
	if (first == NO_RANK)
		return;
	begin_line(text);
	text_add(text, facts->colour ? RED : "");
	add_casualty(text, facts, first);
	text_add(text, facts->colour ? NO_COLOUR : "");
	end_line(text);
	add_tail(text, &facts->result->ranks[first]);
	add_earlier_traceback(text, facts);
}

/* --- ranks that are worth a line of their own --- */

static void list_fate(struct text *text, const struct report_facts *facts, enum rank_fate fate, const char *opening,
                      const char *more)
{
	uint32_t count = rank_fate_count(facts->result, fate), rank = NO_RANK;
	for (uint32_t listed = 0; listed < count && listed < RANKS_LISTED; listed++) {
		rank = rank_fate_next(facts->result, fate, rank);
		text_add_format(text, PREFIX "%s", opening);
		add_casualty(text, facts, rank);
		end_line(text);
	}
	if (count > RANKS_LISTED)
		text_add_format(text, PREFIX "%s: %" PRIu32 " more\n", more, count - RANKS_LISTED);
}

/* --- the others, in one line --- */

/* " (rank 2, exit 1)" for one, " (ranks 2,5-6)" for more. */
static void add_ranks_of_fate(struct text *text, const struct report_facts *facts, enum rank_fate fate, uint32_t count)
{
	struct index_set ranks = {0};
	for (uint32_t rank = 0; rank < facts->result->nprocs; rank++)
		if (rank != facts->result->first_failure && rank_fate(facts->result, rank) == fate)
			index_set_add(&ranks, facts->plan->ranks[rank].rank);
	text_add_format(text, " (rank%s ", plural(count));
	place_words_short_list(text, &ranks, RANK_LIST_WIDTH);
	if (count == 1 && fate == FATE_FAILED_IN_WAKE) {
		text_add(text, ", ");
		add_rank_end_short(text, facts, rank_fate_next(facts->result, fate, NO_RANK));
	}
	text_add(text, ")");
	index_set_finish(&ranks);
}

static void add_separator(struct text *text, size_t begin)
{
	if (text->length > begin)
		text_add(text, ", ");
}

static void add_killed(struct text *text, const struct report_facts *facts, size_t begin)
{
	uint32_t killed = rank_fate_count(facts->result, FATE_KILLED);
	if (killed == 0)
		return;
	add_separator(text, begin);
	text_add_format(text, "%" PRIu32 " killed", killed);
	/* A second signal, or the loss of muster's first process, kills at once. */
	if (facts->result->outcome == OUTCOME_FAILED || facts->result->outcome == OUTCOME_TIMEOUT) {
		text_add(text, " after ");
		add_duration(text, facts->plan->spec->failure.grace_ms);
		text_add(text, " grace");
	}
	add_ranks_of_fate(text, facts, FATE_KILLED, killed);
}

static void add_count(struct text *text, size_t begin, uint32_t count, const char *what)
{
	if (count == 0)
		return;
	add_separator(text, begin);
	text_add_format(text, "%" PRIu32 " %s", count, what);
}

/* A crash of its own, or somebody else's SIGKILL, may come after muster has asked a rank to stop. */
static bool ended_otherwise(const struct job_result *result, uint32_t rank)
{
	return rank != result->first_failure && rank_fate(result, rank) == FATE_STOPPED &&
	       result->ranks[rank].end == RANK_SIGNALED && result->ranks[rank].signal != result->asked_with;
}

static void add_asked(struct text *text, const struct report_facts *facts, size_t begin)
{
	const struct job_result *result = facts->result;
	struct index_set otherwise = {0};
	char name[UNIT_TEXT_BYTES];
	uint32_t stopped = rank_fate_count(result, FATE_STOPPED), count = 0, last = NO_RANK;
	signal_format(result->asked_with, name);
	for (uint32_t rank = 0; rank < result->nprocs; rank++) {
		if (!ended_otherwise(result, rank))
			continue;
		index_set_add(&otherwise, facts->plan->ranks[rank].rank);
		last = rank;
		count++;
	}
	add_count(text, begin, stopped - count, "stopped by muster");
	if (stopped > count)
		text_add_format(text, " (%s)", name);
	add_count(text, begin, count, "asked to stop");
	if (count > 0) {
		text_add_format(text, " (%s) ended by another signal (rank%s ", name, plural(count));
		place_words_short_list(text, &otherwise, RANK_LIST_WIDTH);
		text_add(text, count == 1 ? ", " : "");
		if (count == 1)
			add_rank_end_short(text, facts, last);
		text_add(text, ")");
	}
	index_set_finish(&otherwise);
}

/* Where ranks go on without one another, nobody fails because of another. */
static bool fails_alone(const struct report_facts *facts)
{
	return facts->plan->spec->failure.policy == FAILURE_CONTINUE;
}

/* Nobody stopped it, and no rank failed: it ended well, but for muster's own part. */
static bool ended_by_itself(const struct job_result *result)
{
	return result->outcome == OUTCOME_ERROR && result->first_failure == NO_RANK &&
	       rank_fate_count(result, FATE_WELL) == result->nprocs;
}

static void add_also_failed(struct text *text, const struct report_facts *facts)
{
	list_fate(text, facts, FATE_FAILED, "also failed: ", "also failed");
	if (fails_alone(facts))
		list_fate(text, facts, FATE_FAILED_IN_WAKE, "also failed: ", "also failed");
}

/* Adds nothing when there are no others. */
static void add_others(struct text *text, const struct report_facts *facts)
{
	const struct job_result *result = facts->result;
	size_t begin = text->length;
	uint32_t in_wake = fails_alone(facts) ? 0 : rank_fate_count(result, FATE_FAILED_IN_WAKE);
	uint32_t well = rank_fate_count(result, FATE_WELL), well_before = rank_fate_count_well_before(result);
	add_asked(text, facts, begin);
	add_killed(text, facts, begin);
	add_count(text, begin, in_wake, "failed in its wake");
	if (in_wake > 0)
		add_ranks_of_fate(text, facts, FATE_FAILED_IN_WAKE, in_wake);
	add_count(text, begin, well_before, ended_by_itself(result) ? "ended well" : "had ended before");
	add_count(text, begin, well - well_before, "ended well after it");
	add_count(text, begin, rank_fate_count(result, FATE_NEVER_STARTED), "never started");
}

static void add_others_line(struct text *text, const struct report_facts *facts)
{
	struct text others = {0};
	add_others(&others, facts);
	if (others.length > 0)
		text_add_format(text, PREFIX "%s: %s\n", facts->result->first_failure == NO_RANK ? "ranks" : "others",
		                others.bytes);
	text_finish(&others);
}

/* --- the end --- */

static void add_survivors(struct text *text, const struct report_facts *facts)
{
	const struct job_result *result = facts->result;
	text_add_format(text, "survivors: %" PRIu32, result->survivors);
	if (result->survivors > 0)
		text_add_format(text, " (alive, with MUSTER_JOB_ID=%s in their environment)", facts->plan->job_id);
	if (result->leftovers > 0)
		text_add_format(text, "; %" PRIu32 " %s stopped", result->leftovers,
		                result->leftovers == 1 ? "process that outlived its rank was"
		                                       : "processes that outlived their rank were");
	if (result->kept > 0)
		text_add_format(text, "; %" PRIu32 " kept (failure.leftovers: keep)", result->kept);
}

void report_text_add_survivors(struct text *text, const struct report_facts *facts)
{
	begin_line(text);
	add_survivors(text, facts);
	end_line(text);
}

/* After a group that was healthy for long enough there is a fresh budget; the last may have been, too. */
static void add_restarts(struct text *text, const struct report_facts *facts)
{
	const struct job_result *result = facts->result;
	const struct failure_spec *failure = &facts->plan->spec->failure;
	if (result->restarts == 0)
		return;
	text_add(text, PREFIX "restarts: ");
	if (result->budget_used == result->restarts)
		text_add_format(text, "%" PRIu32 " of %" PRIu32 " were used\n", result->restarts,
		                failure->max_restarts);
	else
		text_add_format(text, "%" PRIu32 " in all; %" PRIu32 " of %" PRIu32 " in the last run of failures\n",
		                result->restarts, result->budget_used, failure->max_restarts);
}

static void add_end(struct text *text, const struct report_facts *facts)
{
	list_fate(text, facts, FATE_LOST, "", "lost");
	add_others_line(text, facts);
	add_restarts(text, facts);
	report_text_add_survivors(text, facts);
}

/* --- outcomes --- */

static void add_failed(struct text *text, const struct report_facts *facts)
{
	add_first_failure(text, facts);
	add_also_failed(text, facts);
	if (facts->result->outcome == OUTCOME_FAILED)
		add_waiting_ranks(text, facts);
	if (facts->result->error_text != NULL)
		text_add_format(text, PREFIX "%s\n", facts->result->error_text);
	add_end(text, facts);
}

/* In the pause before a restart no rank runs. */
static bool waited_for_a_restart(const struct report_facts *facts)
{
	const struct job_result *result = facts->result;
	int64_t limit_ns = launch_plan_time_limit_ms(facts->plan) * INT64_C(1000000);
	bool over = facts->plan->spec->failure.policy == FAILURE_RESTART && result->first_failure != NO_RANK;
	for (uint32_t i = 0; i < result->nprocs && over; i++)
		over = result->ranks[i].end != RANK_LOST && result->ranks[i].ended_ns < limit_ns;
	return over;
}

static void add_timeout(struct text *text, const struct report_facts *facts)
{
	const struct launch_plan *plan = facts->plan;
	bool at_start = facts->result->start_timed_out, between = waited_for_a_restart(facts);
	begin_line(text);
	text_add(text, facts->colour ? RED : "");
	text_add(text, at_start  ? "start_timeout: not every rank had called muster_init "
	               : between ? "timeout: the job was waiting for its restart "
	                         : "timeout: the job was still running ");
	add_duration(text, at_start ? plan->spec->start_timeout_ms : launch_plan_time_limit_ms(plan));
	text_add(text, " after the start");
	if (plan->waited_ms > 0 && !at_start) {
		text_add(text, ", having waited for cores for ");
		add_duration(text, plan->waited_ms);
	}
	text_add(text, facts->colour ? NO_COLOUR : "");
	end_line(text);
	if (!between)
		add_hanging_ranks(text, facts);
	add_failed(text, facts);
}

static void add_stopped(struct text *text, const struct report_facts *facts)
{
	char name[UNIT_TEXT_BYTES];
	begin_line(text);
	text_add(text, facts->colour ? YELLOW : "");
	text_add_format(text, "stopped by %s ", signal_format(facts->result->stop_signal, name));
	add_seconds(text, facts->result->stop_ns);
	text_add(text, " after the start");
	text_add(text, facts->colour ? NO_COLOUR : "");
	text_add(text, ": ");
	struct text others = {0};
	add_others(&others, facts);
	if (others.length > 0)
		text_add_format(text, "%s; ", others.bytes);
	text_finish(&others);
	uint32_t failed = rank_fate_count(facts->result, FATE_FAILED) + (facts->result->first_failure != NO_RANK);
	if (failed > 0)
		text_add_format(text, "%" PRIu32 " had failed before; ", failed);
	add_survivors(text, facts);
	end_line(text);
	if (has_long_wait(facts->result))
		add_hanging_ranks(text, facts);
	list_fate(text, facts, FATE_LOST, "", "lost");
}

static void add_error(struct text *text, const struct report_facts *facts)
{
	if (facts->result->error_text != NULL)
		text_add_format(text, PREFIX "%s%s%s\n", facts->colour ? RED : "", facts->result->error_text,
		                facts->colour ? NO_COLOUR : "");
	add_first_failure(text, facts);
	add_also_failed(text, facts);
	add_end(text, facts);
}

void report_text_add_summary(struct text *text, const struct report_facts *facts)
{
	if (facts->result->nprocs == 0) { /* nothing is known of ranks: what there is to say is the error */
		add_error(text, facts);
		return;
	}
	switch (facts->result->outcome) {
	case OUTCOME_OK:
		return;
	case OUTCOME_FAILED:
		add_failed(text, facts);
		return;
	case OUTCOME_TIMEOUT:
		add_timeout(text, facts);
		return;
	case OUTCOME_STOPPED:
		add_stopped(text, facts);
		return;
	case OUTCOME_ERROR:
		add_error(text, facts);
		return;
	}
}

/* `muster run ... | head -1`: the user closed the output, and knows. */
static bool ended_with_its_reader(const struct job_result *result)
{
	return result->outcome == OUTCOME_FAILED && result->reader_gone && result->survivors == 0 &&
	       result->first_failure != NO_RANK &&
	       rank_exit_code(&result->ranks[result->first_failure]) == EXIT_SIGNAL_BASE + SIGPIPE;
}

void report_text_add_failure(struct text *text, const struct report_facts *facts)
{
	if (!ended_with_its_reader(facts->result))
		report_text_add_summary(text, facts);
}

void report_text_add_restart(struct text *text, const struct report_facts *facts, const struct restart *restart)
{
	begin_line(text);
	text_add(text, facts->colour ? YELLOW : "");
	text_add_format(text, "restart %" PRIu32 " of %" PRIu32, restart->of_budget,
	                facts->plan->spec->failure.max_restarts);
	if (restart->number != restart->of_budget)
		text_add_format(text, " (%" PRIu32 " in all)", restart->number);
	if (restart->wait_ms > 0) {
		text_add(text, " in ");
		add_duration(text, restart->wait_ms);
	}
	text_add(text, facts->colour ? NO_COLOUR : "");
	if (facts->result->first_failure != NO_RANK) {
		text_add(text, ", because ");
		add_casualty(text, facts, facts->result->first_failure);
	}
	end_line(text);
}

void report_text_add_first_failure(struct text *text, const struct report_facts *facts, const char *meanwhile)
{
	begin_line(text);
	add_casualty(text, facts, facts->result->first_failure);
	text_add(text, "; ");
	text_add(text, meanwhile);
	end_line(text);
}
