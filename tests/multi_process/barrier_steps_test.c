/* SPDX-License-Identifier: MIT
 *
 * A rank dies after each single instruction of what it does at a barrier, and of how it joins and leaves: two others
 * always get the same outcome, and get it at once.
 *
 * The victim is rank 0. Its path is recorded once, by ptrace(2); then it is led to each instruction of it in turn and
 * dies there. `--every N` leaves out all but each N-th.
 */
#include "ranks.h"
#include "unit_test.h"

#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VICTIM = 0, RANKS = 3, TOLD_MS = 1000 };

/* What the two others saw at their first and at their second barrier. */
struct seen {
	int first, second;
	int named;
	int64_t told_ns;
};

static struct seen *seen;
static struct ranks_path path;
static int every = 1;

static bool waits_at_barrier(const muster_world *world, uint32_t rank)
{
	return atomic_load(&world_rank(world, rank)->activity.kind) == ACTIVITY_BARRIER;
}

static bool has_ended(const muster_world *world, uint32_t rank)
{
	return atomic_load(&world_rank(world, rank)->presence) >= RANK_LEFT;
}

static int meet_twice(muster_world *world)
{
	struct seen *mine = &seen[muster_rank(world)];
	mine->first = muster_barrier(world, MUSTER_FOREVER, "first");
	mine->second = mine->first;
	if (mine->first == 0 || mine->first == -ETIMEDOUT)
		mine->second = muster_barrier(world, MUSTER_FOREVER, "second");
	mine->told_ns = ranks_now_ns();
	mine->named = muster_failure_of(world)->rank;
	CHECK(mine->second == MUSTER_EGONE || mine->second == MUSTER_ELEFT);
	CHECK(muster_barrier(world, 0, "third") == mine->second);
	return 0;
}

/* --- the scenes --- */

static int comes_last(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	while (!waits_at_barrier(world, 1) || !waits_at_barrier(world, 2))
		usleep(20);
	ranks_path_begin();
	muster_barrier(world, MUSTER_FOREVER, "first");
	ranks_path_end();
	return 0;
}

static int comes_first(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) != VICTIM) {
		while (!has_ended(world, VICTIM))
			usleep(20);
		return meet_twice(world);
	}
	ranks_path_begin();
	muster_barrier(world, MUSTER_FOREVER, "first");
	ranks_path_end();
	return 0;
}

/* Rank 2 comes when all is over. */
static int gives_up(muster_world *world, void *context)
{
	(void)context;
	while (muster_rank(world) == 2 && !has_ended(world, VICTIM))
		usleep(20);
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	while (!waits_at_barrier(world, 1))
		usleep(20);
	ranks_path_begin();
	muster_barrier(world, 0, "first");
	ranks_path_end();
	return 0;
}

static int leaves(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	while (!waits_at_barrier(world, 1) || !waits_at_barrier(world, 2))
		usleep(20);
	ranks_path_begin();
	muster_finalize(world);
	ranks_path_end();
	return 0;
}

/* It finds that rank 3 is dead, and is about to tell it to 1 and 2, of whom 2 comes late. */
static int hears_of_a_death(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) == 3)
		raise(SIGKILL);
	while ((muster_rank(world) == VICTIM || muster_rank(world) == 2) && !has_ended(world, 3))
		usleep(20);
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	ranks_path_begin();
	muster_barrier(world, MUSTER_FOREVER, "first");
	ranks_path_end();
	return 0;
}

static int joins(muster_world *world, void *context)
{
	(void)context;
	return meet_twice(world);
}

/* --- the runs --- */

struct scene {
	ranks_body *body;
	int ranks;
	bool attach;
	int first_may_be[3];
	int named;
};

