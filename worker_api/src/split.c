/* SPDX-License-Identifier: MIT
 *
 * split: worlds made of worlds, and memory that a world has together: collectives in which one member takes memory of
 * the heap and tells the others where it is.
 */
#include "call.h"
#include "error.h"
#include "exchange.h"
#include "heap.h"
#include "known.h"

#include <muster/memory.h>
#include <muster/world.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { NO_MEMORY = 0 }; /* for an offset */

#define NOT_MINE UINT64_MAX

/* --- memory for all --- */

/* Large memory is given back to the kernel, which gives out zeros. */
static void zero(void *memory, size_t bytes)
{
	enum { LARGE_BYTES = 1 << 20 };
	size_t pages = bytes / SEGMENT_PAGE * SEGMENT_PAGE;
	if (bytes < LARGE_BYTES || madvise(memory, pages, MADV_REMOVE) != 0)
		pages = 0;
	memset((char *)memory + pages, 0, bytes - pages);
}

static int tell_offset(struct call *call, uint64_t *offset)
{
	uint64_t told = *offset;
	struct exchange telling = {.listener = EXCHANGE_ALL,
	                           .says = (const char *)&told,
	                           .bytes = sizeof told,
	                           .into = (char *)&told,
	                           .length = sizeof told};
	int rc = call->world->size > 1 ? exchange(call, &telling) : 0;
	*offset = told;
	return rc;
}

int muster_alloc_shared(muster_world *world, size_t bytes, void **memory, int timeout_ms)
{
	struct call call;
	uint64_t offset = NO_MEMORY;
	int rc = call_begin(&call, world, COLLECTIVE_ALLOC_SHARED, -1, timeout_ms);
	if (rc < 0)
		return rc;
	if (memory == NULL)
		return call_end(&call,
		                error_set(-EINVAL, "muster_alloc_shared: nowhere to put the address: memory is NULL"));
	rc = call_shape(&call, 0, bytes, 1, 0, true);
	if (rc < 0 || bytes == 0)
		return call_end(&call, rc < 0 ? rc : error_set(-EINVAL, "muster_alloc_shared: 0 bytes"));
	if (world->rank == 0)
		offset = heap_take(world->segment, bytes);
	if (offset != NO_MEMORY)
		zero(segment_at(world->segment, offset), bytes);
	rc = tell_offset(&call, &offset);
	if (rc == 0 && offset != NO_MEMORY)
		rc = steps_agree(&call);
	if (rc < 0 && world->rank == 0 && offset != NO_MEMORY)
		heap_give(world->segment, offset); /* nobody has it, or will */
	if (rc == 0 && offset != NO_MEMORY)
		*memory = segment_at(world->segment, offset);
	if (rc < 0 || offset != NO_MEMORY)
		return call_end(&call, rc);
	return call_end_alike(&call, segment_tell_full(world->segment, bytes));
}

/* --- worlds --- */

struct wish {
	int32_t colour; /* < 0: none */
	int32_t key;
};

/* My part of the split, as everybody in it sees it. */
struct part {
	uint32_t *members; /* ranks in the world that is split, in the order of the part */
	uint32_t size;
	uint32_t rank;
	struct group_layout layout;
};

struct ranked { /* to sort */
	int32_t key;
	uint32_t rank;
};

