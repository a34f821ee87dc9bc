/* SPDX-License-Identifier: MIT
 *
 * death_watch: see death_watch.h. Ranks may write whatever they like into the words that are slept on: a watcher that
 * is woken again and again for nothing looks only now and then.
 */
#include "run/death_watch.h"

#include "run/job_segment.h"
#include "run/life_words.h"
#include "segment_layout.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449 /* everywhere; Linux 5.16 */
#endif

enum {
	WAITV_WORDS = 128, /* the most that the kernel takes */
	OWN_WORD = 0,
	ATTACHED_WORD,
	WORDS_BEFORE_RANKS,
	RANKS_A_WATCHER = WAITV_WORDS - WORDS_BEFORE_RANKS,
	WATCHERS_MAX = 64, /* ranks beyond are told by their pidfds */
	WAITV_32_BITS = 2,
	BARREN_MAX = 8, /* wakings for nothing, until there is a pause before the next */
	BARREN_PAUSE_MS = 10,
	ATTACH_PAUSE_MS = 1, /* ranks attach in crowds, and each look is at all of them */
	STACK_BYTES = 64 * 1024,
};

struct waitv_word { /* struct futex_waitv, which headers before 2022 lack */
	uint64_t value;
	uint64_t address;
	uint32_t flags;
	uint32_t reserved;
};

struct watcher {
	struct death_watch *watch;
	pthread_t thread;
	bool runs;             /* as the first watcher knows; of the first: as its maker does */
	_Atomic uint32_t word; /* a futex, changed to wake it */
	_Atomic uint32_t held; /* how many words it sleeps on */
	uint32_t first_rank, ranks;
};

struct death_watch {
	struct life_words *words;
	_Atomic bool quit;
	uint32_t count;
	struct watcher watchers[];
};

static void wake(struct watcher *watcher)
{
	atomic_fetch_add(&watcher->word, 1);
	syscall(SYS_futex, &watcher->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void pause_for(struct watcher *watcher, uint32_t own, long ms)
{
	const struct timespec time = {.tv_nsec = ms * 1000000};
	syscall(SYS_futex, &watcher->word, FUTEX_WAIT_PRIVATE, own, &time, NULL, 0);
}

/* False when there is nothing to sleep with. */
static bool sleep_on(struct watcher *watcher, uint32_t own, uint32_t attached, const struct held_word *held,
                     uint32_t held_count)
{
	const struct job_segment *segment = watcher->watch->words->segment;
	struct waitv_word words[WAITV_WORDS];
	words[OWN_WORD] = (struct waitv_word){own, (uintptr_t)&watcher->word, WAITV_32_BITS | FUTEX_PRIVATE_FLAG, 0};
	words[ATTACHED_WORD] = (struct waitv_word){attached, (uintptr_t)&segment->header->attached, WAITV_32_BITS, 0};
	bool first = watcher == watcher->watch->watchers;
	uint32_t count = first ? WORDS_BEFORE_RANKS : ATTACHED_WORD;
	for (uint32_t i = 0; i < held_count; i++)
		words[count++] = (struct waitv_word){held[i].value, (uintptr_t)held[i].word, WAITV_32_BITS, 0};
	return syscall(SYS_futex_waitv, words, count, 0, NULL, CLOCK_MONOTONIC) >= 0 || errno == EAGAIN ||
	       errno == EINTR;
}

static bool start_thread(struct watcher *watcher, void *(*body)(void *))
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + STACK_BYTES);
	watcher->runs = pthread_create(&watcher->thread, &attributes, body, watcher) == 0;
	pthread_attr_destroy(&attributes);
	return watcher->runs;
}

static void *watcher_main(void *context);

/* Ranks of other watchers attached: those are woken, or started, to sleep on them as well. */
static void call_others(struct death_watch *watch)
{
	for (uint32_t w = 1; w < watch->count && !atomic_load(&watch->quit); w++) {
		struct watcher *watcher = &watch->watchers[w];
		uint32_t held;
		life_words_look(watch->words, watcher->first_rank, watcher->ranks, NULL, &held);
		if (watcher->runs && held > atomic_load(&watcher->held))
			wake(watcher);
		else if (!watcher->runs && held > 0)
			start_thread(watcher, watcher_main);
	}
}

static void *watcher_main(void *context)
{
	struct watcher *watcher = context;
	struct death_watch *watch = watcher->watch;
	_Atomic uint32_t *attached = &watch->words->segment->header->attached;
	struct held_word held[RANKS_A_WATCHER];
	for (uint32_t barren = 0;;) {
		uint32_t own = atomic_load(&watcher->word), attached_before = atomic_load(attached), held_count;
		if (atomic_load(&watch->quit))
			return NULL;
		bool news = life_words_look(watch->words, watcher->first_rank, watcher->ranks, held, &held_count) > 0;
		atomic_store(&watcher->held, held_count);
		if (watcher == watch->watchers)
			call_others(watch);
		barren = news ? 0 : barren + 1;
		if (barren > BARREN_MAX)
			pause_for(watcher, own, BARREN_PAUSE_MS);
		if (!sleep_on(watcher, own, attached_before, held, held_count))
			return NULL;
		if (atomic_load(attached) != attached_before)
			pause_for(watcher, own, ATTACH_PAUSE_MS);
	}
}

struct death_watch *death_watch_start(struct life_words *words)
{
	uint32_t count = (words->count + RANKS_A_WATCHER - 1) / RANKS_A_WATCHER;
	count = count < WATCHERS_MAX ? count : WATCHERS_MAX;
	struct death_watch *watch = calloc(1, sizeof *watch + count * sizeof *watch->watchers);
	if (watch == NULL)
		return NULL;
	watch->words = words;
	watch->count = count;
	for (uint32_t w = 0; w < count; w++) {
		uint32_t first = w * RANKS_A_WATCHER, left = words->count - first;
		watch->watchers[w].watch = watch;
		watch->watchers[w].first_rank = first;
		watch->watchers[w].ranks = left < RANKS_A_WATCHER ? left : RANKS_A_WATCHER;
	}
	if (start_thread(&watch->watchers[0], watcher_main))
		return watch;
	free(watch);
	return NULL;
}

/* The first one first: once it has ended, nobody starts another. */
void death_watch_stop(struct death_watch *watch)
{
	if (watch == NULL)
		return;
	atomic_store(&watch->quit, true);
	for (uint32_t w = 0; w < watch->count; w++) {
		if (!watch->watchers[w].runs)
			continue;
		wake(&watch->watchers[w]);
		pthread_join(watch->watchers[w].thread, NULL);
	}
	free(watch);
}
