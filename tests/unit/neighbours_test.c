/* SPDX-License-Identifier: MIT
 *
 * neighbours: machines, requests, and then for each rank its domain and, behind it, "!" when it is crowded.
 */
#include "unit_test.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "machine/machine.h"
#include "plan/neighbours.h"
#include "plan/placement.h"
#include "spec/job_spec.h"

#include <string.h>

struct neighbours_case {
	const char *what;
	const char *machine;
	uint32_t nprocs;
	enum place_level bind_to;
	enum place_level map_by;
	uint32_t cpus_per_rank; /* 0: 1 */
	const char *rank_cpus[4];
	uint32_t quota_millicpus;
	bool without_machine; /* the placement was made for it, and then it is not known */
	const char *expected;
	uint32_t domain_count;
};

#define TWO_SOCKETS "package:2 numa:1 l3:1 core:4 pu:2"

static const struct neighbours_case cases[] = {
	{"a core each, one package", TWO_SOCKETS, 4, PLACE_CORE, PLACE_CORE, .expected = "0 0 0 0", .domain_count = 1},
	{"a core each, over packages in turn", TWO_SOCKETS, 4, PLACE_CORE, PLACE_PACKAGE, .expected = "0 1 0 1",
         .domain_count = 2},
	{"two ranks on a core of two threads", TWO_SOCKETS, 9, PLACE_CORE, PLACE_CORE, .expected = "0 0 0 0 1 1 1 1 0",
         .domain_count = 2},
	{"one of the cores has three", "core:2 pu:2", 5, PLACE_CORE, PLACE_CORE, .expected = "0! 0 0! 0 0!",
         .domain_count = 1},
	{"twice as many", "core:2 pu:1", 4, PLACE_CORE, PLACE_CORE, .expected = "0! 1! 0! 1!", .domain_count = 2},
	{"four on a core of two threads", "core:2 pu:2", 8, PLACE_CORE, PLACE_CORE,
         .expected = "0! 1! 0! 1! 0! 1! 0! 1!", .domain_count = 2},
	{"all on the only core", "core:1 pu:1", 3, PLACE_CORE, PLACE_CORE, .expected = "0! 0! 0!", .domain_count = 1},
	{"twice as many, and several caches", "package:2 numa:1 l3:1 core:1 pu:1", 4, PLACE_CORE, PLACE_CORE,
         .expected = "0! 1! 0! 1!", .domain_count = 2},
	{"lists: all crowded, and one overlaps with two", "core:2 pu:1", 4, PLACE_CORE, PLACE_CORE,
         .rank_cpus = {"1", "0-1", "0", "1"}, .expected = "0! 0! 0! 0!", .domain_count = 1},
	{"lists: all crowded, and they overlap", "core:2 pu:1", 4, PLACE_CORE, PLACE_CORE,
         .rank_cpus = {"0-1", "0", "1", "0-1"}, .expected = "0! 0! 0! 0!", .domain_count = 1},
	{"hardware threads of one core are two", "core:1 pu:2", 2, PLACE_HWTHREAD, PLACE_HWTHREAD, .expected = "0 0",
         .domain_count = 1},
	{"bound to a node that has a thread for each", TWO_SOCKETS, 4, PLACE_NUMA, PLACE_NUMA, .expected = "0 1 0 1",
         .domain_count = 2},
	{"not bound, a thread for each", TWO_SOCKETS, 16, PLACE_NONE, PLACE_CORE,
         .expected = "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", .domain_count = 1},
	{"not bound, one more", "core:2 pu:1", 3, PLACE_NONE, PLACE_CORE, .expected = "0! 0! 0!", .domain_count = 1},
	{"2 x 64 x 2, over packages", "package:2 l3:1 core:64 pu:2", 3, PLACE_CORE, PLACE_PACKAGE, .expected = "0 1 0",
         .domain_count = 2},
	{"many caches a package", "package:1 l3:4 core:2 pu:1", 8, PLACE_CORE, PLACE_CORE,
         .expected = "0 0 1 1 2 2 3 3", .domain_count = 4},
	{"many caches a package, over caches", "package:1 l3:4 core:2 pu:1", 5, PLACE_CORE, PLACE_L3CACHE,
         .expected = "0 1 2 3 0", .domain_count = 4},
	{"a rank that spans caches counts where it begins", "package:1 l3:4 core:2 pu:1", 2, PLACE_CORE, PLACE_CORE,
         .cpus_per_rank = 4, .expected = "0 1", .domain_count = 2},
	{"nodes within a cache", "package:2 l3:1 numa:2 core:2 pu:1", 8, PLACE_CORE, PLACE_CORE,
         .expected = "0 0 0 0 1 1 1 1", .domain_count = 2},
	{"no cache is known: nodes", "package:2 numa:2 core:2 pu:1", 8, PLACE_CORE, PLACE_CORE,
         .expected = "0 0 1 1 2 2 3 3", .domain_count = 4},
	{"no cache, no node", "core:4 pu:1", 4, PLACE_CORE, PLACE_CORE, .expected = "0 0 0 0", .domain_count = 1},
	{"numbers are those of ranks, without gaps", "package:1 l3:4 core:2 pu:1", 3, PLACE_CORE, PLACE_CORE,
         .rank_cpus = {"6", "2", "7"}, .expected = "0 1 0", .domain_count = 2},
	{"lists: the same CPUs twice, and there are two", "core:4 pu:1", 2, PLACE_CORE, PLACE_CORE,
         .rank_cpus = {"0-1", "0-1"}, .expected = "0 0", .domain_count = 1},
	{"lists: one has no CPU that is not a part of another's", "core:4 pu:1", 2, PLACE_CORE, PLACE_CORE,
         .rank_cpus = {"0-1", "0"}, .expected = "0 0!", .domain_count = 1},
	{"lists: in a ring, each has one in the end", "core:4 pu:1", 4, PLACE_CORE, PLACE_CORE,
         .rank_cpus = {"0-1", "1-2", "2-3", "0,3"}, .expected = "0 0 0 0", .domain_count = 1},
	{"a quota below the number of ranks", "core:4 pu:1", 3, PLACE_CORE, PLACE_CORE, .quota_millicpus = 2500,
         .expected = "0! 0! 0!", .domain_count = 1},
	{"a quota for all of them", "core:4 pu:1", 3, PLACE_CORE, PLACE_CORE, .quota_millicpus = 3000,
         .expected = "0 0 0", .domain_count = 1},
	{"the machine is not known", TWO_SOCKETS, 3, PLACE_CORE, PLACE_PACKAGE, .without_machine = true,
         .expected = "0 0 0", .domain_count = 1},
};

