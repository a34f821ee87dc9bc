/* SPDX-License-Identifier: MIT
 *
 * environment_builder: an environment that is being put together, as the files that take part see it: environment.c the
 * list that all ranks have, environment_slots.c the names that may differ between ranks, environment_ranks.c each
 * rank's own list. Nobody else includes it.
 */
#ifndef MUSTER_PLAN_ENVIRONMENT_BUILDER_H
#define MUSTER_PLAN_ENVIRONMENT_BUILDER_H

#include "base/text.h"
#include "plan/cpu_share.h"
#include "plan/environment.h"
#include "plan/variables.h"

/* Where the value of a name that may differ between ranks comes from. */
enum slot_source {
	SLOT_SAME, /* a text of the job's list that some exception touches */
	SLOT_RANK,
	SLOT_LOCAL_RANK,
	SLOT_CPUS,
	SLOT_THREADS,
	SLOT_PLACES,
	SLOT_PROC_BIND,
};

struct environment_slot {
	enum slot_source source;
	const char *name;
	char *same;            /* SLOT_SAME */
	uint32_t prefix_bytes; /* of "NAME=" */
	char **by_share;       /* SLOT_CPUS, SLOT_THREADS, SLOT_PLACES: "NAME=value" by CPU share; NULL: not set */
};

struct environment_builder {
	const struct environment_input *input;
	struct arena *arena;
	struct variables job;
	struct variables removed;  /* for the warning */
	struct text ignored_names; /* of the variables of the supervisor that the spec speaks of */
	struct cpu_shares shares;
	struct environment_slot *slots;
	uint32_t slot_count;
	uint32_t slot_capacity;
	char ***exception_texts; /* by entry and change: "NAME=value"; NULL: removed */
};

/* The last change of that name, or NULL: options are laid after the spec's own. */
const struct env_change *environment_find_change(const struct env_changes *changes, const char *name);

/* Does the supervisor set it? Noted for the warning. */
bool environment_is_supervisors(struct environment_builder *b, const char *name);

/* Adds what may differ between ranks, and to the job's list what turns out not to. The job's own changes are there. */
void environment_add_slots(struct environment_builder *b);
struct environment_slot *environment_add_slot(struct environment_builder *b, enum slot_source source, const char *name);
const struct environment_slot *environment_find_slot(const struct environment_builder *b, const char *name);

/* Fills in environment->ranks. All slots are there. */
void environment_make_ranks(struct environment_builder *b, struct environment *environment);

#endif
