/* SPDX-License-Identifier: MIT
 *
 * reduce_pipeline: see reduce_pipeline.h. In each step a member hands out its operands of one chunk, and the results of
 * its part of the chunk before.
 */
#include "reduce_pipeline.h"

#include "copying.h"
#include "error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 131072 }; /* where ranks have CPUs of their own: two of them, twice, fit the second cache */

/* --- parts --- */

struct part large_part(const struct large *large, uint32_t member, size_t count)
{
	uint32_t members = large->call->world->size;
	size_t unit = large->element_bytes <= SEGMENT_LINE ? SEGMENT_LINE : 1;
	size_t units = (count + unit - 1) / unit;
	size_t begin = units * member / members * unit, end = units * (member + 1) / members * unit;
	begin = begin < count ? begin : count;
	end = end < count ? end : count;
	return (struct part){.begin = begin, .count = end - begin};
}

/* A part of a chunk that may be shorter than those before. */
static struct part cut(struct part part, size_t count)
{
	if (part.begin >= count)
		return (struct part){.begin = count};
	if (part.count > count - part.begin)
		part.count = count - part.begin;
	return part;
}

/* --- chunks --- */

struct pipeline {
	struct large *large;
	size_t chunk;      /* elements of all chunks but the last */
	char *area;        /* this step's bulk memory: laid out as the chunk, my part of it with results */
	uint64_t position; /* of it */
};

static size_t elements_of(const struct pipeline *pipeline, size_t number)
{
	size_t begin = number * pipeline->chunk, count = pipeline->large->count;
	if (begin >= count)
		return 0;
	return count - begin < pipeline->chunk ? count - begin : pipeline->chunk;
}

static int take_area(struct pipeline *pipeline)
{
	struct call *call = pipeline->large->call;
	steps_next(call);
	int rc = steps_room(call);
	if (rc == 0)
		rc = steps_take(call, pipeline->chunk * pipeline->large->element_bytes, &pipeline->position);
	pipeline->area = steps_bulk(call, call->world->rank, pipeline->position);
	return rc;
}

/* The operands of others are where steps->views says since the step before. */
static void combine_mine(struct pipeline *pipeline, size_t number)
{
	const struct large *large = pipeline->large;
	const muster_world *world = large->call->world;
	size_t chunk_at = number * pipeline->chunk * large->element_bytes;
	struct part mine = cut(large_part(large, world->rank, pipeline->chunk), elements_of(pipeline, number));
	size_t at = mine.begin * large->element_bytes, bytes = mine.count * large->element_bytes;
	large->call->steps->views[world->rank] = large->in + chunk_at;
	reduction_fold(large->reduction, pipeline->area + at, large->call->steps->views, world->size, at, mine.count,
	               false);
	if (large->out != NULL)
		copy_of(large->out + chunk_at + at, pipeline->area + at, bytes, large->call->bytes);
}

static void hand_out(struct pipeline *pipeline, size_t number)
{
	const struct large *large = pipeline->large;
	const char *chunk = large->in + number * pipeline->chunk * large->element_bytes;
	size_t count = elements_of(pipeline, number);
	struct part mine = cut(large_part(large, large->call->world->rank, pipeline->chunk), count);
	size_t end = mine.begin + mine.count;
	memcpy(pipeline->area, chunk, mine.begin * large->element_bytes);
	memcpy(pipeline->area + end * large->element_bytes, chunk + end * large->element_bytes,
	       (count - end) * large->element_bytes);
}

static int hear_areas(struct pipeline *pipeline)
{
	struct call *call = pipeline->large->call;
	const struct step_line *line;
	((struct step_bulk *)steps_line(call, call->world->rank)->payload)->position = pipeline->position;
	steps_say(call, STEP_BULK);
	int rc = steps_hear_all(call);
	for (uint32_t member = 0; member < call->world->size && rc == 0; member++) {
		rc = steps_hear(call, member, &line);
		call->steps->views[member] =
			steps_bulk(call, member, ((const struct step_bulk *)line->payload)->position);
	}
	return rc;
}

