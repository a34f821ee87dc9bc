/* SPDX-License-Identifier: MIT
 *
 * exchange: see exchange.h.
 *
 * What is small goes through the speaker's line or bulk memory, and the speaker goes on. What is large is read where it
 * is, from the segment or from the speaker's own memory, in one copy; then the speaker waits until it was read. Where
 * processes may not read each other's memory, it goes through the bulk memory piece by piece.
 */
#include "exchange.h"

#include "copying.h"

#include <errno.h>
#include <string.h>

enum { SMALL_BYTES = 32768, PIECE_BYTES = 131072, PIPELINED_BYTES = 1 << 20 };

static bool speaks(const struct exchange *exchange, uint32_t member)
{
	if (exchange->speaker == EXCHANGE_ALL)
		return (int)member != exchange->listener;
	return (int)member == exchange->speaker;
}

static bool listens(const struct exchange *exchange, uint32_t member)
{
	if (exchange->listener == EXCHANGE_ALL)
		return (int)member != exchange->speaker;
	return (int)member == exchange->listener;
}

static bool together(const struct exchange *exchange)
{
	return exchange->speaker == EXCHANGE_ALL && exchange->listener == EXCHANGE_ALL;
}

/* What a listener hears in all. */
static size_t total_bytes(const struct call *call, const struct exchange *exchange)
{
	return exchange->length * (exchange->speaker == EXCHANGE_ALL ? call->world->size : 1);
}

/* --- saying --- */

static int say_where(struct call *call, const char *says, size_t bytes)
{
	const struct segment *segment = call->world->segment;
	struct step_line *line = steps_line(call, call->world->rank);
	int rc = steps_room(call);
	if (rc < 0)
		return rc;
	if (segment_holds(segment, says, bytes)) {
		((struct step_place *)line->payload)->in = (uint64_t)(says - segment->base);
		steps_say(call, STEP_PLACE);
		return 0;
	}
	*(struct step_private *)line->payload = (struct step_private){.address = (uintptr_t)says};
	steps_say(call, STEP_PRIVATE);
	return 0;
}

/* --- hearing --- */

/* What of bytes [begin, end) is for me, as `into` and how much. */
struct window {
	size_t from; /* in what was said */
	size_t length;
	char *into;
};

static struct window window_of(const struct exchange *exchange, uint32_t member, size_t begin, size_t end)
{
	size_t first = exchange->from > begin ? exchange->from : begin;
	size_t last = exchange->from + exchange->length < end ? exchange->from + exchange->length : end;
	if (last <= first)
		return (struct window){.from = begin};
	return (struct window){.from = first,
	                       .length = last - first,
	                       .into = exchange->into + member * exchange->stride + (first - exchange->from)};
}

static int hear_private(struct call *call, uint32_t member, const struct step_private *memory,
                        const struct window *part)
{
	const struct segment_rank *rank = world_rank(call->world, member);
	int rc = copy_from_rank(rank, part->into, memory->address + part->from, part->length);
	return rc == 0 ? 0 : steps_gone(call, member, rc);
}

/* `begin`, `end`: which bytes the line carries when it is a piece. */
static int hear_member(struct call *call, const struct exchange *exchange, uint32_t member, size_t begin, size_t end)
{
	const struct step_line *line;
	if (begin > 0 && call->steps->views[member] != NULL)
		return 0;
	int rc = steps_hear(call, member, &line);
	if (rc < 0)
		return rc;
	bool whole = line->form == STEP_PLACE || line->form == STEP_PRIVATE;
	struct window part =
		whole ? window_of(exchange, member, 0, exchange->bytes) : window_of(exchange, member, begin, end);
	call->steps->views[member] = whole ? line : NULL;
	if (part.length == 0)
		return 0;
	const char *from = (const char *)line->payload;
	if (line->form == STEP_PRIVATE)
		return hear_private(call, member, (const struct step_private *)from, &part);
	if (line->form == STEP_PLACE)
		from = call->world->segment->base + ((const struct step_place *)from)->in;
	else if (line->form == STEP_BULK)
		from = steps_bulk(call, member, ((const struct step_bulk *)from)->position);
	copy_of(part.into, from + part.from - (whole ? 0 : begin), part.length, total_bytes(call, exchange));
	return 0;
}

/* Begins with the next member, so that not all read the same one at once. */
static int hear_members(struct call *call, const struct exchange *exchange, size_t begin, size_t end)
{
	muster_world *world = call->world;
	int rc = 0;
	if (exchange->speaker != EXCHANGE_ALL)
		return hear_member(call, exchange, (uint32_t)exchange->speaker, begin, end);
	if (together(exchange) && (rc = steps_hear_all(call)) < 0)
		return rc;
	for (uint32_t i = 1; i < world->size && rc == 0; i++) {
		uint32_t member = world->rank + i < world->size ? world->rank + i : world->rank + i - world->size;
		rc = hear_member(call, exchange, member, begin, end);
	}
	return rc;
}

static void copy_own(const struct call *call, const struct exchange *exchange)
{
	if (exchange->own != NULL)
		copy_of(exchange->into + call->world->rank * exchange->stride, exchange->own, exchange->length,
		        total_bytes(call, exchange));
}

/* --- what is small --- */

