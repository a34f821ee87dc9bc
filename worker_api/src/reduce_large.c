/* SPDX-License-Identifier: MIT
 *
 * reduce_large: see reduce_large.h.
 *
 * First everybody says where its data lies. When all of it is in the segment, each member combines its part straight
 * from and to there; where all give the same place for the result, nothing else is left to do. Otherwise it goes
 * through the members' bulk memory (reduce_pipeline.h): so does what only the root wants, for nobody writes into memory
 * of another, who has it back when the call fails, while it may still be written to.
 */
#include "reduce_large.h"

#include "copying.h"
#include "reduce_pipeline.h"

enum {
	STEPS_IN_PLACE = 2, /* of a reduction without results to fetch */
	TURN_BYTES = 65536, /* so much from the front on, when it begins at the end */
};

static bool is_streamed(const struct large *large)
{
	return large->call->bytes >= COPY_LARGE_BYTES;
}

/* --- where data lies --- */

struct places {
	bool all_in;     /* everybody's operands are in the segment: steps->views says where */
	bool all_out;    /* everybody wants the result, in the segment */
	bool one_out;    /* with all_out: and in one place, which is everybody's to write to */
	uint64_t target; /* this one */
	bool apart;      /* nobody's result is wanted where operands are, so far as that was looked at */
};

static uint64_t offset_of(const struct call *call, const void *memory, size_t bytes)
{
	const struct segment *segment = call->world->segment;
	return segment_holds(segment, memory, bytes) ? (uint64_t)((const char *)memory - segment->base) : 0;
}

static int say_place(struct call *call, uint64_t in, uint64_t out)
{
	steps_next(call);
	int rc = steps_room(call);
	if (rc < 0)
		return rc;
	*(struct step_place *)steps_line(call, call->world->rank)->payload = (struct step_place){.in = in, .out = out};
	steps_say(call, STEP_PLACE);
	return steps_hear_all(call);
}

static void note_place(struct places *places, const struct step_place *place)
{
	places->all_in = places->all_in && place->in != 0;
	places->all_out = places->all_out && place->out != 0;
	places->one_out = places->one_out && (places->target == 0 || places->target == place->out);
	places->target = place->out;
}

static bool overlap(uint64_t a, uint64_t b, uint64_t bytes)
{
	return a < b + bytes && b < a + bytes;
}

/* Of a world of two, where all that was said is in the segment. */
static bool are_apart(const struct step_place *a, const struct step_place *b, uint64_t bytes)
{
	return !overlap(a->in, a->out, bytes) && !overlap(b->in, b->out, bytes) && !overlap(a->in, b->out, bytes) &&
	       !overlap(b->in, a->out, bytes) && !overlap(a->out, b->out, bytes);
}

static int hear_places(struct large *large, size_t in_bytes, size_t out_bytes, struct places *places)
{
	struct call *call = large->call;
	const struct step_line *line, *first = NULL;
	uint64_t in = offset_of(call, large->in, in_bytes);
	uint64_t out = large->out != NULL ? offset_of(call, large->out, out_bytes) : 0;
	*places = (struct places){.all_in = true, .all_out = true, .one_out = true};
	int rc = say_place(call, in, out);
	for (uint32_t member = 0; member < call->world->size && rc == 0; member++) {
		rc = steps_hear(call, member, &line);
		const struct step_place *place = (const struct step_place *)line->payload;
		call->steps->views[member] = call->world->segment->base + place->in;
		note_place(places, place);
		if (member == 1)
			places->apart = are_apart((const struct step_place *)first->payload, place, in_bytes);
		first = line;
	}
	if (rc == 0)
		steps_finish(call, call->bytes);
	return rc;
}

/* Everybody has come so far. Memory in the segment is its owner's again when a call fails: all that was read of others
 * is good when nobody had failed afterwards. */
static int come_together(struct call *call)
{
	int rc = steps_still_good(call);
	if (rc == 0)
		rc = say_place(call, 0, 0);
	if (rc == 0)
		steps_finish(call, call->bytes);
	return rc;
}

/* --- in place --- */

