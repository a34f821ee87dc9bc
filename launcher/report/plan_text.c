/* SPDX-License-Identifier: MIT
 *
 * plan_text: a plan on a terminal: what was asked, who is on the machine (plan_drawing), a line a rank, warnings.
 * Ranks that are alike are folded, so that a plan for a large machine still fits on a few screens.
 */
#include "report/plan_view.h"

#include "base/byte_words.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"
#include "plan/place_held.h"
#include "plan/place_words.h"
#include "plan/placement.h"
#include "report/plan_drawing.h"
#include "spec/job_spec.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { DEFAULT_WIDTH = 100, LISTED_AT_MOST = 40, SHORTEST_FOLD = 4, WIDEST_CPUS = 28 };

static void add_request(struct text *text, const struct plan_view *view)
{
	const struct placement_spec *request = &view->spec->placement;
	if (request->rank_cpus != NULL) {
		text_add(text, "  placed by rank_cpus");
	} else {
		text_add_format(text, "  map by %s, bind to %s, %" PRIu32 " %s a rank",
		                place_level_name(request->map_by), place_level_name(request->bind_to),
		                request->cpus_per_rank,
		                place_noun(request->bind_to == PLACE_HWTHREAD ? PLACE_HWTHREAD : PLACE_CORE,
		                           request->cpus_per_rank != 1));
		if (request->smt == SMT_ONE)
			text_add(text, ", smt one");
		if (request->cores != CORES_ALL)
			text_add_format(text, ", %s cores", core_choice_name(request->cores));
	}
	if (!index_set_is_empty(&request->cpu_set)) {
		text_add(text, ", of ");
		place_words_set(text, "CPU", "CPUs", &request->cpu_set);
	}
	text_add_format(text, ", memory %s\n", memory_policy_name(request->memory));
}

static bool has_access(const struct machine *machine, enum thread_access access)
{
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].access == access)
			return true;
	return false;
}

static void add_holders(struct text *text, const struct machine *machine)
{
	struct index_set held = {0};
	machine_held_cpus(machine, &held);
	if (!index_set_is_empty(&held)) {
		text_add(text, "  ");
		place_held_add_holders(text, machine, &held);
		text_add(text, "\n");
	}
	index_set_finish(&held);
}

static void add_quota(struct text *text, const struct machine *machine)
{
	if (machine->quota_millicpus == 0)
		return;
	text_add(text, "  quota: ");
	place_words_thousandths(text, machine->quota_millicpus);
	text_add_format(text, " CPUs, by %s\n",
	                machine->quota_source != NULL ? machine->quota_source : "control group");
}

static void add_allowance(struct text *text, const struct machine *machine)
{
	char words[BYTE_WORDS_SIZE];
	text_add(text, "  allowed: ");
	place_words_set(text, "CPU", "CPUs", &machine->allowed);
	if (has_access(machine, THREAD_OUTSIDE_CPUSET))
		text_add_format(text, ", limited by the cpuset%s%s", machine->cpuset_source != NULL ? " of " : "",
		                machine->cpuset_source != NULL ? machine->cpuset_source : "");
	if (has_access(machine, THREAD_OUTSIDE_AFFINITY))
		text_add(text, ", limited by the inherited affinity mask");
	text_add(text, "\n");
	add_holders(text, machine);
	add_quota(text, machine);
	if (machine->memory_limit_source == NULL)
		return;
	text_add_format(text, "  memory for all ranks together: %s, by %s\n",
	                byte_words(words, machine->memory_limit_bytes), machine->memory_limit_source);
}

static void add_head(struct text *text, const struct plan_view *view)
{
	const struct placement *placement = view->placement;
	text_add_format(
		text, "%" PRIu32 " %s on %s: %s\n", placement->nprocs, placement->nprocs == 1 ? "rank" : "ranks",
		view->machine->is_this_machine ? "this machine" : "another machine", view->machine->description);
	if (placement->nprocs_why != NULL)
		text_add_format(text, "  nprocs auto: %s\n", placement->nprocs_why);
	add_request(text, view);
	add_allowance(text, view->machine);
}

/* Two reasons are alike when they differ in numbers only. */
static const char *skip_number(const char *at)
{
	while (isdigit((unsigned char)*at))
		at++;
	for (const char *endings = "st\0nd\0rd\0th\0"; *endings != '\0'; endings += 3)
		if (strncmp(at, endings, 2) == 0)
			return at + 2;
	return at;
}

static bool reasons_are_alike(const char *one, const char *other)
{
	while (*one != '\0' && *other != '\0') {
		if (isdigit((unsigned char)*one) && isdigit((unsigned char)*other)) {
			one = skip_number(one);
			other = skip_number(other);
		} else if (*one++ != *other++) {
			return false;
		}
	}
	return *one == *other;
}

