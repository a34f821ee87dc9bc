/* SPDX-License-Identifier: MIT
 *
 * SIGKILL at random instants inside of every primitive, and SIGSTOP: nobody hangs, no wrong data is delivered, all
 * survivors are told, and soon.
 *
 *     ranks_kills_test [--times N] [--seed S] [--only PRIMITIVE]      20 times each by default
 *     ranks_kills_test --times 10000                                  what a release must pass; hours
 *
 * Prints the seed, and how long it took until survivors knew. A failure names the seed of its very run.
 */
#include "kills_primitives.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOLD_LIMIT_MS = 1000 };

/* What a survivor saw. */
struct witness {
	int64_t rounds; /* that went well */
	int64_t told_ns;
	int code;
	int named;
};

static const struct primitive *primitive;
static struct witness *witnesses;
static int64_t stop_rounds; /* > 0: so many rounds, and nobody dies */

static int repeat(muster_world *world, void *context)
{
	struct witness *mine = &witnesses[muster_rank(world)];
	int rc = 0;
	(void)context;
	int64_t enough = stop_rounds;
	if (primitive->uneven && muster_rank(world) == 0)
		enough *= muster_size(world) - 1;
	while ((stop_rounds == 0 || mine->rounds < enough) && (rc = primitive->round(world, mine->rounds)) == 0)
		mine->rounds++;
	mine->told_ns = ranks_now_ns();
	mine->code = rc;
	mine->named = muster_failure_of(world)->rank;
	return rc == WRONG;
}

static uint64_t random_state;

static uint64_t next_random(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool complain(uint64_t seed, int ranks, const char *what, int rank)
{
	const struct witness *its = &witnesses[rank];
	fprintf(stderr, "%s, %d ranks, seed %" PRIu64 ": rank %d %s: %" PRId64 " rounds, then %d (rank %d)\n",
	        primitive->name, ranks, seed, rank, what, its->rounds, its->code, its->named);
	return false;
}

static bool judge(uint64_t seed, const struct ranks_options *options, const struct ranks_outcome *outcome)
{
	int first = options->victim == 0 ? 1 : 0;
	for (int rank = 0; rank < options->ranks; rank++) {
		const struct witness *its = &witnesses[rank];
		if (rank == options->victim)
			continue;
		if (outcome[rank].exit_code != 0)
			return complain(seed, options->ranks, "hung, or failed otherwise", rank);
		if (its->code != MUSTER_EGONE &&
		    (primitive->together || (its->code != MUSTER_ELEFT && its->code != MUSTER_EBROKEN)))
			return complain(seed, options->ranks, "was not told who is gone", rank);
		if (primitive->together && its->named != options->victim)
			return complain(seed, options->ranks, "was told of the wrong rank", rank);
		if (primitive->together && its->rounds != witnesses[first].rounds)
			return complain(seed, options->ranks, "went on without the others", rank);
		if (its->told_ns - outcome[options->victim].killed_ns > ranks_limit_ns(TOLD_LIMIT_MS))
			return complain(seed, options->ranks, "was told too late", rank);
	}
	return true;
}

static int by_size(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
	return (a > b) - (a < b);
}

static bool kill_once(uint64_t seed, int ranks, int64_t *told_ns)
{
	struct ranks_outcome outcome[RANKS_MAX];
	random_state = seed;
	struct ranks_options options = {
		.ranks = ranks, .domains = 1 + (int)(next_random() % 2), .kills = true, .leaves = true};
	options.victim = (int)(next_random() % (uint64_t)ranks);
	options.kill_after_ns = (int)(next_random() % (next_random() % 2 == 0 ? 20000 : 3000000));
	memset(witnesses, 0, (size_t)ranks * sizeof *witnesses);
	ranks_run(&options, repeat, NULL, outcome);
	if (!judge(seed, &options, outcome))
		return false;
	for (int rank = 0; rank < ranks; rank++)
		if (rank != options.victim && witnesses[rank].told_ns - outcome[options.victim].killed_ns > *told_ns)
			*told_ns = witnesses[rank].told_ns - outcome[options.victim].killed_ns;
	return true;
}

static bool kill_often(uint64_t seed, int ranks, int times)
{
	int64_t *told_ns = calloc((size_t)times, sizeof *told_ns);
	bool good = told_ns != NULL;
	for (int i = 0; good && i < times; i++)
		good = kill_once(seed + (uint64_t)i * 1000003, ranks, &told_ns[i]);
	if (good) {
		qsort(told_ns, (size_t)times, sizeof *told_ns, by_size);
		printf("%-14s %2d ranks, killed %d times: all were told within %" PRId64 " us (median), %" PRId64
		       " (nine in ten), %" PRId64 " (always)\n",
		       primitive->name, ranks, times, told_ns[times / 2] / 1000, told_ns[times * 9 / 10] / 1000,
		       told_ns[times - 1] / 1000);
	}
	free(told_ns);
	return good;
}

/* A rank that stands still for a while delays the others and does nothing else. */
static bool stop_once(uint64_t seed, int ranks, int stop_ms)
{
	random_state = seed;
	struct ranks_options options = {
		.ranks = ranks, .kills = true, .stop_ms = stop_ms, .victim = (int)(next_random() % (uint64_t)ranks)};
	options.kill_after_ns = (int)(next_random() % 1000000);
	memset(witnesses, 0, (size_t)ranks * sizeof *witnesses);
	stop_rounds = primitive->together ? 2000 : 300;
	bool good = ranks_run(&options, repeat, NULL, NULL);
	for (int rank = 0; good && rank < ranks; rank++)
		good = (witnesses[rank].rounds >= stop_rounds && witnesses[rank].code == 0) ||
		       complain(seed, ranks, "was disturbed by a rank that was stopped", rank);
	stop_rounds = 0;
	return good;
}

/* Who has done its part leaves at once: the others get all of it. */
static bool leave_once(uint64_t seed, int ranks)
{
	struct ranks_options options = {.ranks = ranks, .domains = 1 + (int)(seed % 2), .leaves = true};
	memset(witnesses, 0, (size_t)ranks * sizeof *witnesses);
	stop_rounds = 1 + (int64_t)(seed % 8);
	bool good = ranks_run(&options, repeat, NULL, NULL);
	for (int rank = 0; good && rank < ranks; rank++)
		good = (witnesses[rank].rounds >= stop_rounds && witnesses[rank].code == 0) ||
		       complain(seed, ranks, "lost what came from one who left", rank);
	stop_rounds = 0;
	return good;
}

static bool test(uint64_t seed, int times)
{
	static const int sizes[] = {2, 4, 16};
	bool good = true;
	for (size_t i = 0; good && i < sizeof sizes / sizeof *sizes; i++) {
		good = kill_often(seed, sizes[i], times) && stop_once(seed, sizes[i], times >= 1000 ? 1000 : 50);
		for (int k = 0; good && k < times; k++)
			good = leave_once(seed + (uint64_t)k, sizes[i]);
		fflush(stdout);
	}
	return good;
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL);
	int times = 20;
	const char *only = NULL;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--times") == 0)
			times = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--only") == 0)
			only = argv[i + 1];
	}
	witnesses = ranks_share(RANKS_MAX * sizeof *witnesses);
	printf("seed %" PRIu64 "\n", seed);
	bool good = times > 0;
	for (size_t i = 0; good && i < PRIMITIVES; i++) {
		primitive = &primitives[i];
		if (only == NULL || strcmp(only, primitive->name) == 0)
			good = test(seed, times);
	}
	return good ? 0 : 1;
}