static int by_key_then_rank(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int find_part(const muster_world *world, const struct wish *wishes, struct part *part)
{
	struct ranked *same = calloc(world->size, sizeof *same);
	part->members = calloc(world->size, sizeof *part->members);
	if (same == NULL || part->members == NULL) {
		free(same);
		return error_set(-ENOMEM, "muster_split: no memory");
	}
	for (uint32_t rank = 0; rank < world->size; rank++)
		if (wishes[rank].colour == wishes[world->rank].colour)
			same[part->size++] = (struct ranked){.key = wishes[rank].key, .rank = rank};
	qsort(same, part->size, sizeof *same, by_key_then_rank);
	for (uint32_t i = 0; i < part->size; i++) {
		part->members[i] = same[i].rank;
		if (same[i].rank == world->rank)
			part->rank = i;
	}
	free(same);
	/* Parts of parts have to fit, too. */
	part->layout = group_layout_of(part->size, world->layout.domains, world->segment->bytes / 64);
	return 0;
}

/* The first of a part makes its area: all zeros but for the number, and but for bulk memory, which is written first. */
static uint64_t make_area(const muster_world *world, const struct part *part)
{
	const struct group_layout *layout = &part->layout;
	uint64_t offset = heap_take(world->segment, layout->bytes);
	if (offset == NO_MEMORY)
		return NO_MEMORY;
	char *area = segment_at(world->segment, offset);
	memset(area, 0, layout->members_offset);
	for (uint32_t member = 0; member < part->size; member++)
		memset(area + layout->members_offset + member * layout->member_stride, 0, layout->bulk);
	struct group_header *group = (struct group_header *)area;
	group->serial = atomic_fetch_add(&world->segment->header->groups, 1) + 1;
	return offset;
}

static int tell_all(struct call *call, const void *mine, void *all, size_t bytes)
{
	memcpy((char *)all + call->world->rank * bytes, mine, bytes);
	struct exchange telling = {.speaker = EXCHANGE_ALL,
	                           .listener = EXCHANGE_ALL,
	                           .says = mine,
	                           .bytes = bytes,
	                           .into = all,
	                           .stride = bytes,
	                           .length = bytes};
	return call->world->size > 1 ? exchange(call, &telling) : 0;
}

/* The first members make areas, everybody hears of all. When one could not, nobody gets a world. Whoever cannot know
 * that nobody looks at its area, for the split failed from here on, leaves it to the world that was to be split, which
 * is broken then. */
static int make_areas(struct call *call, const struct part *part, bool wanted, uint64_t *offsets, bool *complete)
{
	muster_world *world = call->world;
	bool makes = wanted && part->rank == 0;
	uint64_t mine = makes ? make_area(world, part) : NOT_MINE;
	int rc = tell_all(call, &mine, offsets, sizeof mine);
	*complete = true;
	for (uint32_t rank = 0; rank < world->size && rc == 0; rank++)
		*complete = *complete && offsets[rank] != NO_MEMORY;
	if (makes && mine != NO_MEMORY && rc == 0 && !*complete) {
		heap_give(world->segment, mine);
		offsets[world->rank] = NO_MEMORY;
	}
	return rc;
}

static void leave_area(const muster_world *world, uint64_t offset)
{
	if (offset == NO_MEMORY || offset == NOT_MINE)
		return;
	struct group_header *orphan = segment_at(world->segment, offset);
	uint64_t first = atomic_load(&world->group->orphans);
	do
		orphan->next_orphan = first;
	while (!atomic_compare_exchange_weak(&world->group->orphans, &first, offset));
}

static int make_world(const muster_world *world, const struct part *part, uint64_t offset, muster_world **made)
{
	KNOWN(part->size > 0); /* I am in it */
	uint32_t *job_ranks = calloc(part->size, sizeof *job_ranks);
	if (job_ranks == NULL)
		return error_set(-ENOMEM, "muster_split: no memory");
	for (uint32_t i = 0; i < part->size; i++)
		job_ranks[i] = world_job_rank(world, part->members[i]);
	return world_create(world->segment, part->rank, part->size, job_ranks, offset, &part->layout, made);
}

static int split(struct call *call, const struct wish *mine, muster_world **made)
{
	muster_world *world = call->world;
	struct part part = {0};
	bool complete = true, wanted = mine->colour >= 0;
	struct wish *wishes = calloc(world->size, sizeof *wishes);
	uint64_t *offsets = calloc(world->size, sizeof *offsets);
	int rc = wishes != NULL && offsets != NULL ? 0 : error_set(-ENOMEM, "muster_split: no memory");
	if (rc == 0)
		rc = tell_all(call, mine, wishes, sizeof *mine);
	if (rc == 0)
		rc = find_part(world, wishes, &part);
	if (rc == 0)
		rc = make_areas(call, &part, wanted, offsets, &complete);
	if (rc == 0 && complete && wanted)
		rc = make_world(world, &part, offsets[part.members[0]], made);
	if (rc == 0)
		rc = steps_agree(call);
	if (rc < 0 && *made != NULL) {
		world_destroy(*made);
		*made = NULL;
	}
	if (rc < 0 && offsets != NULL)
		leave_area(world, offsets[world->rank]);
	free(part.members);
	free(offsets);
	free(wishes);
	if (rc < 0 || complete)
		return call_end(call, rc);
	return call_end_alike(
		call, error_set(-ENOMEM, "muster_split: there is no room in one piece in the job's shared segment: %s",
	                        segment_advice(world->segment)));
}

int muster_split(muster_world *world, int colour, int key, muster_world **part, int timeout_ms)
{
	struct call call;
	struct wish mine = {.colour = colour < 0 ? -1 : colour, .key = key};
	int rc = call_begin(&call, world, COLLECTIVE_SPLIT, -1, timeout_ms);
	if (rc < 0)
		return rc;
	if (part == NULL)
		return call_end(&call, error_set(-EINVAL, "muster_split: nowhere to put the world: part is NULL"));
	rc = call_shape(&call, 0, 1, sizeof mine, -1, true);
	if (rc < 0)
		return call_end(&call, rc);
	muster_world *made = NULL;
	rc = split(&call, &mine, &made);
	if (rc == 0)
		*part = made;
	return rc;
}

/* What ranks wrote there is believed no further than it is a block of the heap, and not for ever. */
static void give_orphans(struct segment *segment, struct group_header *group, uint32_t most)
{
	uint64_t at = atomic_exchange(&group->orphans, 0), next;
	for (; most > 0 && at != 0 && heap_block_bytes(segment, at) >= sizeof *group; at = next, most--) {
		next = ((const struct group_header *)segment_at(segment, at))->next_orphan;
		heap_give(segment, at);
	}
}

/* The last member gives the memory back. That of a rank that died before is lost until the job ends. */
void muster_world_free(muster_world *part)
{
	if (part == NULL || world_enter(part) < 0)
		return;
	struct segment *segment = part->segment;
	if (part->job_ranks == NULL) {
		world_leave(part, error_set(-EINVAL, "muster_world_free: the job's world ends with muster_finalize"));
		return;
	}
	uint64_t offset = (uint64_t)((char *)part->group - segment->base);
	uint32_t size = part->size;
	bool last = atomic_fetch_add(&part->group->freed_by, 1) + 1 == size;
	world_destroy(part);
	if (!last)
		return;
	give_orphans(segment, segment_at(segment, offset), size); /* one for each part of the split that broke it */
	heap_give(segment, offset);
}