static void expect_one_outcome(const struct scene *scene, int point, const struct ranks_outcome *outcome)
{
	bool allowed = false;
	for (int i = 0; i < 3; i++)
		allowed = allowed || seen[1].first == scene->first_may_be[i];
	int64_t latest = seen[1].told_ns > seen[2].told_ns ? seen[1].told_ns : seen[2].told_ns;
	int64_t told_ms = (latest - outcome[VICTIM].killed_ns) / 1000000;
	if (allowed && seen[1].first == seen[2].first && seen[1].second == seen[2].second &&
	    seen[1].named == scene->named && seen[2].named == scene->named && told_ms < TOLD_MS)
		return;
	fail_msg("point %d: rank 1 saw %d, %d (rank %d), rank 2 saw %d, %d (rank %d), after %d ms", point,
	         seen[1].first, seen[1].second, seen[1].named, seen[2].first, seen[2].second, seen[2].named,
	         (int)told_ms);
}

static void die_at(const struct scene *scene, int domains, int point)
{
	struct ranks_outcome outcome[4];
	struct ranks_options options = {.ranks = scene->ranks,
	                                .domains = domains,
	                                .victim = VICTIM,
	                                .path = &path,
	                                .point = point,
	                                .path_attach = scene->attach,
	                                .segment_bytes = 1 << 20,
	                                .leaves = true};
	memset(seen, 0, 4 * sizeof *seen);
	ranks_run(&options, scene->body, NULL, outcome);
	if (outcome[VICTIM].exit_code == 77)
		skip();
	if (outcome[VICTIM].signal != SIGKILL || outcome[1].exit_code != 0 || outcome[2].exit_code != 0)
		fail_msg("point %d: somebody failed or hung", point);
	expect_one_outcome(scene, point, outcome);
}

static void dies_at_each_step(const struct scene *scene, int domains)
{
	path.count = 0;
	path.instructions = 0;
	die_at(scene, domains, RANKS_RECORD);
	for (int point = 0; point < path.count; point += every)
		die_at(scene, domains, point);
	print_message("             %d points among %ld instructions, %d domain%s\n", path.count, path.instructions,
	              domains, domains > 1 ? "s" : "");
}

static void as_the_last_to_come(void **state)
{
	(void)state;
	const struct scene scene = {comes_last, RANKS, false, {0, MUSTER_EGONE, MUSTER_EGONE}, VICTIM};
	dies_at_each_step(&scene, 1);
	dies_at_each_step(&scene, 2);
}

static void as_the_first_to_come(void **state)
{
	(void)state;
	const struct scene scene = {comes_first, RANKS, false, {0, MUSTER_EGONE, MUSTER_EGONE}, VICTIM};
	dies_at_each_step(&scene, 1);
	dies_at_each_step(&scene, 2);
}

static void as_it_gives_up(void **state)
{
	(void)state;
	const struct scene scene = {gives_up, RANKS, false, {-ETIMEDOUT, MUSTER_EGONE, 0}, VICTIM};
	dies_at_each_step(&scene, 1);
	dies_at_each_step(&scene, 2);
}

static void as_it_hears_of_another_death(void **state)
{
	(void)state;
	const struct scene scene = {hears_of_a_death, 4, false, {MUSTER_EGONE, MUSTER_EGONE, MUSTER_EGONE}, 3};
	dies_at_each_step(&scene, 1);
}

static void as_it_leaves(void **state)
{
	(void)state;
	const struct scene scene = {leaves, RANKS, false, {MUSTER_ELEFT, MUSTER_EGONE, MUSTER_EGONE}, VICTIM};
	dies_at_each_step(&scene, 1);
}

static void as_it_joins(void **state)
{
	(void)state;
	const struct scene scene = {joins, RANKS, true, {MUSTER_EGONE, MUSTER_EGONE, MUSTER_EGONE}, VICTIM};
	dies_at_each_step(&scene, 1);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--every") == 0 && atoi(argv[2]) > 0)
		every = atoi(argv[2]);
	seen = ranks_share(4 * sizeof *seen);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_last_to_come), cmocka_unit_test(as_the_first_to_come),
		cmocka_unit_test(as_it_gives_up),      cmocka_unit_test(as_it_hears_of_another_death),
		cmocka_unit_test(as_it_leaves),        cmocka_unit_test(as_it_joins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
