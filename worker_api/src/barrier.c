/* SPDX-License-Identifier: MIT
 *
 * barrier: see muster/barrier.h, and struct group_barrier for the word in which everything is decided.
 *
 * Whoever comes last passes the barrier for all; whoever cannot wait any longer gives it up for all. Both is one
 * compare and exchange of the same word, so that every generation has one outcome. A rank that comes to a generation
 * that was decided without it was given up: nobody could have passed it.
 */
#include "barrier.h"

#include "error.h"
#include "trace.h"
#include "wait.h"

#include <muster/barrier.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GENERATIONS UINT32_C(0x80000000) /* counts modulo this */
#define BREAKS_MAX  UINT32_C(0x1fff)
#define SLEEPER     (UINT64_C(1) << 32)

static uint64_t pack(uint32_t generation, uint32_t breaks, uint32_t arrived)
{
	return (uint64_t)generation << 33 | (uint64_t)breaks << 17 | arrived;
}

static uint32_t generation_of(uint64_t state)
{
	return (uint32_t)(state >> 33);
}

static uint32_t breaks_of(uint64_t state)
{
	return (uint32_t)(state >> 17) & BREAKS_MAX;
}

enum closing { OPEN = 0, CLOSED_BY_GONE = 1, CLOSED_BY_LEFT = 2 };

static enum closing closing_of(uint64_t state)
{
	return (enum closing)((state >> 30) & 3);
}

static uint32_t arrived_of(uint64_t state)
{
	return (uint32_t)state & 0x1ffff;
}

static uint32_t next(uint32_t generation)
{
	return (generation + 1) % GENERATIONS;
}

static _Atomic uint32_t *upper_half(struct group_barrier *barrier)
{
	return (_Atomic uint32_t *)&barrier->state + 1;
}

/* --- arriving --- */

enum arrival { ARRIVED, ARRIVED_LAST, ARRIVED_LATE };

/* Once the last has come, the word is its own to change. False: it was a guess, and a wrong one. */
static bool open_after(struct barrier_place *at, uint64_t *seen)
{
	uint64_t state = atomic_load_explicit(&at->barrier->state, memory_order_acquire);
	bool last = generation_of(state) == *at->generation && arrived_of(state) == arrived_of(*seen);
	*seen = state;
	if (!last)
		return false;
	at->before_opening(at->context);
	at->before_opening = NULL;
	return true;
}

/* `weight` members come at once. Begins with a guess: the first look at the word then takes it for writing, too. */
static enum arrival arrive(struct barrier_place *at, uint32_t weight)
{
	struct group_barrier *barrier = at->barrier;
	uint64_t seen = pack(*at->generation, 0, *at->guess);
	for (;;) {
		if (generation_of(seen) != *at->generation)
			return ARRIVED_LATE;
		bool last = arrived_of(seen) + weight == at->members;
		if (last && at->before_opening != NULL && !open_after(at, &seen))
			continue;
		uint64_t after = last ? pack(next(*at->generation), 0, 0) : seen + weight;
		if (atomic_compare_exchange_weak_explicit(&barrier->state, &seen, after, memory_order_acq_rel,
		                                          memory_order_acquire)) {
			*at->guess = arrived_of(seen);
			if (last && (seen & SLEEPER) != 0)
				futex_wake(upper_half(barrier), INT_MAX);
			return last ? ARRIVED_LAST : ARRIVED;
		}
	}
}

/* Where ranks have several caches, or share CPUs of one: the last of a domain comes to the barrier for all of it. */
static enum arrival arrive_by_domain(struct barrier_place *at, struct group_domain *domain, uint32_t domain_size)
{
	uint32_t generation = *at->generation;
	/* Whoever sees a count of a later generation must see that it is later: what is read here comes before the
	 * state. */
	uint64_t seen = atomic_load_explicit(&domain->arrived, memory_order_acquire), after;
	do {
		uint64_t state = atomic_load_explicit(&at->barrier->state, memory_order_acquire);
		if (generation_of(state) != generation)
			return ARRIVED_LATE;
		/* One of a generation that was given up is begun anew; zero is the first of generation 0. */
		uint32_t count = (uint32_t)(seen >> 32) == generation ? (uint32_t)seen : 0;
		after = (uint64_t)generation << 32 | (count + 1);
	} while (!atomic_compare_exchange_weak_explicit(&domain->arrived, &seen, after, memory_order_acq_rel,
	                                                memory_order_acquire));
	if ((uint32_t)after == domain_size)
		return arrive(at, domain_size);
	return ARRIVED;
}