static int exchange_small(struct call *call, const struct exchange *exchange)
{
	uint32_t rank = call->world->rank;
	int rc = 0;
	steps_next(call);
	if (speaks(exchange, rank))
		rc = steps_say_copy(call, exchange->says, exchange->bytes);
	copy_own(call, exchange);
	if (rc == 0 && listens(exchange, rank))
		rc = hear_members(call, exchange, 0, exchange->bytes);
	if (rc == 0)
		steps_finish(call, exchange->bytes);
	return rc;
}

/* --- what is large --- */

static bool reads_neighbours(const muster_world *world)
{
	enum { ENOUGH = 16 }; /* every member is read by somebody, and reads somebody */
	char nothing;
	bool reads = world->segment->reads_memory;
	for (uint32_t i = 1; i < world->size && i <= ENOUGH && reads; i++)
		reads = copy_from_rank(world_rank(world, (world->rank + i) % world->size), &nothing, 0, 0) == 0;
	return reads;
}

static int say_bit(struct call *call, bool bit, bool *all)
{
	const struct step_line *line;
	steps_next(call);
	int rc = steps_room(call);
	if (rc < 0)
		return rc;
	steps_line(call, call->world->rank)->payload[0] = bit;
	steps_say(call, STEP_HERE);
	rc = steps_hear_all(call);
	*all = true;
	for (uint32_t member = 0; member < call->world->size && rc == 0; member++) {
		rc = steps_hear(call, member, &line);
		*all = *all && line->payload[0] != 0;
	}
	if (rc == 0)
		steps_finish(call, 1);
	return rc;
}

/* Once a group: whether all can read the memory of all. That all are there comes first. */
static int ask_for_private(struct call *call)
{
	bool all;
	int rc = say_bit(call, true, &all);
	if (rc == 0)
		rc = say_bit(call, reads_neighbours(call->world), &call->steps->reads_private);
	call->steps->asked_private = rc == 0;
	return rc;
}

/* Whether to read each other's memory: one copy instead of two. The other way is faster
 *   - where a core is there for each, and all want all that one has: the speaker does half of the work, and listeners
 *     copy from its bulk memory meanwhile;
 *   - where ranks share CPUs, and so much is heard that results go past the caches, which the kernel's copies do not.
 */
static bool reads_private(const struct call *call, const struct exchange *exchange)
{
	bool heard_whole = exchange->length == exchange->bytes && exchange->listener == EXCHANGE_ALL;
	bool pipelined = exchange->speaker != EXCHANGE_ALL && exchange->bytes >= PIPELINED_BYTES && !call->steps->crowd;
	bool past_caches = call->steps->crowd && total_bytes(call, exchange) >= COPY_LARGE_BYTES;
	return call->steps->reads_private && !(heard_whole && (pipelined || past_caches));
}

static size_t piece_bytes(const struct call *call)
{
	size_t most = steps_bulk_most(call);
	return most < PIECE_BYTES || call->steps->crowd ? most : PIECE_BYTES;
}

/* One of the rounds in which pieces [begin, end) are said, by those who have not said where all of it is; these only
 * speak again where everybody waits for everybody. */
static int round_of(struct call *call, const struct exchange *exchange, size_t begin, size_t end, bool *whole)
{
	uint32_t rank = call->world->rank;
	int rc = 0;
	steps_next(call);
	/* In turns: what the call before copied last is then still in the cache. */
	bool own_last = (call->steps->step & 1) != 0;
	if (speaks(exchange, rank) && (begin == 0 || !*whole || together(exchange))) {
		*whole = reads_private(call, exchange) ||
		         segment_holds(call->world->segment, exchange->says, exchange->bytes);
		rc = *whole ? say_where(call, exchange->says, exchange->bytes)
		            : steps_say_copy(call, exchange->says + begin, end - begin);
	}
	if (begin == 0 && !own_last)
		copy_own(call, exchange);
	if (rc == 0 && listens(exchange, rank))
		rc = hear_members(call, exchange, begin, end);
	if (begin == 0 && own_last)
		copy_own(call, exchange);
	if (rc == 0)
		rc = steps_still_good(call);
	if (rc == 0)
		steps_finish(call, exchange->bytes);
	return rc;
}

/* Until all who listen have read what I have. */
static int hold(struct call *call, const struct exchange *exchange)
{
	uint64_t done;
	if (together(exchange) && call->steps->crowd && reads_private(call, exchange))
		return steps_meet(call, NULL, NULL); /* everybody holds */
	if (exchange->listener == EXCHANGE_ALL)
		return steps_verify(call, call->steps->step);
	return steps_wait_done(call, (uint32_t)exchange->listener, call->steps->step, &done);
}

static int exchange_large(struct call *call, const struct exchange *exchange)
{
	int rc = call->steps->asked_private ? 0 : ask_for_private(call);
	size_t piece = reads_private(call, exchange) ? exchange->bytes : piece_bytes(call);
	bool whole = false;
	for (size_t begin = 0; begin < exchange->bytes && rc == 0; begin += piece) {
		size_t end = exchange->bytes - begin < piece ? exchange->bytes : begin + piece;
		rc = round_of(call, exchange, begin, end, &whole);
	}
	return rc == 0 && whole ? hold(call, exchange) : rc;
}

int exchange(struct call *call, const struct exchange *exchange)
{
	size_t small = steps_bulk_most(call) < SMALL_BYTES ? steps_bulk_most(call) : SMALL_BYTES;
	return exchange->bytes <= small ? exchange_small(call, exchange) : exchange_large(call, exchange);
}
