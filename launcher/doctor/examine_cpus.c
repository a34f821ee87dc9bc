/* SPDX-License-Identifier: MIT
 *
 * examine_cpus: what of the machine jobs may use, from struct machine, which placement reads too: the doctor says what
 * `muster plan` does.
 */
#include "doctor/examine.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "machine/cgroup_path.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "plan/place_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint32_t count_access(const struct machine *machine, enum thread_access access)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < machine->thread_count; i++)
		count += machine->threads[i].access == access;
	return count;
}

static void add_outside(struct text *text, const struct machine *machine, enum thread_access access, const char *words)
{
	struct index_set cpus = {0};
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].access == access)
			index_set_add(&cpus, machine->threads[i].cpu);
	if (!index_set_is_empty(&cpus)) {
		text_add(text, index_set_count(&cpus) == 1 ? "; CPU " : "; CPUs ");
		place_words_short_list(text, &cpus, 40);
		text_add_format(text, " %s", words);
	}
	index_set_finish(&cpus);
}

static void examine_allowed(struct findings *findings, const struct machine *machine)
{
	struct text text = {0};
	uint32_t allowed = index_set_count(&machine->allowed);
	place_words_short_list(&text, &machine->allowed, 60);
	text_add_format(&text, " of %s", machine->description);
	add_outside(&text, machine, THREAD_OFFLINE, "offline");
	add_outside(&text, machine, THREAD_OUTSIDE_CPUSET, "outside the cpuset");
	if (machine->cpuset_source != NULL)
		text_add_format(&text, " (%s)", machine->cpuset_source);
	add_outside(&text, machine, THREAD_OUTSIDE_AFFINITY, "outside the inherited affinity mask");
	struct finding *finding =
		findings_add(findings, "cpus.allowed", "CPU%s %s", allowed == 1 ? "" : "s", text.bytes);
	finding_set_value(finding, allowed);
	if (count_access(machine, THREAD_OUTSIDE_CPUSET) + count_access(machine, THREAD_OUTSIDE_AFFINITY) > 0)
		finding_grade_as(finding, FINDING_NOTE, "ranks are placed on the allowed CPUs only",
		                 "where that was not meant, allow more: docker run --cpuset-cpus, taskset, or the "
		                 "service's AllowedCPUs=");
	text_finish(&text);
}

static void examine_quota(struct findings *findings, const struct machine *machine)
{
	struct text text = {0};
	if (machine->quota_millicpus == 0) {
		if (cgroup_path_is_known(""))
			findings_add(findings, "cpus.quota", "no CPU quota");
		return;
	}
	place_words_thousandths(&text, machine->quota_millicpus);
	struct finding *finding =
		findings_add(findings, "cpus.quota", "a quota of the time of %s CPU%s (%s)", text.bytes,
	                     machine->quota_millicpus == 1000 ? "" : "s", machine->quota_source);
	finding_set_value(finding, machine->quota_millicpus / 1e3);
	if (machine->quota_millicpus < index_set_count(&machine->allowed) * UINT64_C(1000))
		finding_grade_as(
			finding, FINDING_WARNING,
			"less than the allowed CPUs: once ranks have used it up, all of them are halted until "
			"the next period; nprocs: auto and threads: auto stay within it",
			"start no more ranks and threads than it is enough for, or raise it: docker run --cpus, "
			"Kubernetes' limits.cpu");
	text_finish(&text);
}

/* CPUs of cores of which some hardware threads are allowed and some are not. */
static void find_split(const struct machine *machine, struct index_set *split, uint32_t *widest)
{
	bool *lacks = memory_zeroed((machine->core_count + 1) * sizeof *lacks);
	*widest = 1;
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		if (thread->core == NO_OBJECT)
			continue;
		*widest = thread->thread_of_core + 1 > *widest ? thread->thread_of_core + 1 : *widest;
		lacks[thread->core] |= thread->access != THREAD_ALLOWED;
	}
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		if (thread->access == THREAD_ALLOWED && thread->core != NO_OBJECT && lacks[thread->core])
			index_set_add(split, thread->cpu);
	}
	free(lacks);
}

static void examine_hardware_threads(struct findings *findings, const struct machine *machine)
{
	struct index_set split = {0};
	struct text text = {0};
	struct finding *finding;
	uint32_t widest;
	find_split(machine, &split, &widest);
	place_words_short_list(&text, &split, 40);
	if (widest == 1) {
		finding = findings_add(findings, "cpus.smt", "one hardware thread a core, as far as can be seen");
	} else if (index_set_is_empty(&split)) {
		finding = findings_add(findings, "cpus.smt",
		                       "%" PRIu32 " hardware threads a core, all of a core allowed", widest);
	} else {
		finding =
			findings_add(findings, "cpus.smt",
		                     "%" PRIu32 " hardware threads a core; of the cores of CPUs %s not all are allowed",
		                     widest, text.bytes);
		finding_grade_as(
			finding, FINDING_NOTE,
			"who has the other hardware threads of these cores slows ranks down, and may be anybody",
			"allow whole cores (lscpu -e shows which CPUs are one)");
	}
	finding_set_value(finding, widest);
	text_finish(&text);
	index_set_finish(&split);
}