/* --- the outcome --- */

/* Whoever came to the next generation has said which one it passed last, and nobody can have passed a later one without
 * me. */
static bool somebody_passed(const muster_world *world, uint32_t generation)
{
	for (uint32_t member = 0; member < world->size; member++)
		if (atomic_load_explicit(&world_member(world, member)->passed, memory_order_relaxed) == generation + 1)
			return true;
	return false;
}

/* What became of a generation that is decided: 0, -ETIMEDOUT, MUSTER_EGONE or MUSTER_ELEFT. */
static int outcome_of(const muster_world *world, uint64_t state, uint32_t generation)
{
	uint32_t decided = (generation_of(state) - generation) % GENERATIONS; /* this one, and later ones */
	if (closing_of(state) != OPEN && decided == 1)
		return closing_of(state) == CLOSED_BY_LEFT ? MUSTER_ELEFT : MUSTER_EGONE;
	/* Passed when all of those after it were given up, and it was not. */
	bool passed =
		breaks_of(state) < BREAKS_MAX ? breaks_of(state) == decided - 1 : somebody_passed(world, generation);
	return passed ? 0 : -ETIMEDOUT;
}

static int wait_for_outcome(struct barrier_place *at, struct wait *wait)
{
	struct group_barrier *barrier = at->barrier;
	uint64_t seen;
	while (generation_of(seen = atomic_load_explicit(&barrier->state, memory_order_acquire)) == *at->generation) {
		int rc = wait_turn(wait);
		if (rc < 0)
			return rc;
		if (rc == WAIT_SLEEP &&
		    ((seen & SLEEPER) != 0 || atomic_compare_exchange_strong(&barrier->state, &seen, seen | SLEEPER)))
			wait_sleep(wait, upper_half(barrier), (uint32_t)((seen | SLEEPER) >> 32));
	}
	return outcome_of(wait->world, seen, *at->generation) == 0 ? 0 : BARRIER_GIVEN_UP;
}

int barrier_cross(struct barrier_place *at, struct wait *wait)
{
	muster_world *world = wait->world;
	bool by_domain = at->domains != NULL && world->layout.domains > 1 && world->domain_size > 1;
	enum arrival arrival =
		by_domain ? arrive_by_domain(at, &at->domains[world->my_domain], world->domain_size) : arrive(at, 1);
	if (arrival != ARRIVED)
		return arrival == ARRIVED_LAST ? 0 : BARRIER_GIVEN_UP;
	at->arrived_ticks = ticks_now();
	if (by_domain) { /* whoever shares my CPU is of my domain */
		wait->mates = &at->domains[world->my_domain].arrived;
		wait->mates_all = (uint64_t)*at->generation << 32 | world->domain_size;
	}
	return wait_for_outcome(at, wait);
}

/* --- giving up --- */

static void list_missing(const muster_world *world, uint32_t generation, struct muster_failure *failure)
{
	failure->missing_count = 0;
	for (uint32_t member = 0; member < world->size; member++) {
		uint32_t arrived = atomic_load_explicit(&world_member(world, member)->arrived, memory_order_relaxed);
		if (arrived == generation + 1)
			continue;
		if (failure->missing_count < (int)(sizeof failure->missing / sizeof *failure->missing))
			failure->missing[failure->missing_count] = (int)member;
		failure->missing_count++;
	}
}

