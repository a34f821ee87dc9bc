/* SPDX-License-Identifier: MIT
 *
 * life_words: in which order ranks ended, known earlier than any pidfd tells.
 *
 * A rank that uses libmuster holds a robust futex word in the job's segment. The kernel marks it before it tears the
 * rank's memory down, which may take tens of milliseconds; by the time that the pidfd is ready, others may have failed
 * in its wake and have been reaped. So a rank whose word was found released stands before all whose end comes to light
 * later. Ranks without the library stand where their pidfds put them.
 *
 * Any thread may call these; a mutex keeps them apart. A word may hold anything that a rank wrote: it can spoil the
 * order, no more.
 */
#ifndef MUSTER_RUN_LIFE_WORDS_H
#define MUSTER_RUN_LIFE_WORDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct job_segment;
struct life;

struct life_words {
	pthread_mutex_t lock;
	const struct job_segment *segment; /* of this incarnation; may be none */
	struct life *lives;                /* by local rank */
	uint32_t *told;                    /* by an order: how many of those found released together have been told */
	uint32_t count;
	uint32_t next; /* order */
};

/* A word that its rank holds, and its value then; who sleeps on it wakes when the rank ends or leaves. */
struct held_word {
	const _Atomic uint32_t *word;
	uint32_t value;
};

void life_words_init(struct life_words *words, uint32_t count);
void life_words_finish(struct life_words *words);

/* For a new incarnation, of which nobody has ended yet. */
void life_words_begin(struct life_words *words, const struct job_segment *segment);

/* The process of a rank, for how it ends. */
void life_words_started(struct life_words *words, uint32_t local_rank, pid_t pid);

/* Looks at ranks `first` to `first + count - 1`. Who is found dead is marked so in the segment, and whoever waits for
 * it is woken. `held` has room for `count` words, or is NULL; *held_count says how many are held. Returns how many
 * ranks were found in another state than before. */
uint32_t life_words_look(struct life_words *words, uint32_t first, uint32_t count, struct held_word *held,
                         uint32_t *held_count);

/* Was it found dead, and not been told yet? */
bool life_words_is_released(struct life_words *words, uint32_t local_rank);

/* The place in the order of a rank that was reaped: once for each. Of those found dead in one look, the one whose pidfd
 * came first is first. */
uint32_t life_words_tell(struct life_words *words, uint32_t local_rank);

#endif