static void add_wrapped(struct text *text, const char *words, size_t indent, size_t width)
{
	size_t column = indent;
	for (const char *at = words; *at != '\0';) {
		size_t length = strcspn(at, " ");
		if (column > indent && column + 1 + length > width) {
			text_add(text, "\n");
			text_add_repeated(text, " ", indent);
			column = indent;
		} else if (column > indent) {
			text_add(text, " ");
			column++;
		}
		text_add_bytes(text, at, length);
		column += length;
		at += length + (at[length] == ' ' ? 1 : 0);
	}
	text_add(text, "\n");
}

struct columns {
	int rank;
	int cpus;
	int nodes;
	size_t width;
};

static int list_width(const struct index_set *set, int at_least, int at_most)
{
	int width = (int)index_set_format(set, NULL, 0);
	if (width > at_most)
		return at_most;
	return width > at_least ? width : at_least;
}

static struct columns measure(const struct placement *placement, size_t width)
{
	struct columns columns = {.rank = 4, .cpus = 4, .nodes = 4, .width = width};
	if (placement->nprocs > 10000)
		columns.rank = 5;
	for (uint32_t i = 0; i < placement->nprocs; i++) {
		columns.cpus = list_width(&placement->ranks[i].cpus, columns.cpus, WIDEST_CPUS);
		columns.nodes = list_width(&placement->ranks[i].nodes, columns.nodes, WIDEST_CPUS);
	}
	return columns;
}

static void add_column(struct text *text, const struct index_set *set, int width)
{
	size_t before = text->length;
	place_words_short_list(text, set, (size_t)width);
	size_t used = text->length - before;
	text_add_repeated(text, " ", (used < (size_t)width ? (size_t)width - used : 0) + 2);
}

static void add_rank(struct text *text, const struct placement *placement, uint32_t rank, const struct columns *columns)
{
	const struct rank_placement *place = &placement->ranks[rank];
	size_t indent = (size_t)columns->rank + (size_t)columns->cpus + (size_t)columns->nodes + 6;
	text_add_format(text, "%*" PRIu32 "  ", columns->rank, rank);
	add_column(text, &place->cpus, columns->cpus);
	add_column(text, &place->nodes, columns->nodes);
	add_wrapped(text, place->why, indent, columns->width);
}

/* The last of the ranks from `first` on that are all alike. */
static uint32_t end_of_run(const struct placement *placement, uint32_t first)
{
	uint32_t last = first;
	while (last + 1 < placement->nprocs &&
	       reasons_are_alike(placement->ranks[first].why, placement->ranks[last + 1].why))
		last++;
	return last;
}

static void add_ranks(struct text *text, const struct placement *placement, const struct plan_style *style)
{
	struct columns columns = measure(placement, style->width != 0 ? style->width : DEFAULT_WIDTH);
	bool fold = !style->every_rank && placement->nprocs > LISTED_AT_MOST;
	const char *hint = " (-v lists them)"; /* once */
	text_add_format(text, "\n%*s  %-*s  %-*s  why\n", columns.rank, "rank", columns.cpus, "CPUs", columns.nodes,
	                "NUMA");
	for (uint32_t rank = 0; rank < placement->nprocs; rank++) {
		uint32_t last = fold ? end_of_run(placement, rank) : rank;
		add_rank(text, placement, rank, &columns);
		if (last - rank + 1 < SHORTEST_FOLD)
			continue;
		text_add_format(text, "%*s  ranks %" PRIu32 "-%" PRIu32 " likewise%s\n", columns.rank,
		                style->utf8 ? "  \xe2\x8b\xae" : ":", rank + 1, last - 1, hint);
		hint = "";
		add_rank(text, placement, last, &columns);
		rank = last;
	}
}

void plan_text(struct text *text, const struct plan_view *view, const struct plan_style *style)
{
	add_head(text, view);
	plan_drawing(text, view, style);
	add_ranks(text, view->placement, style);
	if (view->placement->warning_count > 0)
		text_add(text, "\n");
	for (uint32_t i = 0; i < view->placement->warning_count; i++)
		text_add_format(text, "%swarning:%s %s\n", style->colour ? "\033[33m" : "",
		                style->colour ? "\033[0m" : "", view->placement->warnings[i]);
}

void plan_bindings_text(struct text *text, const struct plan_view *view)
{
	for (uint32_t rank = 0; rank < view->placement->nprocs; rank++) {
		const struct rank_placement *place = &view->placement->ranks[rank];
		text_add_format(text, "rank %" PRIu32 ": ", rank);
		if (!place->bound)
			text_add(text, "not bound, may use ");
		place_words_set(text, "CPU", "CPUs", &place->cpus);
		text_add(text, " (");
		place_words_set(text, "core", "cores", &place->cores);
		if (!index_set_is_empty(&place->nodes)) {
			text_add(text, ", ");
			place_words_set(text, "NUMA node", "NUMA nodes", &place->nodes);
		}
		text_add_format(text, ")%s\n", place->shared ? ", shared" : "");
	}
}
