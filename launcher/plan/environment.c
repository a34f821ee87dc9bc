/* SPDX-License-Identifier: MIT
 *
 * environment: see environment.h. First the list that all ranks have is put together, layer by layer; then each name
 * that may differ between ranks becomes a slot, and each rank's own list is its slots filled, then what only its
 * exceptions add.
 */
#include "plan/environment.h"

#include "base/memory.h"
#include "base/text.h"
#include "plan/account.h"
#include "plan/cpu_share.h"
#include "plan/foreign_variables.h"
#include "plan/variables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_IN_WARNING = 12 };

#define THREADS_VARIABLE   "OMP_NUM_THREADS"
#define PLACES_VARIABLE    "OMP_PLACES"
#define PROC_BIND_VARIABLE "OMP_PROC_BIND"

/* Only these answer "who am I" for muster's ranks, so that an inherited one is never right. */
static const char *const own_names[] = {
	"MUSTER_RANK",
	"MUSTER_WORLD_SIZE",
	"MUSTER_LOCAL_RANK",
	"MUSTER_LOCAL_WORLD_SIZE",
	"MUSTER_NODE_RANK",
	"MUSTER_NUM_NODES",
	"MUSTER_JOB_ID",
	"MUSTER_JOB_NAME",
	"MUSTER_RESTART_COUNT",
	"MUSTER_CPUS",
	"MUSTER_FD",
	"RANK",
	"WORLD_SIZE",
	"LOCAL_RANK",
	"LOCAL_WORLD_SIZE",
	"GROUP_RANK",
	"GROUP_WORLD_SIZE",
	"ROLE_RANK",
	"ROLE_WORLD_SIZE",
	"ROLE_NAME",
	"MASTER_ADDR",
	"MASTER_PORT",
	"TORCHELASTIC_RUN_ID",
	"TORCHELASTIC_RESTART_COUNT",
	"TORCHELASTIC_MAX_RESTARTS",
	NULL,
};

/* The supervisor adds these at each start of the group: the plan never has them, not even when env asks. */
static const char *const supervisor_names[] = {RESTART_COUNT_VARIABLES, "MUSTER_FD", NULL};

/* All that libraries take a number of threads from. Those after the first follow it when they are not set. */
static const char *const thread_names[] = {
	THREADS_VARIABLE, "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
};
enum { THREAD_NAME_COUNT = sizeof thread_names / sizeof *thread_names };

/* One decision in four words: whoever sets one of them has decided where OpenMP's threads go. */
static const char *const affinity_names[] = {PLACES_VARIABLE, PROC_BIND_VARIABLE, "GOMP_CPU_AFFINITY", "KMP_AFFINITY",
                                             NULL};

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

struct slot {
	enum slot_source source;
	const char *name;
	char *same;            /* SLOT_SAME */
	uint32_t prefix_bytes; /* of "NAME=" */
	char **by_share;       /* SLOT_CPUS, SLOT_THREADS, SLOT_PLACES: "NAME=value" by CPU share; NULL: not set */
};

struct builder {
	const struct environment_input *input;
	struct arena *arena;
	struct variables job;
	struct variables removed; /* for the warning */
	bool ignored_supervisor_name;
	struct cpu_shares shares;
	struct slot *slots;
	uint32_t slot_count;
	uint32_t slot_capacity;
	char ***exception_texts; /* by entry and change: "NAME=value"; NULL: removed */
};

static bool is_in(const char *const *names, const char *name, size_t length)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == length && memcmp(*names, name, length) == 0)
			return true;
	return false;
}

/* The last change of that name: options are laid after the spec's own. */
static const struct env_change *find_change(const struct env_changes *changes, const char *name)
{
	for (uint32_t i = changes->count; i-- > 0;)
		if (strcmp(changes->items[i].name, name) == 0)
			return &changes->items[i];
	return NULL;
}

/* -- Layer 1: what is inherited ------------------------------------------------------------------------------------ */

static bool is_listed(const struct string_list *names, const char *text)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (variable_is(text, names->items[i]))
			return true;
	return false;
}

/* A name that is listed in inherit_env is asked for by name, so another launcher's may pass. */
static void inherit_one(struct builder *b, char *text)
{
	const struct job_spec *spec = b->input->spec;
	size_t length = variable_name_length(text);
	if (length == 0 || is_in(own_names, text, length))
		return;
	if (spec->inherit_env == INHERIT_LISTED && !is_listed(&spec->inherit_names, text))
		return;
	if (spec->inherit_env == INHERIT_ALL && is_foreign_variable(text, length))
		variables_add(&b->removed, text);
	else
		variables_add(&b->job, text);
}