/* The results of the others' parts, from their `out`. */
static int fetch_results(struct large *large)
{
	struct call *call = large->call;
	muster_world *world = call->world;
	const struct step_line *line;
	uint64_t mine = offset_of(call, large->out, 1);
	steps_next(call);
	int rc = steps_room(call);
	if (rc < 0)
		return rc;
	((struct step_place *)steps_line(call, world->rank)->payload)->out = mine;
	steps_say(call, STEP_PLACE);
	rc = steps_hear_all(call);
	for (uint32_t i = 1; i < world->size && rc == 0; i++) {
		uint32_t member = (world->rank + i) % world->size;
		rc = steps_hear(call, member, &line);
		struct part part = large_part(large, member, large->count);
		size_t at = part.begin * large->element_bytes;
		const char *from = world->segment->base + ((const struct step_place *)line->payload)->out;
		if (rc == 0)
			copy_of(large->out + at, from + at, part.count * large->element_bytes, call->bytes);
	}
	if (rc == 0)
		steps_finish(call, call->bytes);
	return rc;
}

/* Two ranks that both want the result read as much of each other's memory when each combines all of it as when they
 * share the work and fetch results; but then nobody waits for results, and lines of the result stay where they are.
 * An operator of the user's own may take so long that sharing is better. */
static bool each_combines_all(const struct large *large, const struct places *places)
{
	const struct call *call = large->call;
	return call->world->size == 2 && places->apart && !places->one_out && !call->steps->crowd &&
	       large->reduction->kernel != NULL && !is_streamed(large);
}

/* From either end in turn: what the call before came to last is still in the cache. */
static int combine_all(struct large *large)
{
	struct call *call = large->call;
	bool backwards = (call->steps->step / STEPS_IN_PLACE & 1) != 0;
	size_t most = TURN_BYTES / large->element_bytes;
	for (size_t done = 0, count; done < large->count; done += count) {
		count = large->count - done < most ? large->count - done : most;
		size_t at = (backwards ? large->count - done - count : done) * large->element_bytes;
		reduction_fold(large->reduction, large->out + at, call->steps->views, call->world->size, at, count,
		               false);
	}
	return come_together(call);
}

static int reduce_in_place(struct large *large, const struct places *places)
{
	struct call *call = large->call;
	if (each_combines_all(large, places))
		return combine_all(large);
	char *out = places->one_out ? call->world->segment->base + places->target : large->out;
	struct part mine = large_part(large, call->world->rank, large->count);
	size_t at = mine.begin * large->element_bytes;
	reduction_fold(large->reduction, out + at, call->steps->views, call->world->size, at, mine.count,
	               is_streamed(large));
	int rc = 0;
	if (!places->one_out) {
		rc = steps_still_good(call);
		if (rc == 0)
			rc = fetch_results(large);
	}
	return rc == 0 ? come_together(call) : rc;
}

int reduce_large(struct call *call, const struct reduction *reduction, const void *in, void *out, size_t count)
{
	struct large large = {.call = call,
	                      .reduction = reduction,
	                      .in = in,
	                      .out = out,
	                      .count = count,
	                      .element_bytes = reduction->element_bytes};
	struct places places;
	int rc = hear_places(&large, call->bytes, call->bytes, &places);
	if (rc < 0)
		return rc;
	return places.all_in && places.all_out ? reduce_in_place(&large, &places) : pipeline_reduce(&large);
}

/* --- each its part --- */

static int scatter_in_place(struct large *large)
{
	struct call *call = large->call;
	reduction_fold(large->reduction, large->out, call->steps->views, call->world->size,
	               call->world->rank * call->bytes, large->count, is_streamed(large));
	return come_together(call);
}

int reduce_scatter_large(struct call *call, const struct reduction *reduction, const void *in, void *out, size_t count)
{
	struct large large = {.call = call,
	                      .reduction = reduction,
	                      .in = in,
	                      .out = out,
	                      .count = count,
	                      .element_bytes = reduction->element_bytes};
	struct places places;
	int rc = hear_places(&large, call->bytes * call->world->size, call->bytes, &places);
	if (rc < 0)
		return rc;
	return places.all_in ? scatter_in_place(&large) : pipeline_reduce_scatter(&large);
}
