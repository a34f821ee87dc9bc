/* SPDX-License-Identifier: MIT
 *
 * steps: see steps.h.
 */
#include "steps.h"

#include "barrier.h"
#include "call.h"
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct steps *steps_create(const muster_world *world)
{
	struct steps *steps = calloc(1, sizeof *steps + world->layout.depth * sizeof *steps->begins);
	if (steps == NULL)
		return NULL;
	steps->crowd = world->crowded || world->size > STEP_PAIRWISE_MAX;
	steps->views = calloc(world->size, sizeof *steps->views);
	if (steps->views != NULL)
		return steps;
	free(steps);
	return NULL;
}

void steps_destroy(struct steps *steps)
{
	if (steps == NULL)
		return;
	free(steps->views);
	free(steps);
}

/* --- waiting --- */

/* Others copy and combine meanwhile: as long as that takes, sleeping would take longer. */
static int64_t work_ns(const struct call *call)
{
	enum { BYTES_A_NS = 4, MOST_NS = 500000 };
	size_t ns = call->bytes / BYTES_A_NS;
	return ns < MOST_NS ? (int64_t)ns : MOST_NS;
}

static struct wait begin_wait(const struct call *call, int32_t needs)
{
	struct wait wait = wait_for(call->world, needs, call->timeout_ms);
	wait.collective = true;
	wait.activity = ACTIVITY_COLLECTIVE;
	wait.label = call->name;
	wait.deadline_ns = call->deadline_ns;
	wait.spin_ns = work_ns(call);
	if (needs != ALL_MEMBERS)
		wait.peer = (int32_t)world_job_rank(call->world, (uint32_t)needs);
	return wait;
}

static int end_wait(struct call *call, struct wait *wait, int rc)
{
	call->deadline_ns = wait->deadline_ns;
	wait_end(wait);
	return rc;
}

int steps_hear_slow(struct call *call, uint32_t member)
{
	struct step_line *line = steps_line(call, member);
	struct wait wait = begin_wait(call, (int32_t)member);
	uint64_t key = step_key(call->steps->step), seen;
	while (((seen = atomic_load_explicit(&line->word, memory_order_acquire)) & STEP_KEY_MASK) != key) {
		int rc = wait_turn(&wait);
		if (rc < 0)
			return end_wait(call, &wait, rc);
		if (rc == WAIT_SLEEP &&
		    ((seen & 1) != 0 || atomic_compare_exchange_strong(&line->word, &seen, seen | 1)))
			wait_sleep(&wait, (_Atomic uint32_t *)&line->word, (uint32_t)seen | 1);
	}
	return end_wait(call, &wait, 0);
}

/* Somebody who says something else in this step than this rank; UINT32_MAX: nobody does any more. */
static uint32_t find_other(const struct call *call)
{
	uint64_t key = step_key(call->steps->step), word;
	for (uint32_t member = 0; member < call->world->size; member++) {
		word = atomic_load_explicit(&steps_line(call, member)->word, memory_order_acquire);
		if ((word & STEP_KEY_MASK) == key && (uint16_t)(word >> 32) != call->what)
			return member;
	}
	return UINT32_MAX;
}

int steps_mismatch(struct call *call, uint32_t member)
{
	char who[32] = "another rank";
	const char *other = NULL;
	if (member == UINT32_MAX)
		member = find_other(call);
	if (member < call->world->size) {
		snprintf(who, sizeof who, "rank %u", member);
		other = call_name(steps_line(call, member)->kind);
	}
	world_note(call->world, MUSTER_EMISMATCH, (int)member);
	if (other != NULL && strcmp(other, call->name) != 0)
		return error_set(MUSTER_EMISMATCH, "collective '%s': %s called '%s'", call->name, who, other);
	return error_set(MUSTER_EMISMATCH,
	                 "collective '%s': %s called it with another count, type, operator or root than this rank",
	                 call->name, who);
}

static struct barrier_place gate_of(muster_world *world)
{
	return (struct barrier_place){.barrier = &world->group->gate,
	                              .domains = world->gate_domains,
	                              .generation = &world->gate_generation,
	                              .guess = &world->gate_arrival,
	                              .members = world->size};
}

static void after_gate(muster_world *world)
{
	world->gate_generation = (world->gate_generation + 1) & STEP_MASK;
}

int steps_meet(struct call *call, void (*last)(void *context), void *context)
{
	struct wait wait = begin_wait(call, ALL_MEMBERS);
	struct barrier_place at = gate_of(call->world);
	at.before_opening = last;
	at.context = context;
	int rc = end_wait(call, &wait, barrier_cross(&at, &wait));
	after_gate(call->world);
	if (rc == BARRIER_GIVEN_UP) /* not by any member that does what it should */
		return error_set(MUSTER_EBROKEN, "collective '%s': the group's memory is damaged", call->name);
	return rc;
}

/* Somebody ended, or was about to break the group: waits until why is known. -ETIMEDOUT: it is not. */
static int learn_end(struct call *call, int32_t needs)
{
	enum { PATIENCE_MS = 1000 };
	_Atomic uint32_t nothing = 0;
	struct wait wait = begin_wait(call, needs);
	int rc;
	wait.timeout_ns = (int64_t)PATIENCE_MS * 1000000;
	wait.deadline_ns = 0;
	while ((rc = wait_turn(&wait)) >= 0)
		if (rc == WAIT_SLEEP)
			wait_sleep(&wait, &nothing, 0);
	wait_end(&wait);
	return rc;
}

