/* SPDX-License-Identifier: MIT
 *
 * heap: see heap.h.
 *
 *     heap_offset   a byte for each page of the heap: what begins there (below)
 *     then          blocks; header.heap_taken bytes of them were cut off so far
 *
 * Blocks of a page and more come in four sizes a doubling (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 ... pages);
 * smaller ones are powers of two, of which a page is cut full at once. A block that was given back goes on the list of
 * its size, unless nothing was cut off after it: then it goes back where it came from. Only when nothing else is left
 * are larger ones split, and then neighbours joined. Pages of small blocks stay what they are.
 *
 * Any process may have scribbled over what is read here, and may die between any two steps. Nothing is believed but
 * what the map says, and a list that leads astray is cut off there.
 */
#include "heap.h"

#include "ticks.h"

#include <sched.h>
#include <string.h>

enum { LINES_A_PAGE = SEGMENT_PAGE / SEGMENT_LINE };

/* --- sizes --- */

enum { SMALL_KINDS = 6, KINDS = SEGMENT_HEAP_CLASSES };

static_assert(SEGMENT_LINE << SMALL_KINDS == SEGMENT_PAGE, "blocks of a page follow those of half a page");

/* The kind of the smallest blocks that hold so much. */
static uint32_t kind_for(uint64_t bytes)
{
	if (bytes <= SEGMENT_PAGE / 2) {
		uint32_t kind = 0;
		while (((uint64_t)SEGMENT_LINE << kind) < bytes)
			kind++;
		return kind;
	}
	uint64_t pages = (bytes + SEGMENT_PAGE - 1) / SEGMENT_PAGE;
	if (pages <= 4)
		return SMALL_KINDS + (uint32_t)pages - 1;
	uint32_t doublings = 61 - (uint32_t)__builtin_clzll(pages - 1);
	uint64_t quarters = (pages + (UINT64_C(1) << doublings) - 1) >> doublings;
	return SMALL_KINDS + 4 * doublings + (uint32_t)quarters - 1;
}

static uint64_t kind_bytes(uint32_t kind)
{
	assert(kind < KINDS);
	if (kind < SMALL_KINDS)
		return (uint64_t)SEGMENT_LINE << kind;
	kind -= SMALL_KINDS;
	return kind < 4 ? (uint64_t)(kind + 1) * SEGMENT_PAGE
	                : (kind % 4 + UINT64_C(5)) * SEGMENT_PAGE << (kind / 4 - 1);
}

/* --- the map: what begins at a page --- */

enum {
	MAP_NOTHING = 0, /* the inside of a block, or not cut off */
	/* 1 ... SMALL_KINDS: a page of small blocks; up to KINDS: a large block */
	MAP_FREE_PAGE = 0x7f,  /* on no list: whoever changes the mark has it */
	MAP_GIVEN_BACK = 0x80, /* with a large block's number */
};

static_assert((int)KINDS < (int)MAP_FREE_PAGE, "the map has room for every kind");

static uint64_t blocks_offset(const struct segment *segment)
{
	uint64_t heap_bytes = segment->bytes - segment->header->heap_offset;
	return segment->header->heap_offset + segment_round(heap_bytes / SEGMENT_PAGE, SEGMENT_PAGE);
}

/* Up to where blocks can be: lists count lines with 32 bits. */
static uint64_t blocks_end(const struct segment *segment)
{
	uint64_t most = (uint64_t)UINT32_MAX * SEGMENT_LINE;
	return (segment->bytes < most ? segment->bytes : most) / SEGMENT_PAGE * SEGMENT_PAGE;
}

static _Atomic uint8_t *map_at(const struct segment *segment, uint64_t offset)
{
	_Atomic uint8_t *map = segment_at(segment, segment->header->heap_offset);
	return map + (offset - segment->header->heap_offset) / SEGMENT_PAGE;
}

