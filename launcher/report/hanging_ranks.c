/* SPDX-License-Identifier: MIT
 *
 * hanging_ranks: see hanging_ranks.h.
 */
#include "report/hanging_ranks.h"

#include "base/index_set.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "plan/place_words.h"
#include "report/library_words.h"
#include "report/rank_fate.h"
#include "report/rank_words.h"
#include "run/job_result.h"

#include <inttypes.h>
#include <string.h>

#define INDENT "muster:   "

enum { LINES = 8, LONG_WAIT_NS = 1000000000 };

/* How near a rank is to what the others may wait for. */
enum rank_class {
	CLASS_NOT_ATTACHED,
	CLASS_BUSY, /* waits for nobody */
	CLASS_WAITING,
	NOT_LISTED,
};

typedef bool is_listed_function(const struct job_result *result, uint32_t rank);

struct listing {
	struct text *text;
	const struct report_facts *facts;
	is_listed_function *is_listed;
	uint32_t not_shown;
};

/* Ranks that were alive: muster had to end them, or could not. */
static bool was_hanging(const struct job_result *result, uint32_t rank)
{
	enum rank_fate fate = rank_fate(result, rank);
	return fate == FATE_STOPPED || fate == FATE_KILLED;
}

static bool was_waiting(const struct job_result *result, uint32_t rank)
{
	return result->ranks[rank].wait.kind != WAITS_FOR_NOTHING && rank != result->first_failure;
}

static enum rank_class class_of(const struct listing *listing, uint32_t rank)
{
	const struct job_result *result = listing->facts->result;
	if (!listing->is_listed(result, rank))
		return NOT_LISTED;
	if (result->ranks[rank].not_attached)
		return CLASS_NOT_ATTACHED;
	return result->ranks[rank].wait.kind == WAITS_FOR_NOTHING ? CLASS_BUSY : CLASS_WAITING;
}

static const char *busy_words(const struct rank_result *rank)
{
	if (rank->lost_detail != NULL)
		return rank->lost_detail;
	return rank->library == NULL ? "was running" : "was running, and waited for nobody";
}

static void add_rank(struct listing *listing, uint32_t local_rank)
{
	struct text *text = listing->text;
	const struct rank_result *rank = &listing->facts->result->ranks[local_rank];
	text_add(text, INDENT);
	add_rank_name(text, listing->facts, local_rank);
	text_add(text, ": ");
	if (rank->not_attached)
		text_add_format(text, "had not called muster_init; %s", busy_words(rank));
	else if (rank->wait.kind != WAITS_FOR_NOTHING)
		add_wait(text, &rank->wait);
	else
		text_add(text, busy_words(rank));
	text_add(text, "\n");
}

/* --- few --- */

static uint32_t count_listed(const struct listing *listing)
{
	uint32_t count = 0;
	for (uint32_t rank = 0; rank < listing->facts->result->nprocs; rank++)
		count += listing->is_listed(listing->facts->result, rank);
	return count;
}

static void add_each(struct listing *listing)
{
	for (uint32_t rank = 0; rank < listing->facts->result->nprocs; rank++)
		if (listing->is_listed(listing->facts->result, rank))
			add_rank(listing, rank);
}

/* --- many --- */

static void add_class(struct listing *listing, enum rank_class class)
{
	uint32_t shown = 0;
	for (uint32_t rank = 0; rank < listing->facts->result->nprocs; rank++) {
		if (class_of(listing, rank) != class)
			continue;
		if (shown++ < LINES)
			add_rank(listing, rank);
		else
			listing->not_shown++;
	}
}

static bool wait_alike(const struct rank_wait *one, const struct rank_wait *other)
{
	bool message = one->kind == WAITS_TO_SEND || one->kind == WAITS_TO_RECEIVE;
	return one->kind == other->kind && strcmp(one->label, other->label) == 0 &&
	       (!message || one->peer == other->peer);
}

/* Ranks that wait as the first of them does. */
struct wait_group {
	uint32_t first;
	uint32_t longest;
	uint32_t count;
	struct index_set ranks;
};

static void join(struct listing *listing, struct wait_group *group, uint32_t local_rank)
{
	const struct rank_result *ranks = listing->facts->result->ranks;
	index_set_add(&group->ranks, listing->facts->plan->ranks[local_rank].rank);
	if (group->count++ == 0)
		group->first = group->longest = local_rank;
	else if (ranks[local_rank].wait.for_ns > ranks[group->longest].wait.for_ns)
		group->longest = local_rank;
}

static void add_group(struct listing *listing, struct wait_group *group)
{
	if (group->count == 1) {
		add_rank(listing, group->first);
		return;
	}
	text_add_format(listing->text, INDENT "%" PRIu32 " ranks (", group->count);
	place_words_short_list(listing->text, &group->ranks, RANK_LIST_WIDTH);
	text_add(listing->text, "): each ");
	add_wait_of_many(listing->text, &listing->facts->result->ranks[group->longest].wait);
	text_add(listing->text, "\n");
}

static void add_groups(struct listing *listing)
{
	struct wait_group groups[LINES] = {0};
	const struct rank_result *ranks = listing->facts->result->ranks;
	uint32_t count = 0;
	for (uint32_t rank = 0; rank < listing->facts->result->nprocs; rank++) {
		uint32_t g = 0;
		if (class_of(listing, rank) != CLASS_WAITING)
			continue;
		while (g < count && !wait_alike(&ranks[groups[g].first].wait, &ranks[rank].wait))
			g++;
		if (g == LINES) {
			listing->not_shown++;
			continue;
		}
		count += g == count;
		join(listing, &groups[g], rank);
	}
	for (uint32_t g = 0; g < count; g++) {
		add_group(listing, &groups[g]);
		index_set_finish(&groups[g].ranks);
	}
}

static void add_list(struct text *text, const struct report_facts *facts, is_listed_function *is_listed)
{
	struct listing listing = {.text = text, .facts = facts, .is_listed = is_listed};
	if (count_listed(&listing) <= LINES) {
		add_each(&listing);
		return;
	}
	add_class(&listing, CLASS_NOT_ATTACHED);
	add_class(&listing, CLASS_BUSY);
	add_groups(&listing);
	if (listing.not_shown > 0)
		text_add_format(text, INDENT "and %" PRIu32 " more\n", listing.not_shown);
}

/* --- the lists --- */

void add_hanging_ranks(struct text *text, const struct report_facts *facts)
{
	add_list(text, facts, was_hanging);
}

void add_waiting_ranks(struct text *text, const struct report_facts *facts)
{
	add_list(text, facts, was_waiting);
}

bool has_long_wait(const struct job_result *result)
{
	for (uint32_t rank = 0; rank < result->nprocs; rank++)
		if (was_hanging(result, rank) && was_waiting(result, rank) &&
		    result->ranks[rank].wait.for_ns >= LONG_WAIT_NS)
			return true;
	return false;
}