static void fetch_parts(struct pipeline *pipeline, size_t number)
{
	const struct large *large = pipeline->large;
	const muster_world *world = large->call->world;
	char *out = large->out + number * pipeline->chunk * large->element_bytes;
	for (uint32_t i = 1; i < world->size; i++) {
		uint32_t member = (world->rank + i) % world->size;
		struct part part = cut(large_part(large, member, pipeline->chunk), elements_of(pipeline, number));
		size_t at = part.begin * large->element_bytes;
		copy_of(out + at, (const char *)large->call->steps->views[member] + at,
		        part.count * large->element_bytes, large->call->bytes);
	}
}

static size_t chunk_bytes(const struct call *call)
{
	size_t most = steps_bulk_most(call);
	return most < CHUNK_BYTES || call->steps->crowd ? most : CHUNK_BYTES;
}

/* A step is over with what is said in the next one, for that is when its operands have been used. */
int pipeline_reduce(struct large *large)
{
	struct pipeline pipeline = {.large = large};
	size_t most = chunk_bytes(large->call) / large->element_bytes;
	size_t chunks = (large->count + most - 1) / most;
	pipeline.chunk = (large->count + chunks - 1) / chunks;
	int rc = 0;
	for (size_t number = 0; number <= chunks && rc == 0; number++) {
		rc = take_area(&pipeline);
		if (rc < 0)
			return rc;
		if (number > 0)
			combine_mine(&pipeline, number - 1);
		if (number < chunks)
			hand_out(&pipeline, number);
		rc = hear_areas(&pipeline);
		if (rc == 0 && number > 0 && large->out != NULL)
			fetch_parts(&pipeline, number - 1);
	}
	if (rc == 0)
		steps_finish(large->call, large->call->bytes);
	return rc;
}

/* --- each its part --- */

/* One chunk of each part: those of others lie side by side in the area. */
static int scatter_chunk(struct pipeline *pipeline, size_t number)
{
	struct large *large = pipeline->large;
	muster_world *world = large->call->world;
	size_t begin = number * pipeline->chunk, count = elements_of(pipeline, number), bytes = large->element_bytes;
	size_t stride = pipeline->chunk * bytes;
	struct pipeline whole = {.large = large, .chunk = pipeline->chunk * world->size};
	int rc = take_area(&whole);
	for (uint32_t member = 0; member < world->size && rc == 0; member++)
		if (member != world->rank)
			memcpy(whole.area + member * stride, large->in + (member * large->count + begin) * bytes,
			       count * bytes);
	if (rc == 0)
		rc = hear_areas(&whole);
	if (rc < 0)
		return rc;
	large->call->steps->views[world->rank] =
		large->in + (world->rank * (large->count - pipeline->chunk) + begin) * bytes;
	reduction_fold(large->reduction, large->out + begin * bytes, large->call->steps->views, world->size,
	               world->rank * stride, count, false);
	steps_finish(large->call, stride);
	return 0;
}

/* So many ranks that their elements side by side do not fit: all of them combine all. */
static int scatter_by_reduce(struct large *large)
{
	muster_world *world = large->call->world;
	size_t bytes = large->call->bytes;
	char *all = malloc(bytes * world->size);
	if (all == NULL)
		return error_set(-ENOMEM, "collective '%s': no memory for %zu bytes", large->call->name,
		                 bytes * world->size);
	struct large whole = *large;
	whole.out = all;
	whole.count = large->count * world->size;
	int rc = pipeline_reduce(&whole);
	if (rc == 0)
		memcpy(large->out, all + world->rank * bytes, bytes);
	free(all);
	return rc;
}

int pipeline_reduce_scatter(struct large *large)
{
	struct pipeline pipeline = {.large = large};
	size_t most = chunk_bytes(large->call) / (large->element_bytes * large->call->world->size);
	if (most == 0)
		return scatter_by_reduce(large);
	size_t chunks = (large->count + most - 1) / most;
	pipeline.chunk = (large->count + chunks - 1) / chunks;
	int rc = 0;
	for (size_t number = 0; number < chunks && rc == 0; number++)
		rc = scatter_chunk(&pipeline, number);
	return rc;
}