static bool is_block_of(const struct segment *segment, uint64_t offset, uint32_t kind)
{
	uint64_t bytes = kind_bytes(kind), end = blocks_end(segment);
	if (offset < blocks_offset(segment) || offset >= end || bytes > end - offset)
		return false;
	uint64_t unit = kind < SMALL_KINDS ? bytes : SEGMENT_PAGE;
	return offset % unit == 0 && (atomic_load(map_at(segment, offset)) & ~MAP_GIVEN_BACK) == (int)kind + 1;
}

/* --- lists of what was given back --- */

/* What a block begins with while it is on a list. */
struct free_block {
	_Atomic uint32_t next; /* in lines from the segment's start; 0: the last */
	uint32_t unused;
	_Atomic uint64_t mark; /* FREE_MARK + its offset, in small blocks: found there again, it is given back twice */
};

#define FREE_MARK UINT64_C(0x66726565626c6b00)

static uint64_t list_head(uint64_t offset, uint64_t seen)
{
	return offset / SEGMENT_LINE | ((seen >> 32) + 1) << 32;
}

/* Blocks `first` ... `last` are linked to one another. */
static void push(struct segment *segment, uint32_t kind, uint64_t first, uint64_t last)
{
	_Atomic uint64_t *list = &segment->header->heap_free[kind];
	struct free_block *block = segment_at(segment, last);
	uint64_t seen = atomic_load_explicit(list, memory_order_relaxed);
	do
		atomic_store_explicit(&block->next, (uint32_t)seen, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(list, &seen, list_head(first, seen), memory_order_release,
	                                              memory_order_relaxed));
}

/* Another one may just have taken the block, and write into it: then the list has changed, and what is read is not
 * used. */
#if defined(__SANITIZE_THREAD__) || defined(__clang__)
__attribute__((no_sanitize("thread")))
#endif
static uint32_t
next_of(const struct free_block *block)
{
	return atomic_load_explicit(&block->next, memory_order_relaxed);
}

static uint64_t pop(struct segment *segment, uint32_t kind)
{
	_Atomic uint64_t *list = &segment->header->heap_free[kind];
	uint64_t seen = atomic_load_explicit(list, memory_order_acquire), next, offset;
	do {
		offset = (seen & UINT32_MAX) * SEGMENT_LINE;
		if (offset == 0)
			return 0;
		next = is_block_of(segment, offset, kind) ? (uint64_t)next_of(segment_at(segment, offset)) : 0;
	} while (!atomic_compare_exchange_weak_explicit(list, &seen, list_head(next * SEGMENT_LINE, seen),
	                                                memory_order_acquire, memory_order_acquire));
	if (!is_block_of(segment, offset, kind))
		return 0;
	if (kind < SMALL_KINDS)
		atomic_store_explicit(&((struct free_block *)segment_at(segment, offset))->mark, 0,
		                      memory_order_relaxed);
	else
		atomic_store(map_at(segment, offset), (uint8_t)(kind + 1));
	return offset;
}

/* --- taking --- */

static uint64_t cut_off(struct segment *segment, uint32_t kind)
{
	_Atomic uint64_t *taken = &segment->header->heap_taken;
	uint64_t begin = blocks_offset(segment), room = blocks_end(segment) - begin, bytes = kind_bytes(kind);
	uint64_t seen = atomic_load(taken);
	do {
		if (seen > room || bytes > room - seen || seen % SEGMENT_PAGE != 0)
			return 0;
	} while (!atomic_compare_exchange_weak(taken, &seen, seen + bytes));
	atomic_store(map_at(segment, begin + seen), (uint8_t)(kind + 1));
	return begin + seen;
}

/* Puts free pages on lists, in blocks as large as there can be. */
static void list_pages(struct segment *segment, uint64_t at, uint64_t end)
{
	while (at < end) {
		uint32_t kind = kind_for(end - at);
		kind -= kind_bytes(kind) > end - at;
		atomic_store(map_at(segment, at), (uint8_t)((kind + 1) | MAP_GIVEN_BACK));
		push(segment, kind, at, at);
		at += kind_bytes(kind);
	}
}

