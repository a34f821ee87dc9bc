/* SPDX-License-Identifier: MIT
 *
 * play WORD...: a rank that does what it is told with libmuster. Words are done one after another; "2:WORD" only by
 * rank 2, "!2:WORD" by all but rank 2.
 *
 *     init  finalize  barrier=LABEL  bounded=LABEL (200 ms)  sum (an allreduce)  mark=TEXT
 *     await=LABEL (until another rank sleeps in the barrier of this label, or the collective of this name)
 *     ignore=SIGNAL  sleep=MS  touch=MIB  scribble=SEED (over all of the segment; 0: ones)  exit=CODE  kill=SIGNAL
 *
 * A call that fails is told on stderr, and ends the program with exit code 3.
 */
#include "segment_layout.h"

#include <muster.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { LIFE_S = 120, FAILED = 3, MISUSED = 99, BOUND_MS = 200 };

static muster_world *world;

static void check(const char *call, int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %d: %s\n", call, rc, muster_error_text());
	exit(FAILED);
}

static void sleep_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&time, NULL);
}

static void touch(long mib)
{
	size_t bytes = (size_t)mib << 20;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		exit(MISUSED);
	for (size_t at = 0; at < bytes; at += 4096)
		memory[at] = 1;
}

static void finalize(void)
{
	check("finalize", muster_finalize(world));
	world = NULL;
}

/* Its own view of the segment, which libmuster has mapped elsewhere. */
static void *map_segment(size_t bytes)
{
	void *segment = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(getenv("MUSTER_FD")), 0);
	if (segment == MAP_FAILED)
		exit(MISUSED);
	return segment;
}

static bool waits_in(const struct segment_rank *rank, const char *label)
{
	return atomic_load(&rank->activity.kind) != ACTIVITY_NONE &&
	       strncmp(rank->activity.label, label, SEGMENT_LABEL_BYTES) == 0;
}

/* A rank says what it waits for when it is about to sleep: it has come to the barrier by then. */
static void await(const char *label)
{
	static const struct segment_header *header;
	if (header == NULL) {
		header = map_segment(SEGMENT_PAGE);
		header = map_segment(header->traces_offset);
	}
	const struct segment_rank *ranks = (const void *)((const char *)header + header->ranks_offset);
	for (;; sleep_ms(1))
		for (uint32_t r = 0; r < header->rank_count; r++)
			if (r != (uint32_t)muster_rank(world) && waits_in(&ranks[r], label))
				return;
}

/* What must not be seen by the program itself any more: its mutex is of no use after this. */
static void scribble(uint64_t seed)
{
	enum { REACH = 64 << 20 };
	uint64_t *words = map_segment(REACH);
	uint64_t random = seed;
	for (size_t i = 0; i < REACH / sizeof *words; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		words[i] = seed == 0 ? UINT64_MAX : random;
	}
}

static void sum(void)
{
	int64_t one = 1, all = 0;
	check("sum", muster_allreduce(world, &one, &all, 1, MUSTER_INT64, MUSTER_SUM, MUSTER_FOREVER));
	if (all != muster_size(world))
		exit(MISUSED);
}

static void act(const char *word)
{
	const char *value = strchr(word, '=');
	size_t length = value == NULL ? strlen(word) : (size_t)(value - word);
	value = value == NULL ? "" : value + 1;
#define IS(name) (length == sizeof(name) - 1 && strncmp(word, name, length) == 0)
	if (IS("init"))
		check(word, muster_init(&world));
	else if (IS("finalize"))
		finalize();
	else if (IS("barrier"))
		check(word, muster_barrier(world, MUSTER_FOREVER, value));
	else if (IS("bounded"))
		check(word, muster_barrier(world, BOUND_MS, value));
	else if (IS("sum"))
		sum();
	else if (IS("scribble"))
		scribble((uint64_t)atoll(value));
	else if (IS("mark"))
		check(word, muster_mark(world, value));
	else if (IS("await"))
		await(value);
	else if (IS("sleep"))
		sleep_ms(atol(value));
	else if (IS("touch"))
		touch(atol(value));
	else if (IS("exit"))
		exit(atoi(value));
	else if (IS("ignore"))
		signal(atoi(value), SIG_IGN);
	else if (IS("kill"))
		raise(atoi(value));
	else
		exit(MISUSED);
}

int main(int argc, char **argv)
{
	const char *variable = getenv("MUSTER_RANK");
	long rank = variable == NULL ? 0 : atol(variable);
	alarm(LIFE_S);
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool but = *word == '!';
		char *end;
		long whose = strtol(word + but, &end, 10);
		if (*end != ':')
			act(word);
		else if ((whose == rank) != but)
			act(end + 1);
	}
	return 0;
}