static bool lacks_memory(const struct machine *machine)
{
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		if (thread->access == THREAD_ALLOWED && thread->numa < machine->node_count &&
		    !machine->nodes[thread->numa].allowed)
			return true;
	}
	return false;
}

static void examine_nodes(struct findings *findings, const struct machine *machine)
{
	struct finding *finding;
	if (machine->node_count <= 1) {
		finding = findings_add(findings, "cpus.numa", "one NUMA node");
	} else if (!lacks_memory(machine)) {
		finding = findings_add(findings, "cpus.numa",
		                       "%" PRIu32 " NUMA nodes; memory of those that ranks run on is allowed",
		                       machine->node_count);
	} else {
		finding = findings_add(findings, "cpus.numa",
		                       "%" PRIu32 " NUMA nodes, and memory of one that ranks run on is not allowed",
		                       machine->node_count);
		finding_grade_as(
			finding, FINDING_WARNING, "these ranks get memory that is far from them, and slow",
			"allow CPUs and memory of the same nodes: docker run --cpuset-cpus with --cpuset-mems");
	}
	finding_set_value(finding, machine->node_count);
}

static void examine_kinds(struct findings *findings, const struct machine *machine)
{
	if (machine->kind_count <= 1)
		return;
	struct finding *finding = findings_add(findings, "cpus.kinds", "%" PRIu32 " kinds of cores, fast and slow ones",
	                                       machine->kind_count);
	finding_set_value(finding, machine->kind_count);
	finding_grade_as(finding, FINDING_NOTE, "ranks that wait for one another wait for those on slow cores",
	                 "placement.cores: performance");
}

static void add_holders(struct text *text, const struct machine *machine)
{
	for (uint32_t i = 0; i < machine->holder_count; i++) {
		const struct core_holder *holder = &machine->holders[i];
		place_words_set(text, i > 0 ? "; CPU" : "CPU", i > 0 ? "; CPUs" : "CPUs", &holder->cpus);
		text_add_format(text, " by %s%s", holder->note.job[0] != '\0' ? holder->note.job : "a job unknown",
		                holder->note.exclusive ? ", which shares with nobody" : "");
	}
}

static void examine_held(struct findings *findings, const struct machine *machine)
{
	struct text text = {0};
	uint32_t held = 0, exclusive = 0, allowed = index_set_count(&machine->allowed);
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		const struct hardware_thread *thread = &machine->threads[i];
		held += thread->access == THREAD_ALLOWED && thread->holder_count > 0;
		exclusive += thread->access == THREAD_ALLOWED && thread->held_exclusively;
	}
	if (held == 0) {
		finding_set_value(findings_add(findings, "cpus.held", "no other muster job holds cores"), 0);
		return;
	}
	add_holders(&text, machine);
	struct finding *finding = findings_add(findings, "cpus.held", "cores are held by other jobs: %s", text.bytes);
	finding_set_value(finding, held);
	if (exclusive == allowed)
		finding_grade_as(finding, FINDING_PROBLEM, "a job that is started now is refused",
		                 "wait: muster run --wait-for-cores; or see muster ps, muster stop");
	else if (held == allowed)
		finding_grade_as(finding, FINDING_WARNING,
		                 "a job that is started now shares cores, and both are slower",
		                 "wait: muster run --wait-for-cores; or see muster ps, muster stop");
	else
		finding_grade_as(finding, FINDING_NOTE, "a job that is started now gets the others first",
		                 "see muster plan for which these are, muster ps for who holds the rest");
	text_finish(&text);
}

static void examine_leases(struct findings *findings)
{
	struct error err;
	if (core_lease_try(&err) == 0) {
		findings_add(findings, "cpus.leases", "jobs can hold their cores");
		return;
	}
	finding_grade_as(findings_add(findings, "cpus.leases", "cores cannot be held: %s", err.text), FINDING_WARNING,
	                 "other jobs of this host may be placed on the same cores, and exclusive jobs are refused",
	                 "name a directory that all jobs share in MUSTER_LEASE_DIR, or mount one at /run/lock");
}

void examine_cpus(struct findings *findings, const struct machine *machine)
{
	examine_allowed(findings, machine);
	examine_quota(findings, machine);
	examine_hardware_threads(findings, machine);
	examine_nodes(findings, machine);
	examine_kinds(findings, machine);
	examine_held(findings, machine);
	examine_leases(findings);
}
