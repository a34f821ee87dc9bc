/* SPDX-License-Identifier: MIT
 *
 * life_words: see life_words.h.
 */
#include "run/life_words.h"

#include "base/memory.h"
#include "run/job_segment.h"
#include "run/process_stat.h"
#include "segment_layout.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum life_state {
	LIFE_NOT_SEEN, /* it has not attached */
	LIFE_HELD,
	LIFE_RELEASED, /* dead, and its end is not told yet */
	LIFE_OVER,     /* told, or it left, or its word is not to be believed: its pidfd will tell */
};

struct life {
	enum life_state state;
	pid_t pid;
	uint32_t tid;   /* LIFE_HELD: who holds the word */
	uint32_t order; /* LIFE_RELEASED: of the first that was found together with it */
};

void life_words_init(struct life_words *words, uint32_t count)
{
	*words = (struct life_words){.count = count};
	pthread_mutex_init(&words->lock, NULL);
	words->lives = memory_zeroed(count * sizeof *words->lives);
	words->told = memory_zeroed(count * sizeof *words->told);
}

void life_words_finish(struct life_words *words)
{
	pthread_mutex_destroy(&words->lock);
	free(words->lives);
	free(words->told);
	*words = (struct life_words){0};
}

void life_words_begin(struct life_words *words, const struct job_segment *segment)
{
	words->segment = segment;
	words->next = 0;
	memset(words->lives, 0, words->count * sizeof *words->lives);
	memset(words->told, 0, words->count * sizeof *words->told);
}

void life_words_started(struct life_words *words, uint32_t local_rank, pid_t pid)
{
	pthread_mutex_lock(&words->lock);
	words->lives[local_rank].pid = pid;
	pthread_mutex_unlock(&words->lock);
}

/* --- looking --- */

/* True when it is held for the first time, or is found dead. */
static bool first_sight(struct life *life, const struct segment_rank *rank, uint32_t word)
{
	uint32_t presence = atomic_load(&rank->presence);
	if (presence == RANK_STARTED || presence == RANK_LEFT || (word & (FUTEX_TID_MASK | FUTEX_OWNER_DIED)) == 0)
		return false;
	life->state = (word & FUTEX_OWNER_DIED) != 0 ? LIFE_RELEASED : LIFE_HELD;
	life->tid = word & FUTEX_TID_MASK;
	return true;
}

static bool another_sight(struct life *life, const struct segment_rank *rank, uint32_t word)
{
	if ((word & FUTEX_OWNER_DIED) == 0 && (word & FUTEX_TID_MASK) == life->tid)
		return false;
	bool died = (word & FUTEX_OWNER_DIED) != 0 && atomic_load(&rank->presence) != RANK_LEFT;
	life->state = died ? LIFE_RELEASED : LIFE_OVER;
	return true;
}

/* The kernel wakes only for words that say that somebody waits. One that changes just now is looked at again, since
 * who goes to sleep on the value that is not there does not sleep. */
static void hold(struct segment_rank *rank, const struct life *life, struct held_word *held)
{
	uint32_t word = life->tid;
	atomic_compare_exchange_strong(&rank->life.word, &word, life->tid | FUTEX_WAITERS);
	*held = (struct held_word){.word = &rank->life.word, .value = life->tid | FUTEX_WAITERS};
}

/* As the kernel has it already, while it takes the process apart; 0: it is not to be seen. Not yet reaped, the number
 * is its own. */
static int end_so_far(pid_t pid)
{
	struct process_stat stat;
	bool seen = pid > 0 && process_stat_read(pid, &stat) && stat.exiting && stat.parent == getpid();
	return seen ? stat.end : 0;
}

/* What ranks see: that it is gone, and how it ended; or how will be told when it has been reaped. */
static void mark_dying(const struct job_segment *segment, uint32_t local_rank, pid_t pid)
{
	struct segment_rank *rank = &segment->ranks[local_rank];
	uint32_t attached = RANK_ATTACHED;
	int end = end_so_far(pid);
	if (atomic_load(&rank->end_order) == 0)
		atomic_store(&rank->end_order, atomic_fetch_add(&segment->header->events, 1) + 1);
	if (end != 0)
		job_segment_write_end(segment, local_rank, end);
	else
		atomic_compare_exchange_strong(&rank->presence, &attached, RANK_DYING);
}

uint32_t life_words_look(struct life_words *words, uint32_t first, uint32_t count, struct held_word *held,
                         uint32_t *held_count)
{
	const struct job_segment *segment = words->segment;
	uint32_t news = 0, dead = 0, holding = 0;
	pthread_mutex_lock(&words->lock);
	for (uint32_t r = first; r < first + count; r++) {
		struct life *life = &words->lives[r];
		struct segment_rank *rank = &segment->ranks[r];
		if (life->state != LIFE_NOT_SEEN && life->state != LIFE_HELD)
			continue;
		uint32_t word = atomic_load(&rank->life.word);
		news += life->state == LIFE_NOT_SEEN ? first_sight(life, rank, word) : another_sight(life, rank, word);
		if (life->state == LIFE_RELEASED) {
			life->order = words->next;
			mark_dying(segment, r, life->pid);
			dead++;
		} else if (life->state == LIFE_HELD) {
			if (held != NULL)
				hold(rank, life, &held[holding]);
			holding++;
		}
	}
	words->next += dead;
	pthread_mutex_unlock(&words->lock);
	if (dead > 0)
		job_segment_wake(segment);
	if (held_count != NULL)
		*held_count = holding;
	return news;
}

/* --- telling --- */

bool life_words_is_released(struct life_words *words, uint32_t local_rank)
{
	pthread_mutex_lock(&words->lock);
	bool released = words->lives[local_rank].state == LIFE_RELEASED;
	pthread_mutex_unlock(&words->lock);
	return released;
}

uint32_t life_words_tell(struct life_words *words, uint32_t local_rank)
{
	pthread_mutex_lock(&words->lock);
	struct life *life = &words->lives[local_rank];
	uint32_t order = life->state == LIFE_RELEASED ? life->order + words->told[life->order]++ : words->next++;
	life->state = LIFE_OVER;
	pthread_mutex_unlock(&words->lock);
	return order;
}
