/* SPDX-License-Identifier: MIT
 *
 * environment_ranks: see environment_builder.h. Each rank's own list: the slots filled, then what only its exception
 * adds.
 */
#include "plan/environment_builder.h"

#include "plan/environment_names.h"

#include <string.h>

/* --- layer 5: exceptions --- */

/* What an exception changes of the job's list is taken out of it and given to each rank of its own. */
static void take_out_of_job(struct environment_builder *b, const char *name)
{
	char *text = variables_find(&b->job, name);
	if (text == NULL || environment_find_slot(b, name) != NULL)
		return;
	environment_add_slot(b, SLOT_SAME, name)->same = text;
	variables_remove(&b->job, name);
}

static void prepare_exceptions(struct environment_builder *b)
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
			environment_is_supervisors(b, change->name);
		}
	}
}

struct decision {
	const struct env_change *change; /* NULL: the rank's exception does not speak of the name */
	char *text;                      /* NULL: removed */
};

static struct decision decide(const struct environment_builder *b, const struct rank_exception *exception,
                              const char *name)
{
	if (exception == NULL)
		return (struct decision){0};
	const struct env_change *change = environment_find_change(&exception->env, name);
	if (change == NULL)
		return (struct decision){0};
	char **texts = b->exception_texts[exception - b->input->spec->ranks];
	return (struct decision){change, texts[change - exception->env.items]};
}

static bool decides_affinity(const struct environment_builder *b, const struct rank_exception *exception)
{
	for (const char *const *name = affinity_variables; *name != NULL; name++)
		if (decide(b, exception, *name).change != NULL)
			return true;
	return false;
}

/* --- each rank's own list --- */

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
static char *write_numbers(struct environment_builder *b, uint32_t rank, uint32_t local_rank)
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
		const struct environment_slot *slot = &b->slots[i];
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

/* What a slot holds for a rank whose exception does not speak of it. `number` runs along the rank's numbers. */
static char *slot_text(const struct environment_builder *b, const struct environment_slot *slot, uint32_t local_rank,
                       char **number)
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

/* Thread counts and places are decided together: see thread_variables and affinity_variables. */
static bool is_held_back(const struct environment_slot *slot, bool threads_decided, bool affinity_decided)
{
	if (slot->source == SLOT_THREADS)
		return threads_decided;
	return (slot->source == SLOT_PLACES || slot->source == SLOT_PROC_BIND) && affinity_decided;
}

static uint32_t fill_slots(struct environment_builder *b, char **list, uint32_t local_rank,
                           const struct rank_exception *exception)
{
	uint32_t rank = b->input->context->first_rank + local_rank, count = 0;
	char *number = write_numbers(b, rank, local_rank);
	bool threads_decided = decide(b, exception, THREADS_VARIABLE).change != NULL;
	bool affinity_decided = decides_affinity(b, exception);
	for (uint32_t i = 0; i < b->slot_count; i++) {
		const struct environment_slot *slot = &b->slots[i];
		char *text = slot_text(b, slot, local_rank, &number);
		struct decision decision = decide(b, exception, slot->name);
		if (decision.change != NULL)
			text = decision.text;
		else if (is_held_back(slot, threads_decided, affinity_decided))
			text = NULL;
		if (text != NULL)
			list[count++] = text;
	}
	return count;
}

/* Names that nobody but the exception speaks of. */
static void add_extras(const struct environment_builder *b, char **list, const struct rank_exception *exception)
{
	for (uint32_t i = 0; i < exception->env.count; i++) {
		const struct env_change *change = &exception->env.items[i];
		struct decision decision = decide(b, exception, change->name);
		if (decision.change == change && decision.text != NULL &&
		    environment_find_slot(b, change->name) == NULL && !is_supervisor_variable(change->name))
			*list++ = decision.text;
	}
}

static char **make_rank(struct environment_builder *b, uint32_t local_rank)
{
	const struct rank_exception *exception = exception_of(b->input->exceptions, local_rank);
	uint32_t most = b->slot_count + 1 + (exception == NULL ? 0 : exception->env.count);
	char **list = arena_alloc_array(b->arena, most, sizeof *list);
	uint32_t count = fill_slots(b, list, local_rank, exception);
	if (exception != NULL)
		add_extras(b, list + count, exception);
	return list;
}

void environment_make_ranks(struct environment_builder *b, struct environment *environment)
{
	uint32_t nprocs = b->input->placement->nprocs;
	prepare_exceptions(b);
	environment->ranks = arena_alloc_array(b->arena, nprocs, sizeof *environment->ranks);
	for (uint32_t rank = 0; rank < nprocs; rank++)
		environment->ranks[rank] = make_rank(b, rank);
}