/* A wait may end while the last one comes, so that the gate's word decides. Whoever gave up breaks the group next. */
int steps_agree(struct call *call)
{
	struct wait wait = begin_wait(call, ALL_MEMBERS);
	struct barrier_place at = gate_of(call->world);
	int rc = barrier_cross(&at, &wait);
	if (rc < 0 && rc != BARRIER_GIVEN_UP)
		rc = barrier_give_up(&at, call->world, rc);
	end_wait(call, &wait, rc);
	after_gate(call->world);
	if (rc == BARRIER_GIVEN_UP && (rc = learn_end(call, ALL_MEMBERS)) == -ETIMEDOUT) {
		world_note(call->world, MUSTER_EBROKEN, -1);
		return error_set(MUSTER_EBROKEN, "collective '%s': another rank gave it up", call->name);
	}
	return rc;
}

/* --- what all are done with --- */

/* A member may be ahead of me or behind, by less than half of what the word counts to. */
static uint64_t done_step(const struct call *call, uint32_t word)
{
	uint64_t step = call->steps->step;
	return step + (uint64_t)(int64_t)((int32_t)((word & ~1U) - (uint32_t)(step << 1)) / 2);
}

int steps_wait_done(struct call *call, uint32_t member, uint64_t step, uint64_t *done)
{
	_Atomic uint32_t *word = &world_member(call->world, member)->done;
	uint32_t seen = atomic_load_explicit(word, memory_order_acquire);
	*done = done_step(call, seen);
	if ((int64_t)(*done - step) >= 0)
		return 0;
	struct wait wait = begin_wait(call, (int32_t)member);
	while ((int64_t)((*done = done_step(call, seen = atomic_load_explicit(word, memory_order_acquire))) - step) <
	       0) {
		int rc = wait_turn(&wait);
		if (rc < 0)
			return end_wait(call, &wait, rc);
		if (rc == WAIT_SLEEP && wait_mark_sleeper(word, seen))
			wait_sleep(&wait, word, seen | 1);
	}
	return end_wait(call, &wait, 0);
}

/* Where my bulk memory is still in use once all are done with `step`, which is one of the last `depth` steps. */
static uint64_t tail_after(const struct call *call, uint64_t step)
{
	const struct steps *steps = call->steps;
	while (++step <= steps->step) {
		uint64_t begin = steps->begins[step & (call->world->layout.depth - 1)];
		if (begin != STEP_USES_NOTHING)
			return begin;
	}
	return steps->head;
}

static void set_verified(struct call *call, uint64_t step)
{
	call->steps->verified = step;
	call->steps->tail = tail_after(call, step);
}

int steps_verify(struct call *call, uint64_t step)
{
	uint64_t least = call->steps->step, done;
	for (uint32_t member = 0; member < call->world->size; member++) {
		if (member == call->world->rank)
			continue;
		int rc = steps_wait_done(call, member, step, &done);
		if (rc < 0)
			return rc;
		if (done < least)
			least = done;
	}
	set_verified(call, least);
	return 0;
}

int steps_gone(struct call *call, uint32_t member, int code)
{
	int rc = learn_end(call, (int32_t)member);
	if (rc != -ETIMEDOUT)
		return rc;
	world_note(call->world, code, (int)member);
	return error_set(code, "collective '%s': cannot read memory of rank %u: %s", call->name, member,
	                 muster_strerror(code));
}

void steps_all_spoke(struct call *call)
{
	set_verified(call, call->steps->step - 1);
}

int steps_hear_all(struct call *call)
{
	const struct step_line *line;
	int rc = call->steps->crowd ? steps_meet(call, NULL, NULL) : 0;
	for (uint32_t member = 0; member < call->world->size && rc == 0 && !call->steps->crowd; member++)
		rc = steps_hear(call, member, &line);
	if (rc == 0)
		steps_all_spoke(call);
	return rc;
}

/* --- bulk memory --- */

/* Where a piece would begin: at the memory's start whenever that is free, for what was used lately is still in the
 * cache. False: nowhere as yet. */
static bool find_place(const struct call *call, size_t bytes, uint64_t tail, uint64_t *position)
{
	uint64_t size = call->world->layout.bulk_bytes, head = call->steps->head;
	uint64_t anew = (head + size - 1) & ~(size - 1);
	bool fits_anew = anew + bytes - tail <= size;
	bool fits_here = (head & (size - 1)) + bytes <= size && head + bytes - tail <= size;
	*position = fits_anew ? anew : head;
	return fits_anew || fits_here;
}

int steps_take(struct call *call, size_t bytes, uint64_t *position)
{
	struct steps *steps = call->steps;
	uint64_t *begin = &steps->begins[steps->step & (call->world->layout.depth - 1)];
	bytes = segment_round(bytes, SEGMENT_LINE);
	if (!find_place(call, bytes, steps->tail, position)) {
		uint64_t step = steps->verified;
		while (step + 1 < steps->step && !find_place(call, bytes, tail_after(call, step), position))
			step++;
		int rc = steps_verify(call, step);
		if (rc < 0)
			return rc;
		find_place(call, bytes, steps->tail, position);
	}
	if (steps->tail == steps->head) /* nothing is in use: neither is what was left out */
		steps->tail = *position;
	if (*begin == STEP_USES_NOTHING)
		*begin = *position;
	steps->head = *position + bytes;
	return 0;
}

int steps_say_copy(struct call *call, const void *says, size_t bytes)
{
	struct step_line *line = steps_line(call, call->world->rank);
	int rc = steps_room(call);
	if (rc < 0)
		return rc;
	if (bytes <= STEP_HERE_BYTES) {
		memcpy(line->payload, says, bytes);
		steps_say(call, STEP_HERE);
		return 0;
	}
	struct step_bulk *bulk = (struct step_bulk *)line->payload;
	rc = steps_take(call, bytes, &bulk->position);
	if (rc < 0)
		return rc;
	memcpy(steps_bulk(call, call->world->rank, bulk->position), says, bytes);
	steps_say(call, STEP_BULK);
	return 0;
}