static void place(struct placement *placement, struct job_spec *spec, const struct neighbours_case *c,
                  const struct machine *machine)
{
	static struct index_set lists[COUNT_OF(c->rank_cpus)];
	struct error err;
	job_spec_init(spec);
	spec->nprocs = c->nprocs;
	spec->placement.bind_to = c->bind_to;
	spec->placement.map_by = c->map_by;
	spec->placement.cpus_per_rank = c->cpus_per_rank == 0 ? 1 : c->cpus_per_rank;
	for (uint32_t r = 0; c->rank_cpus[0] != NULL && r < c->nprocs; r++) {
		assert_int_equal(index_set_parse(&lists[r], c->rank_cpus[r], INDEX_SET_MAX, &err), 0);
		spec->placement.rank_cpus = lists;
		spec->placement.rank_cpus_count = c->nprocs;
	}
	if (placement_make(placement, spec, machine, &err) < 0)
		fail_msg("%s: %s", c->what, err.text);
	spec->placement.rank_cpus = NULL;
	spec->placement.rank_cpus_count = 0;
	for (uint32_t r = 0; r < COUNT_OF(lists); r++)
		index_set_finish(&lists[r]);
}

static void check(const struct neighbours_case *c)
{
	struct machine machine;
	struct job_spec spec;
	struct placement placement;
	struct neighbours found;
	struct arena arena = {0};
	struct text told = {0};
	struct error err;
	assert_int_equal(machine_load(&machine, c->machine, &err), 0);
	machine.quota_millicpus = c->quota_millicpus;
	place(&placement, &spec, c, &machine);
	neighbours_find(&found, &arena, &placement, c->without_machine ? NULL : &machine);
	for (uint32_t r = 0; r < placement.nprocs; r++)
		text_add_format(&told, "%s%u%s", r == 0 ? "" : " ", found.domain[r], found.crowded[r] ? "!" : "");
	if (strcmp(told.bytes, c->expected) != 0 || found.domain_count != c->domain_count)
		fail_msg("%s: %s in %u domains, not %s in %u", c->what, told.bytes, found.domain_count, c->expected,
		         c->domain_count);
	text_finish(&told);
	arena_finish(&arena);
	placement_finish(&placement);
	job_spec_finish(&spec);
	machine_finish(&machine);
}

static void ranks_know_their_neighbours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check(&cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_know_their_neighbours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