static void inherit(struct builder *b)
{
	char *const *environment = b->input->context->environment;
	if (b->input->spec->inherit_env == INHERIT_NONE || environment == NULL)
		return;
	for (; *environment != NULL; environment++)
		inherit_one(b, *environment);
}

/* -- Layer 2: who a rank is ---------------------------------------------------------------------------------------- */

static void set_text(struct builder *b, const char *name, const char *value)
{
	variables_set(&b->job, arena_format(b->arena, "%s=%s", name, value));
}

static void set_number(struct builder *b, const char *name, uint32_t value)
{
	variables_set(&b->job, arena_format(b->arena, "%s=%" PRIu32, name, value));
}

/* As a log-in would: a rank that finds root's HOME while it is somebody else fails in odd places. */
static void set_account(struct builder *b, const struct account *account)
{
	if (account == NULL || account->name == NULL)
		return;
	set_text(b, "USER", account->name);
	set_text(b, "LOGNAME", account->name);
	set_text(b, "HOME", account->home);
	set_text(b, "SHELL", account->shell);
}

static void set_identity(struct builder *b)
{
	const struct launch_context *context = b->input->context;
	uint32_t nprocs = b->input->placement->nprocs;
	uint32_t world_size = context->world_size == 0 ? nprocs : context->world_size;
	const struct failure_spec *failure = &b->input->spec->failure;
	set_number(b, "MUSTER_WORLD_SIZE", world_size);
	set_number(b, "MUSTER_LOCAL_WORLD_SIZE", nprocs);
	set_number(b, "MUSTER_NODE_RANK", context->node_rank);
	set_number(b, "MUSTER_NUM_NODES", context->node_count);
	set_text(b, "MUSTER_JOB_ID", context->job_id);
	set_text(b, "MUSTER_JOB_NAME", b->input->job_name);
	set_number(b, "WORLD_SIZE", world_size);
	set_number(b, "LOCAL_WORLD_SIZE", nprocs);
	set_number(b, "GROUP_RANK", context->node_rank);
	set_number(b, "GROUP_WORLD_SIZE", context->node_count);
	set_number(b, "ROLE_WORLD_SIZE", world_size);
	set_text(b, "ROLE_NAME", "default");
	if (context->master_port != 0) {
		set_text(b, "MASTER_ADDR", context->master_address);
		set_number(b, "MASTER_PORT", context->master_port);
	}
	set_text(b, "TORCHELASTIC_RUN_ID", context->job_id);
	set_number(b, "TORCHELASTIC_MAX_RESTARTS", failure->policy == FAILURE_RESTART ? failure->max_restarts : 0);
}

/* -- Layer 4, for all ranks: the spec's env ------------------------------------------------------------------------ */

static bool supervisor_sets(struct builder *b, const char *name)
{
	bool sets = is_in(supervisor_names, name, strlen(name));
	b->ignored_supervisor_name |= sets;
	return sets;
}

static void apply_job_changes(struct builder *b)
{
	const struct env_changes *changes = &b->input->spec->env;
	for (uint32_t i = 0; i < changes->count; i++) {
		if (supervisor_sets(b, changes->items[i].name))
			continue;
		if (changes->items[i].value == NULL)
			variables_remove(&b->job, changes->items[i].name);
		else
			set_text(b, changes->items[i].name, changes->items[i].value);
	}
}

/* Did the user settle this name for all ranks, by the spec or by what muster inherited? */
static bool is_settled(const struct builder *b, const char *name, bool inherited_counts)
{
	if (find_change(&b->input->spec->env, name) != NULL)
		return true;
	return inherited_counts && variables_find(&b->job, name) != NULL;
}

/* -- Slots: what may differ between ranks -------------------------------------------------------------------------- */

static struct slot *add_slot(struct builder *b, enum slot_source source, const char *name)
{
	if (b->slot_count == b->slot_capacity) {
		b->slot_capacity = b->slot_capacity == 0 ? 32 : b->slot_capacity * 2;
		b->slots = memory_resized(b->slots, b->slot_capacity, sizeof *b->slots);
	}
	struct slot *slot = &b->slots[b->slot_count++];
	*slot = (struct slot){.source = source, .name = name, .prefix_bytes = (uint32_t)strlen(name) + 1};
	return slot;
}

