/* SPDX-License-Identifier: MIT
 *
 * plan_fixture: a spec, a machine of one package whose cores have two hardware threads (core N: CPUs N and N + cores),
 * and a placement by CPU lists, for tests of what comes after placing.
 */
#ifndef MUSTER_TESTS_PLAN_FIXTURE_H
#define MUSTER_TESTS_PLAN_FIXTURE_H

#include "unit_test.h"

#include "base/error.h"
#include "base/index_set.h"
#include "base/memory.h"
#include "machine/machine.h"
#include "plan/launch_plan.h"
#include "spec/job_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct job_spec spec;
	struct machine machine;
	struct placement placement;
	struct launch_context context;
	char *command[2];
	struct sink_spec terminal;
};

static inline void fixture_make_machine(struct machine *machine, uint32_t cores)
{
	*machine = (struct machine){.thread_count = cores * 2, .core_count = cores, .package_count = 1};
	machine->threads = memory_zeroed(machine->thread_count * sizeof *machine->threads);
	for (uint32_t i = 0; i < machine->thread_count; i++)
		machine->threads[i] = (struct hardware_thread){
			.cpu = i / 2 + (i % 2) * cores, .core = i / 2, .thread_of_core = i % 2};
}

static inline void fixture_place(struct fixture *f, uint32_t rank, const char *cpus, bool bound)
{
	struct rank_placement *place = &f->placement.ranks[rank];
	assert_int_equal(index_set_parse(&place->cpus, cpus, INDEX_SET_MAX, NULL), 0);
	for (index_set_each(&place->cpus, cpu))
		index_set_add(&place->cores, cpu % f->machine.core_count);
	place->bound = bound;
}

/* A job of `nprocs` ranks of a machine of 8 cores, rank N bound to core N (CPUs N and N + 8); bind_to core. */
static inline void fixture_begin(struct fixture *f, uint32_t nprocs)
{
	static char *no_environment[] = {NULL};
	static char command[] = "/bin/work";
	memset(f, 0, sizeof *f);
	fixture_make_machine(&f->machine, 8);
	f->command[0] = command;
	f->spec = (struct job_spec){.nprocs = nprocs};
	f->spec.command = (struct string_list){f->command, 1};
	f->spec.placement.bind_to = PLACE_CORE;
	f->spec.output.stdout_sinks = (struct sink_list){&f->terminal, 1};
	f->spec.output.stderr_sinks = (struct sink_list){&f->terminal, 1};
	f->placement.nprocs = nprocs;
	f->placement.ranks = memory_zeroed(nprocs * sizeof *f->placement.ranks);
	f->context = (struct launch_context){
		.environment = no_environment,
		.job_id = "work-a1",
		.directory = "/users/ada",
		.node_count = 1,
		.master_address = "127.0.0.1",
		.master_port = 4711,
		.machine = &f->machine,
	};
}

/* Each on a core of its own, as far as there are so many. */
static inline void fixture_place_all(struct fixture *f)
{
	char cpus[32];
	for (uint32_t rank = 0; rank < f->placement.nprocs; rank++) {
		uint32_t core = rank % f->machine.core_count;
		snprintf(cpus, sizeof cpus, "%u,%u", core, core + f->machine.core_count);
		fixture_place(f, rank, cpus, true);
	}
}

static inline struct launch_plan fixture_make_plan(struct fixture *f)
{
	struct launch_plan plan = {0};
	struct error err = {0};
	if (launch_plan_make(&plan, &f->spec, &f->placement, &f->context, &err) < 0)
		fail_msg("the plan was refused: %s", err.text);
	return plan;
}

static inline void fixture_end(struct fixture *f)
{
	for (uint32_t rank = 0; rank < f->placement.nprocs; rank++) {
		index_set_finish(&f->placement.ranks[rank].cpus);
		index_set_finish(&f->placement.ranks[rank].cores);
	}
	for (uint32_t i = 0; i < f->spec.ranks_count; i++)
		index_set_finish(&f->spec.ranks[i].ranks);
	free(f->placement.ranks);
	free(f->machine.threads);
}

/* Plans and results hold char *, and nothing writes through them. */
static inline char *borrowed(const char *text)
{
	return (char *)(uintptr_t)text;
}

#endif
