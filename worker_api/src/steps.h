/* SPDX-License-Identifier: MIT
 *
 * steps: how members of a group hand one another data, the ground of all collectives.
 *
 * The collectives of a group are a common sequence of steps 1, 2, ...: every member goes through all of them. Whoever
 * has something to say in a step says it in a line of its own (struct step_line), once; what does not fit lies in its
 * bulk memory, or where it was. Whoever wants to hear it waits for that line. Nobody else waits.
 *
 *     steps_next(call);
 *     rc = steps_say_copy(call, says, bytes);      // whoever speaks
 *     rc = steps_hear(call, member, &line);        // whoever listens
 *     steps_finish(call, bytes);                   // what I heard, I have used
 *
 * A line and the bulk memory of a step are used again when each member's `done` has reached the step. That is looked at
 * only when the memory runs short, and known without looking after a step in which everybody heard everybody
 * (steps_hear_all): who speaks in a step is done with the ones before.
 *
 * Where ranks are many or share CPUs they do not look at each other's lines one by one, but meet at the group's gate.
 */
#ifndef MUSTER_STEPS_H
#define MUSTER_STEPS_H

#include "copying.h"
#include "wait.h"
#include "world.h"

enum { STEP_HERE_BYTES = 48, STEP_PAIRWISE_MAX = 8, STEPS_CLAIMED_AHEAD = 2 };

#define STEP_MASK UINT32_C(0x7fffffff) /* of steps in 32-bit words */

enum step_form {
	STEP_HERE = 0, /* the payload is what is said */
	STEP_BULK,     /* struct step_bulk */
	STEP_PLACE,    /* struct step_place */
	STEP_PRIVATE,  /* struct step_private */
};

struct step_bulk { /* in the speaker's bulk memory, in one piece */
	uint64_t position;
};

struct step_place { /* memory of the segment: offsets; 0: it lies elsewhere */
	uint64_t in;
	uint64_t out;
};

struct step_private { /* the speaker's own memory, which others read by process_vm_readv */
	uint64_t address;
	int32_t pid;
};

#define STEP_USES_NOTHING UINT64_MAX

struct steps {
	uint64_t step;     /* in which I am */
	uint64_t verified; /* all members are done with the steps up to this one */
	uint64_t said_done;
	uint64_t head; /* of my bulk memory, counted on for ever */
	uint64_t tail; /* where what is still in use begins */
	bool crowd;    /* meet at the gate */
	bool asked_private;
	bool reads_private; /* all members can read all others' memory */
	const void **views; /* [size]: of one collective at a time */
	uint64_t begins[];  /* where what a step used of my bulk memory begins, [depth]; or STEP_USES_NOTHING */
};

/* One collective, as one rank goes through it. */
struct call {
	muster_world *world;
	struct steps *steps;
	const char *name;
	uint64_t begin_ticks;
	uint64_t bytes; /* for reports */
	int64_t deadline_ns;
	int timeout_ms;
	uint16_t what;
	uint16_t kind;
};

/* NULL without memory. */
struct steps *steps_create(const muster_world *world);

/* NULL is fine. */
void steps_destroy(struct steps *steps);

/* The word of a line without what and sleepers. */
static inline uint64_t step_key(uint64_t step)
{
	return (step & STEP_MASK) << 1 | (step >> 31) << 48;
}

#define STEP_KEY_MASK (~(UINT64_C(0xffff) << 32 | 1))

/* Of a step `ahead` of this one. */
static inline struct step_line *steps_line_ahead(const struct call *call, uint32_t member, uint32_t ahead)
{
	const struct group_layout *layout = &call->world->layout;
	struct step_line *lines = (struct step_line *)((char *)world_member(call->world, member) + layout->lines);
	return &lines[(call->steps->step + ahead) & (layout->depth - 1)];
}

static inline struct step_line *steps_line(const struct call *call, uint32_t member)
{
	return steps_line_ahead(call, member, 0);
}

static inline char *steps_bulk(const struct call *call, uint32_t member, uint64_t position)
{
	const struct group_layout *layout = &call->world->layout;
	return (char *)world_member(call->world, member) + layout->bulk + (position & (layout->bulk_bytes - 1));
}

