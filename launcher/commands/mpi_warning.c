/* SPDX-License-Identifier: MIT
 *
 * mpi_warning: see mpi_warning.h. Exceptions give ranks programs of their own: they are counted by the file that is
 * executed, in an order of the paths, since many ranks may take turns.
 */
#include "commands/mpi_warning.h"

#include "base/arena.h"
#include "base/memory.h"
#include "base/patient_write.h"
#include "base/printable.h"
#include "base/text.h"
#include "plan/launch_plan.h"
#include "run/mpi_program.h"
#include "run/rank_process.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct program {
	const char *path;
	uint32_t first; /* the first local rank that runs it */
	uint32_t ranks;
};

static int by_path(const void *one, const void *other)
{
	const struct program *a = one, *b = other;
	int order = a->path == b->path ? 0 : strcmp(a->path, b->path);
	return order != 0 ? order : (a->first > b->first) - (a->first < b->first);
}

/* Behind the last one, or to that if it is the same file; returns how many there are then. */
static uint32_t add(struct program *programs, uint32_t count, struct program next)
{
	struct program *last = count > 0 ? &programs[count - 1] : NULL;
	if (last != NULL && (last->path == next.path || strcmp(last->path, next.path) == 0)) {
		last->ranks += next.ranks;
		return count;
	}
	programs[count] = next;
	return count + 1;
}

/* In the order of their paths. Neighbours mostly run the same, and then there is nothing to be sorted. */
static uint32_t count_programs(struct program *programs, const struct rank_launcher *launcher)
{
	uint32_t turns = 0, count = 0;
	for (uint32_t r = 0; r < launcher->plan->nprocs; r++)
		turns = add(programs, turns, (struct program){launcher->paths[r], r, 1});
	qsort(programs, turns, sizeof *programs, by_path);
	for (uint32_t i = 0; i < turns; i++)
		count = add(programs, count, programs[i]);
	return count;
}

static bool is_launcher_of_mpi(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	return strncmp(name, "mpi", 3) == 0 || strcmp(name, "prun") == 0 || strcmp(name, "orterun") == 0;
}

/* "server : -n 4 client": mpirun starts two programs then. Here the first is given all that as arguments. */
static bool means_two_programs(char *const *argv)
{
	bool colon = false, two = false;
	for (; *argv != NULL && !two; argv++) {
		two = colon && strncmp(*argv, "-n", 2) == 0;
		colon = strcmp(*argv, ":") == 0;
	}
	return two;
}

static void add_warning(struct mpi_warnings *warnings, char *warning)
{
	make_printable(warning);
	warnings->items[warnings->count++] = warning;
}

void mpi_warnings_find(struct mpi_warnings *warnings, const struct rank_launcher *launcher, struct arena *arena)
{
	const struct launch_plan *plan = launcher->plan;
	struct program *programs = memory_zeroed(plan->nprocs * sizeof *programs);
	uint32_t count = count_programs(programs, launcher);
	*warnings = (struct mpi_warnings){.items = arena_alloc_array(arena, count + 1, sizeof *warnings->items)};
	for (uint32_t i = 0; i < count; i++) {
		char library[MPI_NAME_BYTES];
		if (programs[i].ranks < 2 || !mpi_program_is(programs[i].path, library))
			continue;
		add_warning(warnings,
		            arena_format(arena,
		                         "%s is an MPI program (it is linked with %s): muster does not connect MPI "
		                         "ranks, so that each of the %" PRIu32
		                         " that run it is rank 0 of 1 to itself; start it with the mpirun of its MPI",
		                         plan->ranks[programs[i].first].argv[0], library, programs[i].ranks));
	}
	if (means_two_programs(plan->ranks[0].argv) && !is_launcher_of_mpi(launcher->paths[0]))
		add_warning(warnings,
		            arena_format(arena,
		                         "%s is given \":\" and what follows as arguments: for another program in some "
		                         "ranks write a spec, whose list \"ranks\" says what differs between ranks",
		                         plan->ranks[0].argv[0]));
	free(programs);
}

void mpi_warnings_say(const struct mpi_warnings *warnings)
{
	struct text text = {0};
	for (uint32_t i = 0; i < warnings->count; i++)
		text_add_format(&text, "muster: warning: %s\n", warnings->items[i]);
	if (text.length > 0)
		patient_say(text.bytes);
	text_finish(&text);
}
