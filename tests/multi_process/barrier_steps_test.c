/* SPDX-License-Identifier: MIT
 *
 * A rank dies after each single instruction of what it does at a barrier, and of how it joins and leaves: two others
 * always get the same outcome, and get it at once.
 *
 * The victim is rank 0. Its path is recorded once, by ptrace(2); then it is led to each instruction of it in turn and
 * dies there. `--every N` leaves out all but each N-th.
 */
#include "ranks_path.h"
#include "unit_test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { VICTIM = 0, RANKS = 3, TOLD_MS = 1000 };

/* What the two others saw at their first and at their second barrier. */
struct seen {
	int first, second;
	int named;
	int64_t told_ns;
};

static struct seen *seen;
static struct ranks_path path;
static int every;

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

static void await_at_barrier(const muster_world *world, int rank)
{
	ranks_await_call(world, rank, ACTIVITY_BARRIER);
}

static int dies_at_barrier(muster_world *world, int timeout_ms)
{
	ranks_path_begin();
	muster_barrier(world, timeout_ms, "first");
	ranks_path_end();
	return 0;
}

/* --- the scenes --- */

static int comes_last(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	await_at_barrier(world, 1);
	await_at_barrier(world, 2);
	return dies_at_barrier(world, MUSTER_FOREVER);
}

static int comes_first(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) != VICTIM) {
		ranks_await_end(world, VICTIM);
		return meet_twice(world);
	}
	return dies_at_barrier(world, MUSTER_FOREVER);
}

/* Rank 2 comes when all is over. */
static int gives_up(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) == 2)
		ranks_await_end(world, VICTIM);
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	await_at_barrier(world, 1);
	return dies_at_barrier(world, 0);
}

static int leaves(muster_world *world, void *context)
{
	(void)context;
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	await_at_barrier(world, 1);
	await_at_barrier(world, 2);
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
	if (muster_rank(world) == VICTIM || muster_rank(world) == 2)
		ranks_await_end(world, 3);
	if (muster_rank(world) != VICTIM)
		return meet_twice(world);
	return dies_at_barrier(world, MUSTER_FOREVER);
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
	int domains;
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
	int64_t told_ns = latest - outcome[VICTIM].killed_ns;
	if (allowed && seen[1].first == seen[2].first && seen[1].second == seen[2].second &&
	    seen[1].named == scene->named && seen[2].named == scene->named && told_ns < ranks_limit_ns(TOLD_MS))
		return;
	fail_msg("point %d: rank 1 saw %d, %d (rank %d), rank 2 saw %d, %d (rank %d), after %d ms", point,
	         seen[1].first, seen[1].second, seen[1].named, seen[2].first, seen[2].second, seen[2].named,
	         (int)(told_ns / 1000000));
}

static void die_at(const void *context, int point)
{
	const struct scene *scene = context;
	struct ranks_outcome outcome[4];
	struct ranks_options options = {.ranks = scene->ranks,
	                                .domains = scene->domains,
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

static void dies_at_each_step(const struct scene scene)
{
	ranks_path_walk(&path, every, die_at, &scene);
}

static void as_the_last_to_come(void **state)
{
	(void)state;
	for (int domains = 1; domains <= 2; domains++)
		dies_at_each_step(
			(struct scene){comes_last, RANKS, domains, false, {0, MUSTER_EGONE, MUSTER_EGONE}, VICTIM});
}

static void as_the_first_to_come(void **state)
{
	(void)state;
	for (int domains = 1; domains <= 2; domains++)
		dies_at_each_step(
			(struct scene){comes_first, RANKS, domains, false, {0, MUSTER_EGONE, MUSTER_EGONE}, VICTIM});
}

static void as_it_gives_up(void **state)
{
	(void)state;
	for (int domains = 1; domains <= 2; domains++)
		dies_at_each_step(
			(struct scene){gives_up, RANKS, domains, false, {-ETIMEDOUT, MUSTER_EGONE, 0}, VICTIM});
}

static void as_it_hears_of_another_death(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){hears_of_a_death, 4, 1, false, {MUSTER_EGONE, MUSTER_EGONE, MUSTER_EGONE}, 3});
}

static void as_it_leaves(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){leaves, RANKS, 1, false, {MUSTER_ELEFT, MUSTER_EGONE, MUSTER_EGONE}, VICTIM});
}

static void as_it_joins(void **state)
{
	(void)state;
	dies_at_each_step((struct scene){joins, RANKS, 1, true, {MUSTER_EGONE, MUSTER_EGONE, MUSTER_EGONE}, VICTIM});
}

int main(int argc, char **argv)
{
	every = ranks_path_every(argc, argv);
	seen = ranks_share(4 * sizeof *seen);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_last_to_come), cmocka_unit_test(as_the_first_to_come),
		cmocka_unit_test(as_it_gives_up),      cmocka_unit_test(as_it_hears_of_another_death),
		cmocka_unit_test(as_it_leaves),        cmocka_unit_test(as_it_joins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
