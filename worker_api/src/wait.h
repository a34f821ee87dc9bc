/* SPDX-License-Identifier: MIT
 *
 * wait: the one place in which ranks wait. Spin a little, only where there is a core for every rank; yield where there
 * is not; then sleep on a futex, at most until the deadline. Whoever waits hears at once when a rank that it needs has
 * ended.
 *
 *     struct wait wait = wait_for(world, member, timeout_ms);
 *     while ((seen = atomic_load_explicit(word, memory_order_acquire)) is not what is wanted) {
 *             rc = wait_turn(&wait);
 *             if (rc < 0)
 *                     return rc;                  // timed out, gone, left, broken
 *             if (rc == WAIT_SLEEP && wait_mark_sleeper(word, seen))
 *                     wait_sleep(&wait, word, seen | 1);
 *     }
 *
 * The condition is looked at before anything else: what came before a death, or before the deadline, counts. Bit 0 of a
 * word that ranks sleep on says that somebody does; whoever changes the word exchanges it and wakes if the bit was set
 * (wait_post).
 */
#ifndef MUSTER_WAIT_H
#define MUSTER_WAIT_H

#include "futex.h"
#include "world.h"

#include <limits.h>

enum { WAIT_AGAIN = 0, WAIT_SLEEP = 1 };

enum {
	WAIT_FIRST_TURNS = 100, /* without looking at anything but the condition: about 200 ns */
	WAIT_SPIN_NS = 20000,   /* where there is a core for every rank */
	WAIT_YIELD_NS = 50000,  /* where there is not */
};

struct wait {
	muster_world *world;
	int64_t timeout_ns;  /* < 0: none */
	int64_t start_ns;    /* 0 until the clock was read for the first time */
	int64_t deadline_ns; /* 0: timeout_ns after start_ns; later waits of one call get that of the first */
	int32_t needs;       /* the member without whom this wait is in vain, ALL_MEMBERS, or NOBODY */
	int64_t spin_ns;     /* how much longer than usual it may take: what is copied meanwhile, for one */
	/* When this word is `mates_all`, who shares my CPU waits as I do: giving it away helps nobody. NULL: not known.
	 */
	const _Atomic uint64_t *mates;
	uint64_t mates_all;
	bool collective; /* a broken group ends it too */
	bool last_look;  /* somebody ended: the condition is looked at once more, for what came before */
	bool told;       /* the rank's activity says what it waits for */
	bool sleeps;     /* slept once: straight to the futex */
	uint32_t turns;
	uint32_t events;   /* the last value of header.events that was looked into */
	uint32_t activity; /* enum rank_activity */
	int32_t peer;      /* job rank, for the activity */
	const char *label;
};

static inline struct wait wait_for(muster_world *world, int32_t needs, int timeout_ms)
{
	return (struct wait){.world = world,
	                     .timeout_ns = (int64_t)timeout_ms * 1000000,
	                     .needs = needs,
	                     .events = world->quiet_events,
	                     .peer = -1};
}

int wait_turn_slow(struct wait *wait);

static inline int wait_turn(struct wait *wait)
{
	if (++wait->turns < WAIT_FIRST_TURNS && wait->world->segment->wait_mode == WAIT_SPIN)
		return WAIT_AGAIN;
	return wait_turn_slow(wait);
}

/* Until *word is not `value`, the deadline passed, or header.events changed; or for no reason. */
void wait_sleep(struct wait *wait, _Atomic uint32_t *word, uint32_t value);

/* After a wait that may have been told in the rank's activity. */
static inline void wait_end(struct wait *wait)
{
	if (wait->told)
		atomic_store_explicit(&wait->world->segment->me->activity.kind, ACTIVITY_NONE, memory_order_relaxed);
}

/* False when the word has changed meanwhile. */
static inline bool wait_mark_sleeper(_Atomic uint32_t *word, uint32_t seen)
{
	return (seen & 1) != 0 || atomic_compare_exchange_strong(word, &seen, seen | 1);
}

/* Sets a word that others may sleep on; bit 0 of `value` is 0. */
static inline void wait_post(_Atomic uint32_t *word, uint32_t value)
{
	if ((atomic_exchange(word, value) & 1) != 0)
		futex_wake(word, INT_MAX);
}

/* Of the members that ended, or left, the first; -1: none has. */
int32_t wait_first_ended(const muster_world *world);

/* Keeps what is known of a member's end in world->failure and words it; returns MUSTER_EGONE or MUSTER_ELEFT. `what` as
 * in "barrier 'start'". */
int wait_tell_end(muster_world *world, uint32_t member, const char *what, const char *label);

/* The same of a group that is of no use to collectives any more: MUSTER_EBROKEN, or how the rank ended that broke it.
 * `name`: the collective that this rank is in the middle of, or has not begun. */
int wait_tell_broken(muster_world *world, const char *name, bool begun);

/* Makes the group useless to collectives, for everybody; the first cause counts. Returns `code`. */
int wait_break_group(muster_world *world, int code, int32_t member);

#endif