/* The most that a step should take of the bulk memory: steps of a pipeline overlap, and pieces do not wrap around. */
static inline size_t steps_bulk_most(const struct call *call)
{
	return call->world->layout.bulk_bytes / 4;
}

static inline void steps_next(struct call *call)
{
	struct steps *steps = call->steps;
	steps->step++;
	steps->begins[steps->step & (call->world->layout.depth - 1)] = STEP_USES_NOTHING;
}

/* Until `member` is done with `step`, which lies not after the current one. */
int steps_wait_done(struct call *call, uint32_t member, uint64_t step, uint64_t *done);

/* Memory of a member could not be read, for want of that member as it seems: waits until its end is known. `code`, when
 * it has not ended. */
int steps_gone(struct call *call, uint32_t member, int code);

/* Until all members are done with `step`, as above. */
int steps_verify(struct call *call, uint64_t step);

static inline int steps_room(struct call *call)
{
	struct steps *steps = call->steps;
	if (steps->step <= steps->verified + call->world->layout.depth)
		return 0;
	return steps_verify(call, steps->step - call->world->layout.depth);
}

/* Room for `bytes` (at most steps_bulk_most) in my bulk memory, in this step. After steps_room. Does not wait for
 * readers of the step before, unless those before that took more than as much. */
int steps_take(struct call *call, size_t bytes, uint64_t *position);

static inline void steps_say(struct call *call, enum step_form form)
{
	struct step_line *line = steps_line(call, call->world->rank);
	line->form = form;
	line->kind = call->kind;
	if ((atomic_exchange(&line->word, step_key(call->steps->step) | (uint64_t)call->what << 32) & 1) != 0)
		futex_wake((_Atomic uint32_t *)&line->word, INT_MAX);
	/* The exchange waits until the line is this CPU's alone: begin early. Earlier than this, listeners take it
	 * back. */
	copying_claim(steps_line_ahead(call, call->world->rank, STEPS_CLAIMED_AHEAD));
}

/* Says a copy of `bytes` (at most steps_bulk_most): in my line or my bulk memory, so that I may go on. */
int steps_say_copy(struct call *call, const void *says, size_t bytes);

int steps_hear_slow(struct call *call, uint32_t member);

/* MUSTER_EMISMATCH, with words. UINT32_MAX: some member, and all have spoken in this step. */
int steps_mismatch(struct call *call, uint32_t member);

/* Waits for what `member` says in this step. */
static inline int steps_hear(struct call *call, uint32_t member, const struct step_line **heard)
{
	struct step_line *line = steps_line(call, member);
	uint64_t key = step_key(call->steps->step), word;
	*heard = line;
	word = atomic_load_explicit(&line->word, memory_order_acquire);
	if ((word & STEP_KEY_MASK) != key) {
		int rc = steps_hear_slow(call, member);
		if (rc < 0)
			return rc;
		word = atomic_load_explicit(&line->word, memory_order_acquire);
	} else { /* the speaker is ahead */
		__builtin_prefetch(steps_line_ahead(call, member, 1));
	}
	return (uint16_t)(word >> 32) == call->what ? 0 : steps_mismatch(call, member);
}

/* Everybody has spoken in this step, and so is done with the ones before. */
void steps_all_spoke(struct call *call);

/* Waits until everybody has spoken in this step; then steps_hear of anybody does not wait. */
int steps_hear_all(struct call *call);

/* Everybody or nobody: 0 for all members, or a failure for all, whatever befalls one of them. */
int steps_agree(struct call *call);

/* All members come together; the last of them runs `last` before anybody goes on. */
int steps_meet(struct call *call, void (*last)(void *context), void *context);

/* This step is over for me. `bytes`: how much was said in it by the most talkative. */
static inline void steps_finish(struct call *call, size_t bytes)
{
	struct steps *steps = call->steps;
	if (bytes <= STEP_HERE_BYTES && steps->step - steps->said_done < (call->world->layout.depth + 3) / 4)
		return;
	steps->said_done = steps->step;
	wait_post(&call->world->me->done, (uint32_t)(steps->step & STEP_MASK) << 1);
}

/* Whether the group still is of use. After reading memory that its owner may get back when a call fails. */
static inline int steps_still_good(struct call *call)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&call->world->group->broken, memory_order_relaxed) == 0
	               ? 0
	               : wait_tell_broken(call->world, call->name, true);
}

#endif