static void write_record(muster_world *world, uint32_t generation)
{
	struct break_record *record = &world->me->record;
	const struct muster_failure *failure = &world->failure;
	atomic_store(&record->generation, 0);
	record->code = failure->code;
	record->member = failure->rank;
	record->missing_count = (uint32_t)failure->missing_count;
	for (int i = 0; i < failure->missing_count && i < (int)(sizeof record->missing / sizeof *record->missing); i++)
		record->missing[i] = (uint32_t)failure->missing[i];
	atomic_store(&record->generation, generation + 1);
}

/* Unless somebody who gave up a later one did. */
static void name_breaker(muster_world *world, uint32_t generation)
{
	_Atomic uint64_t *breaker = &world->group->barrier.breaker;
	uint64_t seen = atomic_load(breaker);
	while ((seen == 0 || (generation + 1 - (uint32_t)(seen >> 32)) % GENERATIONS < GENERATIONS / 2) &&
	       !atomic_compare_exchange_weak(breaker, &seen, (uint64_t)(generation + 1) << 32 | world->rank))
		;
}

/* Gives up the generation of the state that was seen. False: that has changed, and *seen is what it is now. */
static bool close_generation(struct group_barrier *barrier, uint64_t *seen, enum closing closing)
{
	uint64_t before = *seen;
	uint32_t breaks = breaks_of(before) < BREAKS_MAX ? breaks_of(before) + 1 : BREAKS_MAX;
	uint64_t after = pack(next(generation_of(before)), breaks, 0) | (uint64_t)closing << 30;
	bool closed = atomic_compare_exchange_strong(&barrier->state, &before, after);
	*seen = before;
	if (closed && (before & SLEEPER) != 0)
		futex_wake(upper_half(barrier), INT_MAX);
	return closed;
}

int barrier_give_up(struct barrier_place *at, const muster_world *world, int code)
{
	uint64_t seen = atomic_load(&at->barrier->state);
	do
		if (generation_of(seen) != *at->generation)
			return outcome_of(world, seen, *at->generation) == 0 ? 0 : BARRIER_GIVEN_UP;
	while (!close_generation(at->barrier, &seen, OPEN));
	return code;
}

/* For what world->failure says. False when it was decided by somebody else. */
static bool give_up(muster_world *world)
{
	struct group_barrier *barrier = &world->group->barrier;
	uint32_t generation = world->generation;
	int code = world->failure.code;
	enum closing closing = code == MUSTER_EGONE ? CLOSED_BY_GONE : code == MUSTER_ELEFT ? CLOSED_BY_LEFT : OPEN;
	uint64_t seen = atomic_load(&barrier->state);
	do {
		if (generation_of(seen) != generation)
			return false;
		list_missing(world, generation, &world->failure); /* again, when one came meanwhile */
		write_record(world, generation);
	} while (!close_generation(barrier, &seen, closing));
	name_breaker(world, generation);
	return true;
}

/* Takes over what a member gave it up for; false when it has given up another one since, or means to. */
static bool read_record(muster_world *world, uint32_t member, uint32_t generation, int code)
{
	const struct break_record *record = &world_member(world, member)->record;
	struct muster_failure failure = {.code = code, .rank = record->member};
	int listed = sizeof failure.missing / sizeof *failure.missing;
	bool same_code = record->code == code;
	failure.missing_count = (int)(record->missing_count % (SEGMENT_RANKS_MAX + 1));
	for (int i = 0; i < failure.missing_count && i < listed; i++)
		failure.missing[i] = (int)record->missing[i];
	if (!same_code || atomic_load(&record->generation) != generation + 1)
		return false;
	world_note_failure(world, &failure);
	return true;
}

/* Fills world->failure with why a generation was given up. The breaker names itself right after it gave up; when it has
 * not, or is dead, the first who was about to will do. */
static void learn_why(muster_world *world, uint32_t generation, int code)
{
	enum { LOOKS = 1000 };
	for (int look = 0; look < LOOKS; look++) {
		uint64_t breaker = atomic_load(&world->group->barrier.breaker);
		if (breaker >> 32 == generation + 1 && (uint32_t)breaker < world->size &&
		    read_record(world, (uint32_t)breaker, generation, code))
			return;
	}
	for (uint32_t member = 0; member < world->size; member++)
		if (read_record(world, member, generation, code))
			return;
	world_note(world, code, -1);
}

