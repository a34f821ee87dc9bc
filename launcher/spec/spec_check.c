/* SPDX-License-Identifier: MIT
 *
 * spec_check: what is only wrong in company: keys that are missing, exceptions beyond the ranks or over one another,
 * values that contradict. Each rule stands for itself, speaks where the second of the two values was written, and is
 * silent when one of the values it compares could not be read. What follows from other keys is filled in here, too.
 */
#include "spec/spec_reader.h"

#include "spec/diagnostics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_FROM_COMMAND_BYTES = 64 };

static void complain_at(struct spec_reader *reader, const struct key_origin *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain_at(struct spec_reader *reader, const struct key_origin *at, const char *format, ...)
{
	char message[512];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	diagnostics_add(reader->diagnostics, at->where == NULL ? "" : at->where, at->line, at->column, "%s", message);
}

/* The user wrote the key, and it could be read. */
static bool is_sound(struct spec_reader *reader, const char *path)
{
	const struct key_origin *origin = origin_of(reader, path);
	return origin->given && origin->sound;
}

/* The value in the spec means something: it is the user's, or the default. */
static bool is_usable(struct spec_reader *reader, const char *path)
{
	const struct key_origin *origin = origin_of(reader, path);
	return !origin->given || origin->sound;
}

static void check_needed_keys(struct spec_reader *reader)
{
	if (!reader->root.given)
		return; /* there is no mapping that they could be in */
	if (!origin_of(reader, "version")->given)
		complain_at(reader, &reader->root, "the key \"version\" is missing: write version: 1");
	if (!origin_of(reader, "command")->given)
		complain_at(reader, &reader->root,
		            "the key \"command\" is missing: write what to run as a list, like command: [python3, "
		            "train.py]");
}

/* INDEX_SET_NONE when there is none. */
static uint32_t first_outside(const struct index_set *set, const struct index_set *allowed)
{
	uint32_t index = index_set_first(set);
	while (index != INDEX_SET_NONE && index_set_has(allowed, index))
		index = index_set_next(set, index);
	return index;
}

static void check_rank_cpus(struct spec_reader *reader)
{
	struct job_spec *spec = reader->spec;
	const struct placement_spec *placement = &spec->placement;
	if (!is_sound(reader, "placement.rank_cpus") || placement->rank_cpus == NULL)
		return;
	const struct key_origin *here = origin_of(reader, "placement.rank_cpus");
	if (is_sound(reader, "placement.bind_to") && placement->bind_to == PLACE_NONE)
		complain_at(reader, here, "placement.rank_cpus says what to bind to, and placement.bind_to says none");
	if (!origin_of(reader, "nprocs")->given || (is_sound(reader, "nprocs") && spec->nprocs == NPROCS_AUTO)) {
		spec->nprocs = placement->rank_cpus_count;
	} else if (is_sound(reader, "nprocs") && spec->nprocs != placement->rank_cpus_count) {
		complain_at(reader, here,
		            "placement.rank_cpus has %" PRIu32 " %s for %" PRIu32 " %s (nprocs): write one for each",
		            placement->rank_cpus_count, placement->rank_cpus_count == 1 ? "list" : "lists",
		            spec->nprocs, spec->nprocs == 1 ? "rank" : "ranks");
	}
	if (!is_usable(reader, "placement.cpu_set") || index_set_is_empty(&placement->cpu_set))
		return;
	for (uint32_t rank = 0; rank < placement->rank_cpus_count; rank++) {
		uint32_t cpu = first_outside(&placement->rank_cpus[rank], &placement->cpu_set);
		if (cpu != INDEX_SET_NONE)
			complain_at(reader, here,
			            "placement.rank_cpus gives rank %" PRIu32 " CPU %" PRIu32
			            ", which is not in placement.cpu_set",
			            rank, cpu);
	}
}

static void check_exclusive(struct spec_reader *reader)
{
	const struct placement_spec *placement = &reader->spec->placement;
	if (is_sound(reader, "placement.exclusive") && placement->exclusive && is_sound(reader, "placement.bind_to") &&
	    placement->bind_to == PLACE_NONE)
		complain_at(
			reader, origin_of(reader, "placement.exclusive"),
			"placement.exclusive is true, and ranks that placement.bind_to leaves unbound have no cores "
			"of their own");
}

static bool knows_nprocs(struct spec_reader *reader)
{
	return is_usable(reader, "nprocs") && is_usable(reader, "placement.rank_cpus") &&
	       reader->spec->nprocs != NPROCS_AUTO;
}

static const char *ranks_there_are(const struct job_spec *spec, char buffer[64])
{
	if (spec->nprocs == 1)
		return "there is only rank 0 (nprocs: 1)";
	snprintf(buffer, 64, "ranks are 0 to %" PRIu32 " (nprocs: %" PRIu32 ")", spec->nprocs - 1, spec->nprocs);
	return buffer;
}

static void check_stdin(struct spec_reader *reader)
{
	const struct job_spec *spec = reader->spec;
	char there_are[64];
	if (spec->stdin_to == STDIN_RANK && is_usable(reader, "stdin") && knows_nprocs(reader) &&
	    spec->stdin_rank >= spec->nprocs)
		complain_at(reader, origin_of(reader, "stdin"), "stdin is for rank %" PRIu32 ", and %s",
		            spec->stdin_rank, ranks_there_are(spec, there_are));
}

static const struct key_origin *origin_in_exception(const struct spec_reader *reader, uint32_t index, const char *path)
{
	return &reader->exceptions[index].keys[spec_key_in_exception(spec_key_find(path))];
}

/* Which earlier exception has the rank already? */
static uint32_t exception_of(const struct job_spec *spec, uint32_t rank)
{
	uint32_t index = 0;
	while (!index_set_has(&spec->ranks[index].ranks, rank))
		index++;
	return index;
}

static void check_overlap(struct spec_reader *reader, uint32_t index, struct index_set *taken)
{
	const struct job_spec *spec = reader->spec;
	const struct index_set *ranks = &spec->ranks[index].ranks;
	if (index_set_intersects(taken, ranks)) {
		struct index_set both = {0};
		index_set_copy(&both, taken);
		index_set_intersect(&both, ranks);
		uint32_t rank = index_set_first(&both);
		complain_at(reader, origin_in_exception(reader, index, "ranks[].ranks"),
		            "ranks[%" PRIu32 "]: rank %" PRIu32 " has an exception already, ranks[%" PRIu32
		            "]: write both as one",
		            index, rank, exception_of(spec, rank));
		index_set_finish(&both);
	}
	index_set_union(taken, ranks);
}

static void check_exceptions(struct spec_reader *reader)
{
	const struct job_spec *spec = reader->spec;
	struct index_set taken = {0};
	char there_are[64];
	for (uint32_t i = 0; i < spec->ranks_count; i++) {
		if (!reader->exceptions[i].whole.sound)
			continue;
		uint32_t last = index_set_last(&spec->ranks[i].ranks);
		if (knows_nprocs(reader) && last >= spec->nprocs)
			complain_at(reader, origin_in_exception(reader, i, "ranks[].ranks"),
			            "ranks[%" PRIu32 "]: there is no rank %" PRIu32 ": %s", i, last,
			            ranks_there_are(spec, there_are));
		check_overlap(reader, i, &taken);
	}
	index_set_finish(&taken);
}

/* The policy by an option, over the budget of a file. */
static bool is_overruled(struct spec_reader *reader)
{
	const struct key_origin *policy = origin_of(reader, "failure.policy");
	return policy->given && policy->line == 0 && origin_of(reader, "failure.max_restarts")->line != 0;
}

/* A budget that nothing spends, and a policy without one, are both a restart that the user waits for in vain. */
static void check_restarts(struct spec_reader *reader)
{
	const struct failure_spec *failure = &reader->spec->failure;
	bool restarts = failure->policy == FAILURE_RESTART;
	if (!is_usable(reader, "failure.policy") || !is_usable(reader, "failure.max_restarts"))
		return;
	if (failure->max_restarts > 0 && !restarts && !is_overruled(reader))
		complain_at(reader, origin_of(reader, "failure.max_restarts"),
		            "failure.max_restarts does nothing with failure.policy: %s; write failure.policy: restart "
		            "(--on-failure restart)",
		            failure_policy_name(failure->policy));
	if (restarts && !origin_of(reader, "failure.max_restarts")->given)
		complain_at(reader, origin_of(reader, "failure.policy"),
		            "failure.policy: restart needs failure.max_restarts (--max-restarts N), which is 0 unless "
		            "given");
}

static bool has_file(const struct sink_list *sinks)
{
	for (uint32_t i = 0; i < sinks->count; i++)
		if (sinks->items[i].kind == SINK_PATH)
			return true;
	return sinks->count > 1;
}

static void check_raw(struct spec_reader *reader)
{
	const struct job_spec *spec = reader->spec;
	if (!is_usable(reader, "output.raw") || !spec->output.raw)
		return;
	static const char why[] = "output.raw: true is without muster in between: %s can then only be terminal or null";
	if (is_usable(reader, "output.stdout") && has_file(&spec->output.stdout_sinks))
		complain_at(reader, origin_of(reader, "output.stdout"), why, "stdout");
	if (is_usable(reader, "output.stderr") && has_file(&spec->output.stderr_sinks))
		complain_at(reader, origin_of(reader, "output.stderr"), why, "stderr");
	for (uint32_t i = 0; i < spec->ranks_count; i++) {
		if (!reader->exceptions[i].whole.sound)
			continue;
		if (has_file(&spec->ranks[i].stdout_sinks))
			complain_at(reader, origin_in_exception(reader, i, "ranks[].stdout"), why, "stdout");
		if (has_file(&spec->ranks[i].stderr_sinks))
			complain_at(reader, origin_in_exception(reader, i, "ranks[].stderr"), why, "stderr");
	}
}

/* A detached job has no terminal, and nobody at its input. */
static void check_detached(struct spec_reader *reader)
{
	const struct job_spec *spec = reader->spec;
	if (!is_usable(reader, "join") || spec->join)
		return;
	if (is_sound(reader, "output.raw") && spec->output.raw)
		complain_at(reader, origin_of(reader, "output.raw"),
		            "output.raw: with join: false (--detach) there is no output of muster's to write to; leave "
		            "it out: the job's logs keep what its ranks print");
	if (is_sound(reader, "stdin") && spec->stdin_to != STDIN_NONE)
		complain_at(reader, origin_of(reader, "stdin"),
		            "stdin: with join: false (--detach) the input is empty, for the job outlives the command; "
		            "leave it out, or let a rank read a file");
}

/* The command's base name, of the letters that a name may have. */
static void fill_in_name(struct job_spec *spec)
{
	if (spec->name != NULL || spec->command.count == 0)
		return;
	const char *slash = strrchr(spec->command.items[0], '/');
	const char *base = slash == NULL ? spec->command.items[0] : slash + 1;
	char *name = arena_copy_bytes(&spec->arena, base, strnlen(base, NAME_FROM_COMMAND_BYTES));
	for (char *at = name; *at != '\0'; at++) {
		bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
		if (!letter && (at == name || strchr(".-_", *at) == NULL))
			*at = '_';
	}
	spec->name = name[0] == '\0' ? arena_copy(&spec->arena, "job") : name;
}

void check_spec(struct spec_reader *reader)
{
	check_needed_keys(reader);
	check_rank_cpus(reader);
	check_exclusive(reader);
	check_stdin(reader);
	check_exceptions(reader);
	check_restarts(reader);
	check_raw(reader);
	check_detached(reader);
	fill_in_name(reader->spec);
}
