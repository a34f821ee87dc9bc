/* SPDX-License-Identifier: MIT
 *
 * wait: see wait.h.
 */
#include "wait.h"

#include "error.h"
#include "ticks.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	CLOCK_EVERY_TURNS = 16, /* while spinning: reading it takes as long as a few looks */
	YIELDS_A_LOOK = 4,      /* while others run: where many share a CPU, a turn of all takes as long as is waited */
	OLD_KERNEL_SLICE_NS = 2000000, /* without futex_waitv a death is seen by looking */
	KNOW_HOW_NS = 300000,          /* how long to wait for how a rank ended, when it is known to be gone */
};

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb");
#endif
}

/* --- who ended --- */

static bool has_ended(const muster_world *world, uint32_t member)
{
	return atomic_load_explicit(&world_rank(world, member)->presence, memory_order_acquire) >= RANK_LEFT;
}

int32_t wait_first_ended(const muster_world *world)
{
	int32_t first = -1;
	uint32_t order = UINT32_MAX;
	for (uint32_t member = 0; member < world->size; member++) {
		uint32_t its = atomic_load_explicit(&world_rank(world, member)->end_order, memory_order_relaxed);
		if (has_ended(world, member) && its - 1 < order) {
			first = (int32_t)member;
			order = its - 1;
		}
	}
	return first;
}

/* Whether who broke the group was gone, or may have been. Who did so otherwise and ended later is not the cause. */
static bool is_by_end(int code)
{
	return code == MUSTER_EGONE || code == MUSTER_ELEFT || code == -ETIMEDOUT;
}

int wait_tell_broken(muster_world *world, const char *name, bool begun)
{
	uint64_t broken = atomic_load(&world->group->broken);
	int code = -(int)((broken >> 32) & 0x7fffffff);
	uint32_t member = (uint32_t)broken;
	if (is_by_end(code) && member < world->size && has_ended(world, member))
		return wait_tell_end(world, member, "collective", name);
	world_note(world, MUSTER_EBROKEN, member < world->size ? (int)member : -1);
	return error_set(MUSTER_EBROKEN, "collective '%s': %s: %s", name,
	                 begun ? "it, or an earlier one, failed on another rank"
	                       : "an earlier one of this world failed",
	                 muster_strerror(code));
}

static const char *name_of(const struct wait *wait)
{
	static const char *const names[] = {"wait", "barrier", "collective", "send", "receive"};
	return names[wait->activity];
}

/* Something happened since this wait looked the last time. When it ends the wait, the condition is looked at once more
 * before: a member may have done its part after that was looked at, and before it ended. */
static int look_at_events(struct wait *wait, uint32_t events)
{
	muster_world *world = wait->world;
	int32_t ended = wait->needs == NOBODY                     ? -1
	                : wait->needs == ALL_MEMBERS              ? wait_first_ended(world)
	                : has_ended(world, (uint32_t)wait->needs) ? wait->needs
	                                                          : -1;
	uint64_t broken = atomic_load(&world->group->broken);
	bool ends = ended >= 0 || (wait->collective && broken != 0);
	if (ends && !wait->last_look) {
		wait->last_look = true;
		return WAIT_AGAIN;
	}
	if (wait->collective && broken != 0)
		return wait_tell_broken(world, wait->label, true);
	if (ended >= 0)
		return wait_tell_end(world, (uint32_t)ended, name_of(wait), wait->label);
	wait->last_look = false;
	wait->events = events;
	if (wait->needs == ALL_MEMBERS && broken == 0)
		world->quiet_events = events;
	return 0;
}

/* --- turns --- */

static void tell_activity(struct wait *wait)
{
	struct segment_activity *activity = &wait->world->segment->me->activity;
	wait->told = true;
	activity->peer = wait->peer;
	activity->since_ns = (uint64_t)wait->start_ns;
	strncpy(activity->label, wait->label != NULL ? wait->label : "", sizeof activity->label);
	atomic_store_explicit(&activity->kind, wait->activity, memory_order_release);
}

static int timed_out(struct wait *wait)
{
	world_note(wait->world, -ETIMEDOUT, -1);
	const char *label = wait->label != NULL ? wait->label : "";
	const char *quote = *label != '\0' ? "'" : "";
	char who[40] = "";
	if (wait->needs >= 0)
		snprintf(who, sizeof who, ", waiting for rank %d", (int)wait->needs);
	return error_set(-ETIMEDOUT, "%s%s%s%s%s: the time limit of %lld ms passed%s", name_of(wait),
	                 *label != '\0' ? " " : "", quote, label, quote, (long long)(wait->timeout_ns / 1000000), who);
}

static void give_way(const struct wait *wait)
{
	if (wait->mates != NULL && atomic_load_explicit(wait->mates, memory_order_relaxed) == wait->mates_all)
		relax();
	else
		sched_yield();
}