/* When nothing else is left: the beginning of a larger block; the rest of it goes on lists. */
static uint64_t take_part(struct segment *segment, uint32_t kind)
{
	uint64_t offset = 0;
	uint32_t larger = kind;
	while (offset == 0 && ++larger < KINDS)
		offset = pop(segment, larger);
	if (offset == 0)
		return 0;
	atomic_store(map_at(segment, offset), (uint8_t)(kind + 1));
	list_pages(segment, offset + kind_bytes(kind), offset + kind_bytes(larger));
	return offset;
}

/* --- joining --- */

/* What is free is on no list for a moment: its pages are marked, and whoever finds some has them by one exchange each.
 * So any number may join at once, and what one who died or was stopped had marked is anybody's. */
static void take_apart(struct segment *segment)
{
	for (uint32_t kind = SMALL_KINDS; kind < KINDS; kind++)
		for (uint64_t offset; (offset = pop(segment, kind)) != 0;)
			for (uint64_t at = offset + kind_bytes(kind); at > offset; at -= SEGMENT_PAGE)
				atomic_store(map_at(segment, at - SEGMENT_PAGE), MAP_FREE_PAGE);
}

static bool claim_page(const struct segment *segment, uint64_t at)
{
	uint8_t page = MAP_FREE_PAGE;
	_Atomic uint8_t *map = map_at(segment, at);
	return atomic_load_explicit(map, memory_order_relaxed) == MAP_FREE_PAGE &&
	       atomic_compare_exchange_strong(map, &page, MAP_NOTHING);
}

/* On lists, or back where blocks are cut off. */
static void give_pages(struct segment *segment, uint64_t begin, uint64_t end)
{
	uint64_t first = begin - blocks_offset(segment), last = end - blocks_offset(segment);
	if (!atomic_compare_exchange_strong(&segment->header->heap_taken, &last, first))
		list_pages(segment, begin, end);
}

static void give_runs(struct segment *segment)
{
	uint64_t begin = blocks_offset(segment), room = blocks_end(segment) - begin;
	uint64_t taken = atomic_load(&segment->header->heap_taken);
	uint64_t end = begin + (taken < room ? taken : room) / SEGMENT_PAGE * SEGMENT_PAGE;
	while (begin < end) {
		uint64_t at = begin;
		while (at < end && claim_page(segment, at))
			at += SEGMENT_PAGE;
		if (at > begin)
			give_pages(segment, begin, at);
		begin = at + SEGMENT_PAGE; /* which is not free */
	}
}

/* Changes whenever a block was given back, or taken. */
static uint64_t changes(const struct segment *segment)
{
	uint64_t sum = atomic_load(&segment->header->heap_taken);
	for (uint32_t kind = SMALL_KINDS; kind < KINDS; kind++)
		sum += atomic_load(&segment->header->heap_free[kind]) >> 32;
	return sum;
}

/* False when there was nothing to join: nothing has changed since this rank did. */
static bool join(struct segment *segment)
{
	_Atomic uint32_t *joiner = &segment->header->heap_joiner;
	uint32_t nobody = 0, me = segment->rank + 1;
	if (changes(segment) == atomic_load(&segment->heap_joined))
		return false;
	atomic_compare_exchange_strong(joiner, &nobody, me);
	take_apart(segment);
	give_runs(segment);
	atomic_compare_exchange_strong(joiner, &me, 0);
	atomic_store(&segment->heap_joined, changes(segment));
	return true;
}

/* Then what it is about to list is not to be had. */
static bool another_joins(const struct segment *segment)
{
	uint32_t joiner = atomic_load(&segment->header->heap_joiner);
	return joiner != 0 && joiner != segment->rank + 1 && joiner <= segment->header->rank_count &&
	       atomic_load(&segment->ranks[joiner - 1].presence) < RANK_LEFT;
}

/* --- taking, of either size --- */