static void add_rank_slots(struct builder *b)
{
	static const struct {
		const char *name;
		enum slot_source source;
	} numbers[] = {
		{"MUSTER_RANK", SLOT_RANK}, {"MUSTER_LOCAL_RANK", SLOT_LOCAL_RANK},
		{"RANK", SLOT_RANK},        {"LOCAL_RANK", SLOT_LOCAL_RANK},
		{"ROLE_RANK", SLOT_RANK},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!is_settled(b, numbers[i].name, true))
			add_slot(b, numbers[i].source, numbers[i].name);
}

static char *word_share(struct builder *b, const struct slot *slot, const struct cpu_share *share)
{
	uint32_t threads = b->input->spec->threads == THREADS_AUTO ? share->threads : b->input->spec->threads;
	switch (slot->source) {
	case SLOT_CPUS:
		return arena_format(b->arena, "%s=%s", slot->name, share->cpus);
	case SLOT_THREADS:
		return arena_format(b->arena, "%s=%" PRIu32, slot->name, threads);
	case SLOT_PLACES:
		return share->places == NULL ? NULL : arena_format(b->arena, "%s=%s", slot->name, share->places);
	default:
		return share->places == NULL ? NULL : arena_format(b->arena, "%s=false", slot->name);
	}
}

static bool is_same_for_all(char *const *texts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (texts[i] == NULL || strcmp(texts[i], texts[0]) != 0)
			return false;
	return count > 0;
}

/* A name whose value follows from a rank's CPUs. It goes into the job's list when it is the same for all ranks. */
static void add_share_slot(struct builder *b, enum slot_source source, const char *name)
{
	struct slot *slot = add_slot(b, source, name);
	slot->by_share = arena_alloc_array(b->arena, b->shares.count, sizeof *slot->by_share);
	for (uint32_t share = 0; share < b->shares.count; share++)
		slot->by_share[share] = word_share(b, slot, &b->shares.items[share]);
	if (b->input->spec->ranks_count > 0 || !is_same_for_all(slot->by_share, b->shares.count))
		return;
	variables_set(&b->job, slot->by_share[0]);
	b->slot_count--;
}

/* A number that the spec gives outweighs an inherited one, not one of env. OMP_NUM_THREADS speaks for all libraries:
 * where the user settled it, the others are left to follow it. */
static void add_thread_slots(struct builder *b)
{
	uint32_t threads = b->input->spec->threads;
	bool inherited_counts = threads == THREADS_AUTO;
	if (threads == THREADS_KEEP || is_settled(b, THREADS_VARIABLE, inherited_counts))
		return;
	for (size_t i = 0; i < THREAD_NAME_COUNT; i++) {
		if (is_settled(b, thread_names[i], inherited_counts))
			continue;
		variables_remove(&b->job, thread_names[i]);
		add_share_slot(b, SLOT_THREADS, thread_names[i]);
	}
}

static void add_affinity_slots(struct builder *b)
{
	if (b->input->spec->threads == THREADS_KEEP)
		return;
	for (const char *const *name = affinity_names; *name != NULL; name++)
		if (is_settled(b, *name, true))
			return;
	add_share_slot(b, SLOT_PLACES, PLACES_VARIABLE);
	add_share_slot(b, SLOT_PROC_BIND, PROC_BIND_VARIABLE);
}

/* -- Layer 5: exceptions ------------------------------------------------------------------------------------------- */

static const struct slot *find_slot(const struct builder *b, const char *name)
{
	for (uint32_t i = 0; i < b->slot_count; i++)
		if (strcmp(b->slots[i].name, name) == 0)
			return &b->slots[i];
	return NULL;
}

/* What an exception changes of the job's list is taken out of it and given to each rank of its own. */
static void take_out_of_job(struct builder *b, const char *name)
{
	char *text = variables_find(&b->job, name);
	if (text == NULL || find_slot(b, name) != NULL)
		return;
	add_slot(b, SLOT_SAME, name)->same = text;
	variables_remove(&b->job, name);
}

