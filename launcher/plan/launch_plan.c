/* SPDX-License-Identifier: MIT
 *
 * launch_plan: see launch_plan.h. What all ranks have in common is made once and pointed to by each; a rank that an
 * exception names gets its own.
 */
#include "plan/launch_plan.h"

#include "base/error.h"
#include "base/text.h"
#include "plan/account.h"
#include "plan/environment.h"
#include "plan/exceptions.h"
#include "plan/neighbours.h"
#include "plan/place_words.h"
#include "plan/sinks.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WARNINGS_OF_OUR_OWN = 4, LIST_WIDTH = 63 };

/* What making a plan has at hand. */
struct maker {
	struct launch_plan *plan;
	const struct job_spec *spec;
	const struct launch_context *context;
	const char *base; /* what relative paths are relative to */
	struct exception_index exceptions;
	struct account account;
	char **argv; /* of a rank without exceptions */
	char *working_directory;
	struct rank_sinks stdout_sinks;
	struct rank_sinks stderr_sinks;
	bool stdout_differs; /* from rank to rank */
	bool stderr_differs;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* --- checks that need the number of ranks --- */

static int check_sinks(const struct job_spec *spec, struct error *err)
{
	int rc = sinks_check(&spec->output.stdout_sinks, "output.stdout", err);
	if (rc == 0)
		rc = sinks_check(&spec->output.stderr_sinks, "output.stderr", err);
	for (uint32_t i = 0; rc == 0 && i < spec->ranks_count; i++) {
		char key[ERROR_KEY_BYTES];
		snprintf(key, sizeof key, "ranks[%" PRIu32 "].stdout", i);
		rc = sinks_check(&spec->ranks[i].stdout_sinks, key, err);
		snprintf(key, sizeof key, "ranks[%" PRIu32 "].stderr", i);
		if (rc == 0)
			rc = sinks_check(&spec->ranks[i].stderr_sinks, key, err);
	}
	return rc;
}

static int check(const struct maker *maker, uint32_t world_size, struct error *err)
{
	const struct job_spec *spec = maker->spec;
	if (spec->command.count == 0)
		return error_set_key(err, -EINVAL, "command", "there is none to run");
	if (spec->stdin_to == STDIN_RANK && spec->stdin_rank >= world_size)
		return error_set_key(err, -EINVAL, "stdin",
		                     "there is no rank %" PRIu32 " in a job of %" PRIu32 " (0 to %" PRIu32 ")",
		                     spec->stdin_rank, world_size, world_size - 1);
	return check_sinks(spec, err);
}

/* --- what a rank has --- */

static char **join_argv(struct arena *arena, const struct string_list *command, const struct string_list *args)
{
	char **argv = arena_alloc_array(arena, (size_t)command->count + args->count + 1, sizeof *argv);
	for (uint32_t i = 0; i < command->count; i++)
		argv[i] = command->items[i];
	for (uint32_t i = 0; i < args->count; i++)
		argv[command->count + i] = args->items[i];
	return argv;
}

static char *find_working_directory(const struct maker *maker)
{
	const struct job_spec *spec = maker->spec;
	if (spec->working_directory != NULL)
		return path_under(&maker->plan->arena, maker->base, spec->working_directory);
	return spec->source == NULL ? NULL : path_under(&maker->plan->arena, maker->base, ".");
}

static void make_common(struct maker *maker)
{
	const struct job_spec *spec = maker->spec;
	struct arena *arena = &maker->plan->arena;
	maker->argv = join_argv(arena, &spec->command, &spec->args);
	maker->working_directory = find_working_directory(maker);
	maker->stdout_differs = sinks_differ_by_rank(&spec->output.stdout_sinks);
	maker->stderr_differs = sinks_differ_by_rank(&spec->output.stderr_sinks);
	if (!maker->stdout_differs)
		sinks_fill(&maker->stdout_sinks, arena, &spec->output.stdout_sinks, maker->base, maker->plan->job_id,
		           0);
	if (!maker->stderr_differs)
		sinks_fill(&maker->stderr_sinks, arena, &spec->output.stderr_sinks, maker->base, maker->plan->job_id,
		           0);
}

static bool gets_stdin(const struct job_spec *spec, uint32_t rank)
{
	return spec->stdin_to == STDIN_ALL || (spec->stdin_to == STDIN_RANK && spec->stdin_rank == rank);
}

/* What the exception does not have is as the job's. */
static void apply_exception(const struct maker *maker, struct rank_plan *rank, const struct rank_exception *exception)
{
	struct arena *arena = &maker->plan->arena;
	const struct job_spec *spec = maker->spec;
	bool has_command = exception->command.count > 0;
	if (has_command || exception->has_args)
		rank->argv = join_argv(arena, has_command ? &exception->command : &spec->command,
		                       exception->has_args ? &exception->args : &spec->args);
	if (exception->working_directory != NULL)
		rank->working_directory = path_under(arena, maker->base, exception->working_directory);
	if (exception->stdout_sinks.count > 0)
		sinks_fill(&rank->stdout_sinks, arena, &exception->stdout_sinks, maker->base, maker->plan->job_id,
		           rank->rank);
	if (exception->stderr_sinks.count > 0)
		sinks_fill(&rank->stderr_sinks, arena, &exception->stderr_sinks, maker->base, maker->plan->job_id,
		           rank->rank);
}

static void make_rank(const struct maker *maker, struct rank_plan *rank, uint32_t local_rank)
{
	struct launch_plan *plan = maker->plan;
	const struct rank_exception *exception = exception_of(&maker->exceptions, local_rank);
	rank->local_rank = local_rank;
	rank->rank = maker->context->first_rank + local_rank;
	rank->argv = maker->argv;
	rank->working_directory = maker->working_directory;
	rank->place = &plan->placement->ranks[local_rank];
	rank->gets_stdin = gets_stdin(maker->spec, rank->rank);
	rank->stdout_sinks = maker->stdout_sinks;
	rank->stderr_sinks = maker->stderr_sinks;
	if (maker->stdout_differs)
		sinks_fill(&rank->stdout_sinks, &plan->arena, &maker->spec->output.stdout_sinks, maker->base,
		           plan->job_id, rank->rank);
	if (maker->stderr_differs)
		sinks_fill(&rank->stderr_sinks, &plan->arena, &maker->spec->output.stderr_sinks, maker->base,
		           plan->job_id, rank->rank);
	if (exception != NULL)
		apply_exception(maker, rank, exception);
}

static void make_ranks(struct maker *maker)
{
	struct launch_plan *plan = maker->plan;
	plan->ranks = arena_alloc_array(&plan->arena, plan->nprocs, sizeof *plan->ranks);
	exceptions_make(&maker->exceptions, &plan->arena, maker->spec, maker->context->first_rank, plan->nprocs);
	make_common(maker);
	for (uint32_t rank = 0; rank < plan->nprocs; rank++)
		make_rank(maker, &plan->ranks[rank], rank);
}

static void tell_neighbours(struct launch_plan *plan, const struct machine *machine)
{
	struct neighbours neighbours;
	neighbours_find(&neighbours, &plan->arena, plan->placement, machine);
	plan->domain_count = neighbours.domain_count;
	for (uint32_t rank = 0; rank < plan->nprocs; rank++) {
		plan->ranks[rank].crowded = neighbours.crowded[rank];
		plan->ranks[rank].domain = neighbours.domain[rank];
	}
}

/* --- the rest --- */

static int make_account(struct maker *maker, struct error *err)
{
	struct launch_plan *plan = maker->plan;
	if (maker->spec->user == NULL)
		return 0;
	int rc = account_look_up(&maker->account, &plan->arena, maker->spec->user, err);
	if (rc < 0)
		return rc;
	plan->become_user = true;
	plan->uid = maker->account.uid;
	plan->gid = maker->account.gid;
	plan->groups = maker->account.groups;
	plan->group_count = maker->account.group_count;
	return 0;
}

static void add_warning(struct launch_plan *plan, char *text)
{
	plan->warnings[plan->warning_count++] = text;
}

static void make_environment(struct maker *maker)
{
	struct launch_plan *plan = maker->plan;
	const struct environment_input input = {
		.spec = maker->spec,
		.placement = plan->placement,
		.context = maker->context,
		.exceptions = &maker->exceptions,
		.job_name = plan->job_name,
		.account = plan->become_user ? &maker->account : NULL,
	};
	struct environment environment;
	environment_make(&environment, &plan->arena, &input);
	plan->job_environment = environment.job;
	for (uint32_t rank = 0; rank < plan->nprocs; rank++)
		plan->ranks[rank].environment = environment.ranks[rank];
	for (uint32_t i = 0; i < environment.warning_count; i++)
		add_warning(plan, environment.warnings[i]);
}

/* How many `auto` comes to is the machine's, so this is no error: the ranks that exist are not in doubt. */
static void warn_of_ranks_beyond(struct launch_plan *plan)
{
	struct index_set beyond = {0};
	struct text list = {0};
	exceptions_beyond(&beyond, plan->spec, plan->world_size);
	place_words_short_list(&list, &beyond, LIST_WIDTH);
	if (list.length > 0)
		add_warning(plan, arena_format(&plan->arena,
		                               "ranks: there is no rank %s in a job of %" PRIu32
		                               ", so what the spec says of it is not used",
		                               list.bytes, plan->world_size));
	text_finish(&list);
	index_set_finish(&beyond);
}

/* What only muster could do to a line that passes through it. */
static void warn_of_raw(struct launch_plan *plan)
{
	const struct output_spec *output = &plan->spec->output;
	struct text unused = {0};
	if (!output->raw)
		return;
	if (output->label && output->label_given)
		text_add(&unused, ", label");
	if (output->timestamp)
		text_add(&unused, ", timestamp");
	if (output->on_closed == ON_CLOSED_CONTINUE)
		text_add(&unused, ", on_closed: continue");
	if (unused.length > 0)
		add_warning(plan,
		            arena_format(&plan->arena,
		                         "output.raw: ranks write past muster, so that this of output is not used: %s",
		                         unused.bytes + strlen(", ")));
	text_finish(&unused);
}

static void gather_warnings(struct launch_plan *plan)
{
	const struct placement *placement = plan->placement;
	plan->warnings = arena_alloc_array(&plan->arena, (size_t)placement->warning_count + WARNINGS_OF_OUR_OWN,
	                                   sizeof *plan->warnings);
	for (uint32_t i = 0; i < placement->warning_count; i++)
		add_warning(plan, placement->warnings[i]);
	warn_of_ranks_beyond(plan);
	warn_of_raw(plan);
}

static void begin(struct maker *maker, const struct placement *placement)
{
	struct launch_plan *plan = maker->plan;
	plan->spec = maker->spec;
	plan->placement = placement;
	plan->nprocs = placement->nprocs;
	plan->world_size = maker->context->world_size == 0 ? placement->nprocs : maker->context->world_size;
	plan->job_id = arena_copy(&plan->arena, maker->context->job_id);
	plan->waited_ms = maker->context->waited_ms;
}

int launch_plan_make(struct launch_plan *plan, const struct job_spec *spec, const struct placement *placement,
                     const struct launch_context *context, struct error *err)
{
	struct launch_plan made = {0};
	struct maker maker = {.plan = &made, .spec = spec, .context = context};
	maker.base = spec->base_directory == NULL ? context->directory : spec->base_directory;
	assert(placement->nprocs > 0);
	begin(&maker, placement);
	int rc = check(&maker, made.world_size, err);
	if (rc == 0)
		rc = make_account(&maker, err);
	if (rc < 0) {
		launch_plan_finish(&made);
		return rc;
	}
	made.job_name = arena_copy(&made.arena, spec->name != NULL ? spec->name : base_name(spec->command.items[0]));
	gather_warnings(&made);
	make_ranks(&maker);
	tell_neighbours(&made, context->machine);
	make_environment(&maker);
	*plan = made;
	return 0;
}

void launch_plan_finish(struct launch_plan *plan)
{
	arena_finish(&plan->arena);
	*plan = (struct launch_plan){0};
}

int64_t launch_plan_time_limit_ms(const struct launch_plan *plan)
{
	int64_t timeout_ms = plan->spec->timeout_ms;
	if (timeout_ms == NOT_SET)
		return NOT_SET;
	return timeout_ms > plan->waited_ms ? timeout_ms - plan->waited_ms : 1;
}