static uint64_t take_whole(struct segment *segment, uint32_t kind)
{
	uint64_t offset = pop(segment, kind);
	if (offset == 0)
		offset = cut_off(segment, kind);
	return offset != 0 ? offset : take_part(segment, kind);
}

static uint64_t take_large(struct segment *segment, uint32_t kind)
{
	enum { PATIENCE_MS = 100 };
	uint64_t offset = take_whole(segment, kind);
	if (offset != 0 || kind_bytes(kind) > blocks_end(segment) - blocks_offset(segment))
		return offset;
	int64_t until = ticks_clock_ns() + (int64_t)PATIENCE_MS * 1000000;
	bool waits;
	do {
		waits = another_joins(segment) && ticks_clock_ns() < until;
		if (join(segment))
			offset = take_whole(segment, kind);
		else if (waits)
			sched_yield();
	} while (offset == 0 && waits);
	return offset;
}

static uint64_t take_small(struct segment *segment, uint32_t kind)
{
	uint64_t first = pop(segment, kind);
	if (first != 0 || (first = take_large(segment, SMALL_KINDS)) == 0)
		return first;
	uint64_t bytes = kind_bytes(kind), last = first + SEGMENT_PAGE - bytes;
	atomic_store(map_at(segment, first), (uint8_t)(kind + 1));
	for (uint64_t at = first + bytes; at <= last; at += bytes) {
		struct free_block *block = segment_at(segment, at);
		atomic_store_explicit(&block->next, (uint32_t)((at + bytes) / SEGMENT_LINE), memory_order_relaxed);
		atomic_store_explicit(&block->mark, FREE_MARK + at, memory_order_relaxed);
	}
	push(segment, kind, first + bytes, last);
	return first;
}

uint64_t heap_take(struct segment *segment, uint64_t bytes)
{
	if (bytes == 0 || bytes > segment->bytes)
		return 0;
	uint32_t kind = kind_for(bytes);
	if (kind >= KINDS)
		return 0;
	return kind < SMALL_KINDS ? take_small(segment, kind) : take_large(segment, kind);
}

/* --- giving back --- */

static bool give_small(struct segment *segment, uint64_t offset, uint32_t kind)
{
	struct free_block *block = segment_at(segment, offset);
	if (atomic_exchange(&block->mark, FREE_MARK + offset) == FREE_MARK + offset)
		return false;
	push(segment, kind, offset, offset);
	return true;
}

static bool give_large(struct segment *segment, uint64_t offset, uint32_t kind)
{
	_Atomic uint8_t *map = map_at(segment, offset);
	uint8_t mine = (uint8_t)(kind + 1);
	if (!atomic_compare_exchange_strong(map, &mine, MAP_NOTHING))
		return false;
	uint64_t begin = offset - blocks_offset(segment), end = begin + kind_bytes(kind);
	if (atomic_compare_exchange_strong(&segment->header->heap_taken, &end, begin))
		return true;
	atomic_store(map, (uint8_t)((kind + 1) | MAP_GIVEN_BACK));
	push(segment, kind, offset, offset);
	return true;
}

bool heap_give(struct segment *segment, uint64_t offset)
{
	if (offset < blocks_offset(segment) || offset >= blocks_end(segment))
		return false;
	uint32_t number = atomic_load(map_at(segment, offset));
	if (number == MAP_NOTHING || number > KINDS || !is_block_of(segment, offset, number - 1))
		return false;
	return number <= SMALL_KINDS ? give_small(segment, offset, number - 1)
	                             : give_large(segment, offset, number - 1);
}

uint64_t heap_block_bytes(const struct segment *segment, uint64_t offset)
{
	if (offset < blocks_offset(segment) || offset >= blocks_end(segment))
		return 0;
	uint32_t number = atomic_load(map_at(segment, offset));
	if (number == MAP_NOTHING || number > KINDS || !is_block_of(segment, offset, number - 1))
		return 0;
	return kind_bytes(number - 1);
}