static void prepare_exceptions(struct builder *b)
{
	const struct job_spec *spec = b->input->spec;
	b->exception_texts = arena_alloc_array(b->arena, spec->ranks_count, sizeof *b->exception_texts);
	for (uint32_t entry = 0; entry < spec->ranks_count; entry++) {
		const struct env_changes *changes = &spec->ranks[entry].env;
		char **texts = arena_alloc_array(b->arena, changes->count, sizeof *texts);
		b->exception_texts[entry] = texts;
		for (uint32_t i = 0; i < changes->count; i++) {
			const struct env_change *change = &changes->items[i];
			if (change->value != NULL)
				texts[i] = arena_format(b->arena, "%s=%s", change->name, change->value);
			take_out_of_job(b, change->name);
			supervisor_sets(b, change->name);
		}
	}
}

struct decision {
	const struct env_change *change; /* NULL: no exception of this rank speaks of the name */
	char *text;                      /* NULL: removed */
};

static struct decision decide(const struct builder *b, const struct exception_link *link, const char *name)
{
	for (; link != NULL; link = link->earlier) {
		const struct env_changes *changes = &b->input->spec->ranks[link->entry].env;
		const struct env_change *change = find_change(changes, name);
		if (change != NULL)
			return (struct decision){change, b->exception_texts[link->entry][change - changes->items]};
	}
	return (struct decision){0};
}

static bool decides_affinity(const struct builder *b, const struct exception_link *links)
{
	for (const char *const *name = affinity_names; *name != NULL; name++)
		if (decide(b, links, *name).change != NULL)
			return true;
	return false;
}

/* -- Each rank's own list ------------------------------------------------------------------------------------------ */

static uint32_t write_decimal(char *to, uint32_t value)
{
	char digits[10];
	uint32_t count = 0;
	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	for (uint32_t i = 0; i < count; i++)
		to[i] = digits[count - 1 - i];
	return count;
}

/* All "NAME=rank" texts of a rank stand in one piece of memory: 65,536 ranks have five of them each. */
static char *write_numbers(struct builder *b, uint32_t rank, uint32_t local_rank)
{
	char global[10], local[10];
	uint32_t global_bytes = write_decimal(global, rank), local_bytes = write_decimal(local, local_rank);
	size_t bytes = 0;
	for (uint32_t i = 0; i < b->slot_count; i++)
		if (b->slots[i].source == SLOT_RANK || b->slots[i].source == SLOT_LOCAL_RANK)
			bytes += b->slots[i].prefix_bytes + sizeof global + 1;
	char *texts = arena_alloc(b->arena, bytes);
	char *to = texts;
	for (uint32_t i = 0; i < b->slot_count; i++) {
		const struct slot *slot = &b->slots[i];
		if (slot->source != SLOT_RANK && slot->source != SLOT_LOCAL_RANK)
			continue;
		bool is_global = slot->source == SLOT_RANK;
		uint32_t digits = is_global ? global_bytes : local_bytes;
		memcpy(to, slot->name, slot->prefix_bytes - 1);
		to[slot->prefix_bytes - 1] = '=';
		memcpy(to + slot->prefix_bytes, is_global ? global : local, digits);
		to += slot->prefix_bytes + digits + 1;
	}
	return texts;
}

/* What a slot holds for a rank no exception of which speaks of it. `number` runs along the rank's numbers. */
static char *slot_text(const struct builder *b, const struct slot *slot, uint32_t local_rank, char **number)
{
	char *text;
	switch (slot->source) {
	case SLOT_SAME:
		return slot->same;
	case SLOT_RANK:
	case SLOT_LOCAL_RANK:
		text = *number;
		*number += strlen(text) + 1;
		return text;
	default:
		return slot->by_share[b->shares.of_rank[local_rank]];
	}
}

/* Thread counts and places are decided together: see thread_names and affinity_names. */
static bool is_held_back(const struct slot *slot, bool threads_decided, bool affinity_decided)
{
	if (slot->source == SLOT_THREADS)
		return threads_decided;
	return (slot->source == SLOT_PLACES || slot->source == SLOT_PROC_BIND) && affinity_decided;
}

