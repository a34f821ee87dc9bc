/* SPDX-License-Identifier: MIT
 *
 * death_watch and life_words: real processes hold life words and are killed; whoever died first is known first, before
 * its pidfd tells, and whatever a rank writes into the segment neither stops the watch nor keeps it busy.
 */
#include "run_fixture.h"

#include "run/death_watch.h"
#include "run/job_segment.h"
#include "run/life_words.h"
#include "segment_layout.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { RANKS = 300, LARGE_MIB = 1024 };

struct watched {
	struct run_fixture f;
	struct rank_plan many[RANKS];
	struct job_segment segment;
	struct life_words words;
	struct death_watch *watch;
	pid_t pids[RANKS];
};

static void begin(struct watched *w, uint32_t count)
{
	struct error err;
	memset(w, 0, sizeof *w);
	fixture_begin_job(&w->f, 2);
	w->f.plan.ranks = w->many;
	w->f.plan.nprocs = count;
	assert_int_equal(job_segment_make(&w->segment, &w->f.plan, &err), 0);
	life_words_init(&w->words, count);
	life_words_begin(&w->words, &w->segment);
}

static void end(struct watched *w)
{
	death_watch_stop(w->watch);
	for (uint32_t r = 0; r < RANKS; r++) {
		if (w->pids[r] == 0)
			continue;
		kill(w->pids[r], SIGKILL);
		fixture_wait(w->pids[r]);
	}
	life_words_finish(&w->words);
	job_segment_finish(&w->segment);
	w->f.plan.nprocs = 2;
	fixture_end(&w->f);
}

