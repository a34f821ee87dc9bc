/* SPDX-License-Identifier: MIT
 *
 * environment: see environment.h. First the list that all ranks have is put together, layer by layer; then each name
 * that may differ between ranks becomes a slot, and each rank's own list is its slots filled, then what only its
 * exception adds.
 */
#include "plan/environment.h"

#include "plan/account.h"
#include "plan/environment_builder.h"
#include "plan/environment_names.h"
#include "plan/foreign_variables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_IN_WARNING = 12 };

const struct env_change *environment_find_change(const struct env_changes *changes, const char *name)
{
	for (uint32_t i = changes->count; i-- > 0;)
		if (strcmp(changes->items[i].name, name) == 0)
			return &changes->items[i];
	return NULL;
}

/* --- layer 1: what is inherited --- */

static bool is_listed(const struct string_list *names, const char *text)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (variable_is(text, names->items[i]))
			return true;
	return false;
}

/* A name that is listed in inherit_env is asked for by name, so another launcher's may pass. */
static void inherit_one(struct environment_builder *b, char *text)
{
	const struct job_spec *spec = b->input->spec;
	size_t length = variable_name_length(text);
	if (length == 0 || is_own_variable(text, length))
		return;
	if (spec->inherit_env == INHERIT_LISTED && !is_listed(&spec->inherit_names, text))
		return;
	if (spec->inherit_env == INHERIT_ALL && is_foreign_variable(text, length))
		variables_add(&b->removed, text);
	else
		variables_add(&b->job, text);
}

static void inherit(struct environment_builder *b)
{
	char *const *environment = b->input->context->environment;
	if (b->input->spec->inherit_env == INHERIT_NONE || environment == NULL)
		return;
	for (; *environment != NULL; environment++)
		inherit_one(b, *environment);
}

/* --- layer 2: who a rank is --- */

static void set_text(struct environment_builder *b, const char *name, const char *value)
{
	variables_set(&b->job, arena_format(b->arena, "%s=%s", name, value));
}

static void set_number(struct environment_builder *b, const char *name, uint32_t value)
{
	variables_set(&b->job, arena_format(b->arena, "%s=%" PRIu32, name, value));
}

/* As a log-in would: a rank that finds root's HOME while it is somebody else fails in odd places. */
static void set_account(struct environment_builder *b, const struct account *account)
{
	if (account == NULL || account->name == NULL)
		return;
	set_text(b, "USER", account->name);
	set_text(b, "LOGNAME", account->name);
	set_text(b, "HOME", account->home);
	set_text(b, "SHELL", account->shell);
}

static void set_identity(struct environment_builder *b)
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
	if (context->outer_jobs != NULL)
		set_text(b, "MUSTER_OUTER_JOBS", context->outer_jobs);
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

/* A Python program keeps back what it prints to a pipe, and loses it when it is stopped: what a job that hangs had to
 * say, of all. */
static void let_output_through(struct environment_builder *b)
{
	if (!b->input->spec->output.raw && variables_find(&b->job, "PYTHONUNBUFFERED") == NULL)
		set_text(b, "PYTHONUNBUFFERED", "1");
}

/* --- layer 4, for all ranks: the spec's env --- */

bool environment_is_supervisors(struct environment_builder *b, const char *name)
{
	struct text *names = &b->ignored_names;
	if (!is_supervisor_variable(name))
		return false;
	if (names->bytes == NULL || strstr(names->bytes, name) == NULL)
		text_add_format(names, "%s%s", names->length > 0 ? ", " : "", name);
	return true;
}

static void apply_job_changes(struct environment_builder *b)
{
	const struct env_changes *changes = &b->input->spec->env;
	for (uint32_t i = 0; i < changes->count; i++) {
		if (environment_is_supervisors(b, changes->items[i].name))
			continue;
		if (changes->items[i].value == NULL)
			variables_remove(&b->job, changes->items[i].name);
		else
			set_text(b, changes->items[i].name, changes->items[i].value);
	}
}

/* --- warnings --- */

/* By env or -x: the user has thought of it. */
static bool is_settled(const struct environment_builder *b, const char *text)
{
	const struct env_changes *changes = &b->input->spec->env;
	for (uint32_t i = 0; i < changes->count; i++)
		if (variable_is(text, changes->items[i].name))
			return true;
	return false;
}

static void warn_removed(struct environment *environment, struct environment_builder *b)
{
	struct text names = {0};
	uint32_t shown = 0, hidden = 0;
	for (uint32_t i = 0; i < b->removed.count; i++) {
		const char *text = b->removed.items[i];
		if (is_settled(b, text))
			continue;
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

static void warn_ignored(struct environment *environment, struct environment_builder *b)
{
	const char *names = b->ignored_names.bytes;
	if (names == NULL)
		return;
	bool many = strchr(names, ',') != NULL;
	environment->warnings[environment->warning_count++] =
		arena_format(b->arena, "%s %s set by muster at each start: what env or -x says of %s is not used",
	                     names, many ? "are" : "is", many ? "them" : "it");
}

void environment_make(struct environment *environment, struct arena *arena, const struct environment_input *input)
{
	struct environment_builder b = {.input = input, .arena = arena};
	*environment = (struct environment){0};
	inherit(&b);
	set_account(&b, input->account);
	set_identity(&b);
	let_output_through(&b);
	apply_job_changes(&b);
	cpu_shares_make(&b.shares, arena, input->spec, input->placement, input->context->machine);
	environment_add_slots(&b);
	environment_make_ranks(&b, environment);
	environment->job = arena_alloc_array(arena, b.job.count + 1, sizeof *environment->job);
	variables_list(&b.job, environment->job);
	warn_removed(environment, &b);
	warn_ignored(environment, &b);
	text_finish(&b.ignored_names);
	free(b.slots);
	variables_finish(&b.job);
	variables_finish(&b.removed);
}