static uint32_t fill_slots(struct builder *b, char **list, uint32_t local_rank, const struct exception_link *links)
{
	uint32_t rank = b->input->context->first_rank + local_rank, count = 0;
	char *number = write_numbers(b, rank, local_rank);
	bool threads_decided = links != NULL && decide(b, links, THREADS_VARIABLE).change != NULL;
	bool affinity_decided = links != NULL && decides_affinity(b, links);
	for (uint32_t i = 0; i < b->slot_count; i++) {
		const struct slot *slot = &b->slots[i];
		char *text = slot_text(b, slot, local_rank, &number);
		struct decision decision = links == NULL ? (struct decision){0} : decide(b, links, slot->name);
		if (decision.change != NULL)
			text = decision.text;
		else if (is_held_back(slot, threads_decided, affinity_decided))
			text = NULL;
		if (text != NULL)
			list[count++] = text;
	}
	return count;
}

/* Names that nobody but exceptions speaks of. */
static uint32_t add_extras(const struct builder *b, char **list, uint32_t count, const struct exception_link *links)
{
	for (const struct exception_link *link = links; link != NULL; link = link->earlier) {
		const struct env_changes *changes = &b->input->spec->ranks[link->entry].env;
		for (uint32_t i = 0; i < changes->count; i++) {
			const char *name = changes->items[i].name;
			struct decision decision = decide(b, links, name);
			if (decision.change == &changes->items[i] && decision.text != NULL &&
			    find_slot(b, name) == NULL && !is_in(supervisor_names, name, strlen(name)))
				list[count++] = decision.text;
		}
	}
	return count;
}

static char **make_rank(struct builder *b, uint32_t local_rank)
{
	const struct exception_link *links = exceptions_of(b->input->exceptions, local_rank);
	uint32_t most = b->slot_count + 1;
	for (const struct exception_link *link = links; link != NULL; link = link->earlier)
		most += b->input->spec->ranks[link->entry].env.count;
	char **list = arena_alloc_array(b->arena, most, sizeof *list);
	uint32_t count = fill_slots(b, list, local_rank, links);
	add_extras(b, list, count, links);
	return list;
}

/* -- Warnings ------------------------------------------------------------------------------------------------------ */

static void warn_removed(struct environment *environment, struct builder *b)
{
	struct text names = {0};
	uint32_t shown = 0, hidden = 0;
	for (uint32_t i = 0; i < b->removed.count; i++) {
		const char *text = b->removed.items[i];
		if (shown++ < NAMES_IN_WARNING)
			text_add_format(&names, "%s%.*s", names.length > 0 ? ", " : "", (int)variable_name_length(text),
			                text);
		else
			hidden++;
	}
	if (hidden > 0)
		text_add_format(&names, " and %" PRIu32 " more", hidden);
	if (shown > 0)
		environment->warnings[environment->warning_count++] =
			arena_format(b->arena,
		                     "not passed to the ranks, since they are another launcher's: %s (env: in the spec "
		                     "or -x passes them)",
		                     names.bytes);
	text_finish(&names);
}

static void warn(struct environment *environment, struct builder *b)
{
	warn_removed(environment, b);
	if (b->ignored_supervisor_name)
		environment->warnings[environment->warning_count++] = arena_copy(
			b->arena, "env: MUSTER_FD, MUSTER_RESTART_COUNT and TORCHELASTIC_RESTART_COUNT are set by "
				  "muster at each start; what the spec says of them is not used");
}

void environment_make(struct environment *environment, struct arena *arena, const struct environment_input *input)
{
	struct builder b = {.input = input, .arena = arena};
	*environment = (struct environment){0};
	inherit(&b);
	set_account(&b, input->account);
	set_identity(&b);
	apply_job_changes(&b);
	cpu_shares_make(&b.shares, arena, input->spec, input->placement, input->context->machine);
	add_rank_slots(&b);
	if (!is_settled(&b, "MUSTER_CPUS", true))
		add_share_slot(&b, SLOT_CPUS, "MUSTER_CPUS");
	add_thread_slots(&b);
	add_affinity_slots(&b);
	prepare_exceptions(&b);
	environment->ranks = arena_alloc_array(arena, input->placement->nprocs, sizeof *environment->ranks);
	for (uint32_t rank = 0; rank < input->placement->nprocs; rank++)
		environment->ranks[rank] = make_rank(&b, rank);
	environment->job = arena_alloc_array(arena, b.job.count + 1, sizeof *environment->job);
	for (uint32_t i = 0; i < b.job.count; i++)
		environment->job[i] = b.job.items[i];
	warn(environment, &b);
	free(b.slots);
	variables_finish(&b.job);
	variables_finish(&b.removed);
}