/* As libmuster does. */
static void attach(struct segment_header *header, struct segment_rank *rank)
{
	pthread_mutexattr_t attributes;
	rank->presence = RANK_ATTACHED;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	child_must(pthread_mutex_init((pthread_mutex_t *)&rank->life, &attributes) == 0);
	child_must(pthread_mutex_lock((pthread_mutex_t *)&rank->life) == 0);
	atomic_fetch_add(&header->attached, 1);
	syscall(SYS_futex, &header->attached, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Starts the rank, which attaches, touches so much memory, and then waits to be killed. */
static void start(struct watched *w, uint32_t rank, size_t mib)
{
	int ready[2];
	char byte;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	fflush(NULL);
	w->pids[rank] = fork();
	assert_true(w->pids[rank] >= 0);
	if (w->pids[rank] == 0) {
		alarm(FIXTURE_LIFE_S);
		attach(w->segment.header, &w->segment.ranks[rank]);
		if (mib > 0) {
			char *memory = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
			                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
			child_must(memory != MAP_FAILED);
		}
		child_must(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void end_rank(struct watched *w, uint32_t rank)
{
	kill(w->pids[rank], SIGKILL);
	fixture_wait(w->pids[rank]);
	w->pids[rank] = 0;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void have_watch(struct watched *w)
{
	struct futex_probe {
		uint64_t value, address;
		uint32_t flags, reserved;
	} probe = {.value = 1, .address = (uintptr_t)&probe.reserved, .flags = 2};
	if (syscall(449, &probe, 1, 0, NULL, CLOCK_MONOTONIC) < 0 && (errno == ENOSYS || errno == EPERM)) {
		end(w);
		skip();
	}
	w->watch = death_watch_start(&w->words);
	assert_non_null(w->watch);
}

/* Sleeps on events as a rank would, until the presence is that one; the alarm ends it otherwise. */
static void wait_presence(struct watched *w, uint32_t rank, uint32_t presence)
{
	for (;;) {
		uint32_t events = atomic_load(&w->segment.header->events);
		if (w->segment.ranks[rank].presence == presence)
			return;
		syscall(SYS_futex, &w->segment.header->events, FUTEX_WAIT, events, NULL, NULL, 0);
	}
}

static void wait_armed(struct watched *w, uint32_t rank)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	while ((w->segment.ranks[rank].life.word & FUTEX_WAITERS) == 0)
		nanosleep(&moment, NULL);
}

static void a_death_is_told_to_who_sleeps(void **state)
{
	(void)state;
	struct watched w;
	begin(&w, 3);
	start(&w, 0, 0);
	have_watch(&w);
	start(&w, 1, 0); /* one before, one after the watch began */
	wait_armed(&w, 0);
	wait_armed(&w, 1);
	end_rank(&w, 1);
	wait_presence(&w, 1, RANK_DYING);
	assert_int_equal(w.segment.ranks[0].presence, RANK_ATTACHED);
	end_rank(&w, 0);
	wait_presence(&w, 0, RANK_DYING);
	assert_true(w.segment.ranks[1].end_order < w.segment.ranks[0].end_order);
	assert_int_equal(life_words_tell(&w.words, 0), 1);
	assert_int_equal(life_words_tell(&w.words, 1), 0);
	assert_int_equal(life_words_tell(&w.words, 2), 2);
	end(&w);
}

/* The time is printed, not judged; the order is. */
static void a_death_is_known_before_its_memory_is_taken_apart(void **state)
{
	(void)state;
	struct watched w;
	begin(&w, 2);
	have_watch(&w);
	start(&w, 0, LARGE_MIB);
	wait_armed(&w, 0);
	struct pollfd pidfd = {.fd = (int)syscall(SYS_pidfd_open, w.pids[0], 0), .events = POLLIN};
	assert_true(pidfd.fd >= 0);
	int64_t killed = clock_ns(CLOCK_MONOTONIC);
	kill(w.pids[0], SIGKILL);
	wait_presence(&w, 0, RANK_DYING);
	int64_t known = clock_ns(CLOCK_MONOTONIC);
	bool ended_by_then = poll(&pidfd, 1, 0) == 1;
	assert_int_equal(poll(&pidfd, 1, -1), 1);
	print_message("%d MiB: known after %.3f ms, pidfd after %.3f ms\n", LARGE_MIB, (double)(known - killed) / 1e6,
	              (double)(clock_ns(CLOCK_MONOTONIC) - killed) / 1e6);
	if (ended_by_then)
		print_message("the pidfd was ready by the time that this process looked\n");
	close(pidfd.fd);
	assert_true(life_words_is_released(&w.words, 0));
	end(&w);
}

static void more_ranks_than_one_thread_can_watch_are_watched_all_the_same(void **state)
{
	(void)state;
	struct watched w;
	begin(&w, RANKS);
	have_watch(&w);
	static const uint32_t some[] = {RANKS - 1, 0, 130, 125, 126, 260};
	for (size_t i = 0; i < COUNT_OF(some); i++)
		start(&w, some[i], 0);
	for (size_t i = 0; i < COUNT_OF(some); i++)
		wait_armed(&w, some[i]);
	for (size_t i = 0; i < COUNT_OF(some); i++) {
		end_rank(&w, some[i]);
		wait_presence(&w, some[i], RANK_DYING);
	}
	for (uint32_t i = 0; i < COUNT_OF(some); i++)
		assert_int_equal(life_words_tell(&w.words, some[i]), i);
	end(&w);
}

static void of_those_found_dead_in_one_look_the_pidfds_say_who_was_first(void **state)
{
	(void)state;
	struct watched w;
	begin(&w, 4);
	for (uint32_t r = 0; r < 4; r++)
		start(&w, r, 0);
	uint32_t held;
	struct held_word words[4];
	assert_int_equal(life_words_look(&w.words, 0, 4, words, &held), 4);
	assert_int_equal(held, 4);
	end_rank(&w, 2);
	assert_int_equal(life_words_look(&w.words, 0, 4, NULL, &held), 1);
	assert_int_equal(held, 3);
	end_rank(&w, 0);
	end_rank(&w, 1);
	assert_int_equal(life_words_look(&w.words, 0, 4, NULL, NULL), 2);
	assert_int_equal(life_words_tell(&w.words, 3), 3); /* by its pidfd, after all these were found */
	assert_int_equal(life_words_tell(&w.words, 1), 1);
	assert_int_equal(life_words_tell(&w.words, 2), 0);
	assert_int_equal(life_words_tell(&w.words, 0), 2);
	assert_int_equal(life_words_look(&w.words, 0, 4, NULL, NULL), 0);
	end(&w);
}

static void who_leaves_does_not_die(void **state)
{
	(void)state;
	struct watched w;
	begin(&w, 1);
	start(&w, 0, 0);
	assert_int_equal(life_words_look(&w.words, 0, 1, NULL, NULL), 1);
	w.segment.ranks[0].presence = RANK_LEFT;
	end_rank(&w, 0);
	assert_int_equal(life_words_look(&w.words, 0, 1, NULL, NULL), 1);
	assert_false(life_words_is_released(&w.words, 0));
	assert_int_equal(w.segment.ranks[0].presence, RANK_LEFT);
	end(&w);
}

/* --- scribblers --- */

struct scribbler {
	struct watched *w;
	_Atomic bool stop;
};

/* All that a rank can reach, with all that can stand in a word. */
static void *scribble(void *context)
{
	struct scribbler *scribbler = context;
	struct segment_header *header = scribbler->w->segment.header;
	struct segment_rank *rank = &scribbler->w->segment.ranks[1];
	for (uint32_t turn = 0; !scribbler->stop; turn++) {
		rank->life.word = turn % 3 == 0 ? turn : (rank->life.word ^ FUTEX_WAITERS);
		rank->presence = turn % 7;
		atomic_fetch_add(&header->attached, 1);
		syscall(SYS_futex, &header->attached, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
		syscall(SYS_futex, &rank->life.word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	}
	return NULL;
}

static int64_t watch_cpu_ns(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000) +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
}

/* In a process of its own, so that only the watch's CPU time is counted. */
static void scribble_elsewhere(struct watched *w, pid_t *pid)
{
	fflush(NULL);
	*pid = fork();
	if (*pid == 0) {
		struct scribbler scribbler = {.w = w};
		alarm(FIXTURE_LIFE_S);
		scribble(&scribbler);
	}
}

static void a_scribbler_keeps_the_watch_neither_busy_nor_from_its_work(void **state)
{
	(void)state;
	struct watched w;
	pid_t scribbler;
	const struct timespec while_it_lasts = {.tv_nsec = 400000000};
	begin(&w, 2);
	have_watch(&w);
	start(&w, 0, 0);
	wait_armed(&w, 0);
	scribble_elsewhere(&w, &scribbler);
	int64_t before = watch_cpu_ns(), begin_ns = clock_ns(CLOCK_MONOTONIC);
	nanosleep(&while_it_lasts, NULL);
	int64_t used = watch_cpu_ns() - before, lasted = clock_ns(CLOCK_MONOTONIC) - begin_ns;
	print_message("CPU time of the watch in %.0f ms: %.1f ms\n", (double)lasted / 1e6, (double)used / 1e6);
	assert_true(used < lasted / 4);
	end_rank(&w, 0);
	wait_presence(&w, 0, RANK_DYING);
	death_watch_stop(w.watch);
	w.watch = NULL;
	kill(scribbler, SIGKILL);
	fixture_wait(scribbler);
	end(&w);
}

static void it_ends_at_once_when_told_to(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		struct watched w;
		begin(&w, RANKS);
		have_watch(&w);
		for (uint32_t r = 0; r < RANKS; r += 100) { /* words that nobody holds, as of ranks that are gone */
			w.segment.ranks[r].presence = RANK_ATTACHED;
			w.segment.ranks[r].life.word = 1;
		}
		atomic_fetch_add(&w.segment.header->attached, 1);
		syscall(SYS_futex, &w.segment.header->attached, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
		end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_death_is_told_to_who_sleeps),
		cmocka_unit_test(a_death_is_known_before_its_memory_is_taken_apart),
		cmocka_unit_test(more_ranks_than_one_thread_can_watch_are_watched_all_the_same),
		cmocka_unit_test(of_those_found_dead_in_one_look_the_pidfds_say_who_was_first),
		cmocka_unit_test(who_leaves_does_not_die),
		cmocka_unit_test(a_scribbler_keeps_the_watch_neither_busy_nor_from_its_work),
		cmocka_unit_test(it_ends_at_once_when_told_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
