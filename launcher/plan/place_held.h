/* SPDX-License-Identifier: MIT
 *
 * place_held: what of the machine is left to the other jobs that hold it, and what is shared with them because too
 * little is free. Decided before ranks are placed, from what stands in struct machine; a pure function.
 */
#ifndef MUSTER_PLAN_PLACE_HELD_H
#define MUSTER_PLAN_PLACE_HELD_H

#include "base/index_set.h"
#include "base/text.h"
#include "machine/machine.h"
#include "spec/job_spec.h"

struct error;

struct place_held {
	struct index_set left_out; /* all other CPUs; empty when nobody holds any */
	struct index_set shared;   /* CPUs that others hold and that are used all the same */
	struct index_set withheld; /* CPUs that are missed, but whose holders share with nobody */
	uint32_t withheld_units;
};

/* -EAGAIN with the holders' names when the job may not share and too little is free. */
int place_held_choose(struct place_held *held, const struct job_spec *spec, const struct machine *machine,
                      struct error *err);
void place_held_finish(struct place_held *held);

/* The same question for explicit lists. */
int place_held_check_lists(const struct placement_spec *request, const struct machine *machine, struct error *err);

/* What can be done about too few free cores. Who has waited already, or is going to, is not told that one can. */
struct waiting_words {
	const char *advice; /* "wait with --wait-for-cores" */
	const char *offer;  /* "--wait-for-cores waits" */
};
struct waiting_words place_held_waiting(const struct placement_spec *request);

/* "CPU 3 is held by job train-0f3k9q2x7c of user 1000, CPUs 4-5 by ..." for those of `cpus` that are. */
void place_held_add_holders(struct text *text, const struct machine *machine, const struct index_set *cpus);

#endif