int wait_turn_slow(struct wait *wait)
{
	muster_world *world = wait->world;
	enum wait_mode mode = world->segment->wait_mode;
	uint32_t events = atomic_load_explicit(&world->segment->header->events, memory_order_acquire);
	if (events != wait->events) {
		int rc = look_at_events(wait, events);
		if (rc < 0 || wait->last_look || wait->needs == NOBODY)
			return rc; /* who needs nobody looks who ended, before it sleeps on this value */
	}
	if (mode == WAIT_SPIN && wait->start_ns != 0 && !wait->sleeps && wait->turns % CLOCK_EVERY_TURNS != 0) {
		relax();
		return WAIT_AGAIN;
	}
	if (mode == WAIT_YIELD && !wait->sleeps && wait->turns % YIELDS_A_LOOK != 0) {
		give_way(wait);
		return WAIT_AGAIN;
	}
	int64_t now = ticks_clock_ns();
	if (wait->start_ns == 0)
		wait->start_ns = now;
	if (wait->deadline_ns == 0)
		wait->deadline_ns = now + wait->timeout_ns;
	int64_t elapsed = now - wait->start_ns;
	if (wait->timeout_ns >= 0 && now >= wait->deadline_ns)
		return timed_out(wait);
	if (mode == WAIT_SPIN && elapsed < WAIT_SPIN_NS + wait->spin_ns && !wait->sleeps)
		return WAIT_AGAIN;
	if (mode == WAIT_YIELD && elapsed < WAIT_YIELD_NS + wait->spin_ns && !wait->sleeps) {
		give_way(wait);
		return WAIT_AGAIN;
	}
	if (!wait->told)
		tell_activity(wait);
	return WAIT_SLEEP;
}

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

void wait_sleep(struct wait *wait, _Atomic uint32_t *word, uint32_t value)
{
	static _Atomic int has_no_waitv;
	struct timespec deadline = timespec_of(wait->deadline_ns);
	wait->sleeps = true;
	if (!has_no_waitv) {
		int rc = futex_wait_either(word, value, &wait->world->segment->header->events, wait->events,
		                           wait->timeout_ns < 0 ? NULL : &deadline);
		if (rc == 0 || rc == -ETIMEDOUT)
			return;
		if (rc == -ENOSYS || rc == -EPERM)
			has_no_waitv = 1;
	}
	int64_t slice_end = ticks_clock_ns() + OLD_KERNEL_SLICE_NS;
	if (wait->timeout_ns >= 0 && wait->deadline_ns < slice_end)
		slice_end = wait->deadline_ns;
	deadline = timespec_of(slice_end);
	futex_wait(word, value, &deadline);
}

/* --- words --- */

static void know_how(const struct segment_rank *rank)
{
	for (int64_t until = ticks_clock_ns() + KNOW_HOW_NS;
	     atomic_load(&rank->presence) == RANK_DYING && ticks_clock_ns() < until;)
		sched_yield();
}

static void name_end(const struct segment_rank *rank, struct muster_failure *failure)
{
	uint32_t presence = atomic_load(&rank->presence);
	failure->code = presence == RANK_LEFT ? MUSTER_ELEFT : MUSTER_EGONE;
	failure->end = presence == RANK_LEFT ? MUSTER_END_LEFT : MUSTER_END_UNKNOWN;
	if (presence != RANK_ENDED)
		return;
	failure->signal = rank->signal;
	failure->exit_code = rank->exit_code;
	failure->core_dumped = rank->core_dumped;
	failure->end = failure->signal > 0 ? MUSTER_END_SIGNAL : MUSTER_END_EXIT;
}

/* Not the cause of anything: muster had begun to stop all ranks. */
static bool ended_with_the_job(const muster_world *world, const struct segment_rank *rank)
{
	uint32_t stopping = atomic_load(&world->segment->header->stopping);
	return stopping != 0 && atomic_load(&rank->end_order) > stopping;
}

/* As muster writes it. */
static void word_signal(int signal, char *how, size_t room)
{
	const char *name = sigabbrev_np(signal);
	if (name != NULL)
		snprintf(how, room, "was killed by SIG%s", name);
	else if (signal >= SIGRTMIN && signal <= SIGRTMAX)
		snprintf(how, room, "was killed by SIGRTMIN+%d", signal - SIGRTMIN);
	else
		snprintf(how, room, "was killed by signal %d", signal);
}

int wait_tell_end(muster_world *world, uint32_t member, const char *what, const char *label)
{
	struct muster_failure failure = {.rank = (int)member};
	const struct segment_rank *rank = world_rank(world, member);
	const char *quote = label != NULL && *label != '\0' ? "'" : "";
	char how[64];
	know_how(rank);
	name_end(rank, &failure);
	if (failure.end == MUSTER_END_LEFT)
		snprintf(how, sizeof how, "left (muster_finalize or exit code 0)");
	else if (failure.end == MUSTER_END_EXIT)
		snprintf(how, sizeof how, "exited with code %d", failure.exit_code);
	else if (failure.end == MUSTER_END_SIGNAL)
		word_signal(failure.signal, how, sizeof how);
	else
		snprintf(how, sizeof how, "is gone; how it ended is not known yet");
	world_note_failure(world, &failure);
	return error_set(failure.code, "%s%s%s%s%s: %srank %u %s", what, *quote != '\0' ? " " : "", quote,
	                 label != NULL ? label : "", quote,
	                 ended_with_the_job(world, rank) ? "muster is stopping the job: " : "", member, how);
}

int wait_break_group(muster_world *world, int code, int32_t member)
{
	uint64_t none = 0;
	uint64_t broken = UINT64_C(1) << 63 | (uint64_t)(uint32_t)-code << 32 | (uint32_t)member;
	if (atomic_compare_exchange_strong(&world->group->broken, &none, broken))
		segment_announce(world->segment);
	return code;
}