static int word_missing(const muster_world *world, const char *label)
{
	const struct muster_failure *failure = &world->failure;
	const char *quote = label != NULL ? "'" : "";
	char list[256] = "";
	size_t used = 0;
	for (int i = 0; i < failure->missing_count && i < 10; i++)
		used += (size_t)snprintf(list + used, sizeof list - used, "%s %d", i == 0 ? "" : ",",
		                         failure->missing[i]);
	if (failure->missing_count == 0) /* all had begun to, when it was given up */
		return error_set(-ETIMEDOUT, "barrier %s%s%s: a time limit passed before all ranks came", quote,
		                 label != NULL ? label : "", quote);
	if (failure->missing_count > 10)
		snprintf(list + used, sizeof list - used, ", ... (%d in all)", failure->missing_count);
	return error_set(-ETIMEDOUT, "barrier %s%s%s: a time limit passed before rank%s%s came", quote,
	                 label != NULL ? label : "", quote, failure->missing_count == 1 ? "" : "s", list);
}

static int word_end(muster_world *world, int code, const char *label)
{
	struct muster_failure why = world->failure;
	int32_t member = why.rank >= 0 && (uint32_t)why.rank < world->size ? why.rank : wait_first_ended(world);
	if (member < 0)
		return error_set(code, "barrier: %s", muster_strerror(code));
	wait_tell_end(world, (uint32_t)member, "barrier", label);
	world->failure.code = code; /* the same for all, also when more is known by now */
	world->failure.missing_count = why.missing_count;
	memcpy(world->failure.missing, why.missing, sizeof why.missing);
	return code;
}

/* The generation is decided: what it came to, in the same words for everybody. */
static int tell_outcome(muster_world *world, const char *label)
{
	uint64_t state = atomic_load(&world->group->barrier.state);
	int code = outcome_of(world, state, world->generation);
	if (code == 0)
		return 0;
	learn_why(world, world->generation, code);
	return code == -ETIMEDOUT ? word_missing(world, label) : word_end(world, code, label);
}

/* --- the call --- */

/* `waited_since`: stays 0 when this rank did not wait: it came last, or to what was given up. */
static int meet(muster_world *world, int timeout_ms, const char *label, uint64_t *waited_since)
{
	struct wait wait = wait_for(world, ALL_MEMBERS, timeout_ms);
	struct barrier_place at = {.barrier = &world->group->barrier,
	                           .domains = world->domains,
	                           .generation = &world->generation,
	                           .guess = &world->arrival,
	                           .members = world->size};
	wait.activity = ACTIVITY_BARRIER;
	wait.label = label != NULL ? label : "";
	atomic_store_explicit(&world->me->passed, world->passed, memory_order_relaxed);
	atomic_store_explicit(&world->me->arrived, world->generation + 1, memory_order_relaxed);
	int rc = barrier_cross(&at, &wait);
	*waited_since = at.arrived_ticks;
	if (rc == BARRIER_GIVEN_UP || (rc < 0 && !give_up(world)))
		rc = tell_outcome(world, label);
	else if (rc == -ETIMEDOUT)
		rc = word_missing(world, label);
	wait_end(&wait);
	if (rc == 0)
		world->passed = world->generation + 1;
	if (rc == 0 || rc == -ETIMEDOUT) /* there is none after the one that closed the barrier */
		world->generation = next(world->generation);
	return rc;
}

int muster_barrier(muster_world *world, int timeout_ms, const char *label)
{
	uint64_t waited_since = 0;
	int rc = world_enter(world);
	if (rc < 0)
		return rc;
	if (world->size > 1)
		rc = meet(world, timeout_ms, label, &waited_since);
	trace_barrier(world->segment, waited_since, rc == 0 && waited_since == 0 && world->size > 1, label);
	return world_leave(world, rc);
}
