/* SPDX-License-Identifier: MIT
 *
 * The heap of a job's segment: what it gives out is aligned, big enough and nobody else's, also while threads and ranks
 * take and give at once, die in between, or have scribbled over its lists.
 */
#include "heap.h"
#include "ranks.h"
#include "unit_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 64 << 20, TRY_BYTES_MAX = 9 << 20 };

/* A segment without its rank's part: all that the heap looks at. */
static struct segment open_segment(void)
{
	int fd = ranks_make_segment(&(struct ranks_options){.ranks = 1, .segment_bytes = BYTES});
	struct segment segment = {.bytes = (size_t)lseek(fd, 0, SEEK_END)};
	segment.base = mmap(NULL, segment.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(segment.base, MAP_FAILED);
	close(fd);
	segment.header = (struct segment_header *)segment.base;
	segment.ranks = segment_at(&segment, segment.header->ranks_offset);
	return segment;
}

static void close_segment(struct segment *segment)
{
	munmap(segment->base, segment->bytes);
}

static uint64_t room(const struct segment *segment)
{
	uint64_t heap_bytes = segment->bytes - segment->header->heap_offset;
	return heap_bytes - segment_round(heap_bytes / SEGMENT_PAGE, SEGMENT_PAGE);
}

static void blocks_are_aligned_and_hold_what_was_asked_for(void **state)
{
	struct segment segment = open_segment();
	(void)state;
	for (uint64_t bytes = 1; bytes < TRY_BYTES_MAX; bytes += bytes < 20000 ? 1 : bytes / 7) {
		uint64_t offset = heap_take(&segment, bytes);
		assert_true(offset >= segment.header->heap_offset);
		assert_int_equal(offset % (bytes >= SEGMENT_PAGE ? SEGMENT_PAGE : SEGMENT_LINE), 0);
		uint64_t holds = heap_block_bytes(&segment, offset);
		assert_true(holds >= bytes);
		assert_true(holds <= SEGMENT_LINE || holds < bytes * 2);
		assert_true(holds <= 4 * SEGMENT_PAGE || holds <= bytes + bytes / 4 + SEGMENT_PAGE);
		assert_true(offset + holds <= segment.bytes);
		assert_true(heap_give(&segment, offset));
	}
	close_segment(&segment);
}

static void none_is_left_is_said_and_what_is_given_back_is_there_again(void **state)
{
	struct segment segment = open_segment();
	static const uint64_t sizes[] = {64, 100, 2048, 4096, 5 * 4096, 1 << 20};
	(void)state;
	assert_int_equal(heap_take(&segment, 0), 0);
	assert_int_equal(heap_take(&segment, segment.bytes), 0);
	assert_int_equal(heap_take(&segment, UINT64_MAX), 0);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		uint64_t *taken = calloc(room(&segment) / 64 + 1, sizeof *taken), count = 0;
		while ((taken[count] = heap_take(&segment, sizes[i])) != 0)
			count++;
		uint64_t block = heap_block_bytes(&segment, taken[0]);
		assert_true(count * block + block > room(&segment) - SEGMENT_PAGE);
		for (int round = 0; round < 2; round++) {
			for (uint64_t block_number = 0; block_number < count; block_number++)
				assert_true(heap_give(&segment, taken[block_number]));
			for (uint64_t block_number = 0; block_number < count; block_number++)
				assert_true((taken[block_number] = heap_take(&segment, sizes[i])) != 0);
			assert_int_equal(heap_take(&segment, sizes[i]), 0);
		}
		free(taken);
		close_segment(&segment);
		segment = open_segment();
	}
	close_segment(&segment);
}

static void large_blocks_serve_small_ones_when_nothing_else_is_left(void **state)
{
	struct segment segment = open_segment();
	uint64_t large[64], count = 0, pages = 0;
	(void)state;
	while (count < COUNT_OF(large) && (large[count] = heap_take(&segment, 7 << 20)) != 0)
		count++;
	while (heap_take(&segment, SEGMENT_PAGE) != 0)
		;
	assert_true(count > 1);
	assert_true(heap_give(&segment, large[0]));
	while (heap_take(&segment, SEGMENT_PAGE) != 0)
		pages++;
	assert_int_equal(pages, (7 << 20) / SEGMENT_PAGE);
	close_segment(&segment);
}

enum { PIECE_BYTES = 1 << 20, PIECES_MAX = 64, SEVERAL = 8 };

static uint64_t take_all_pieces(struct segment *segment, uint64_t *pieces)
{
	uint64_t count = 0;
	while ((pieces[count] = heap_take(segment, PIECE_BYTES)) != 0)
		count++;
	return count;
}

static void small_ones_that_are_neighbours_serve_large_ones_when_nothing_else_is_left(void **state)
{
	struct segment segment = open_segment();
	uint64_t pieces[PIECES_MAX], count;
	(void)state;
	for (int round = 0; round < 3; round++) {
		count = take_all_pieces(&segment, pieces);
		assert_true(count > 3 * SEVERAL);
		/* In the order in which they were taken, so that none but the last goes back where it was cut off. */
		for (uint64_t i = 0; i < count; i++)
			assert_true(heap_give(&segment, pieces[i]));
		uint64_t large = heap_take(&segment, SEVERAL * PIECE_BYTES);
		assert_int_not_equal(large, 0);
		assert_true(heap_give(&segment, large));
	}
	/* What is in use stays apart. */
	count = take_all_pieces(&segment, pieces);
	for (uint64_t i = 0; i < count; i++) {
		memset(segment_at(&segment, pieces[i]), (int)i, PIECE_BYTES);
		if (i % SEVERAL != 0)
			assert_true(heap_give(&segment, pieces[i]));
	}
	assert_int_equal(heap_take(&segment, SEVERAL * PIECE_BYTES), 0);
	uint64_t between = heap_take(&segment, (SEVERAL - 1) * PIECE_BYTES);
	assert_int_not_equal(between, 0);
	memset(segment_at(&segment, between), 0xff, (SEVERAL - 1) * PIECE_BYTES);
	for (uint64_t i = 0; i < count; i += SEVERAL)
		for (uint64_t at = 0; at < PIECE_BYTES; at += SEGMENT_LINE)
			assert_int_equal(*(unsigned char *)segment_at(&segment, pieces[i] + at), i);
	close_segment(&segment);
}

/* As one leaves it that is stopped, or dies: pages on no list. Only a moment is waited for such a one. */
static void what_another_was_joining_is_anybodys(void **state)
{
	struct segment segment = open_segment();
	uint64_t pieces[PIECES_MAX], count = take_all_pieces(&segment, pieces);
	_Atomic uint8_t *map = segment_at(&segment, segment.header->heap_offset);
	(void)state;
	segment.rank = 1;
	segment.header->rank_count = 2;
	segment.header->heap_joiner = 1;
	assert_int_equal(heap_take(&segment, SEVERAL * PIECE_BYTES), 0);
	for (uint64_t i = 0; i < count; i++)
		for (uint64_t at = pieces[i]; at < pieces[i] + PIECE_BYTES; at += SEGMENT_PAGE)
			map[(at - segment.header->heap_offset) / SEGMENT_PAGE] = 0x7f;
	segment.heap_joined = 0;
	for (uint64_t i = 0; i < 3; i++)
		assert_int_not_equal(heap_take(&segment, SEVERAL * PIECE_BYTES), 0);
	segment.ranks[0].presence = RANK_DYING; /* then it is not waited for */
	assert_int_equal(heap_take(&segment, BYTES / 4 * 3), 0);
	close_segment(&segment);
}

static void what_is_no_block_or_was_given_back_before_is_refused(void **state)
{
	struct segment segment = open_segment();
	(void)state;
	static const uint64_t sizes[] = {64, 1000, 4096, 30000};
	assert_false(heap_give(&segment, 0));
	assert_false(heap_give(&segment, segment.header->heap_offset));
	assert_false(heap_give(&segment, segment.bytes));
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		uint64_t offset = heap_take(&segment, sizes[i]);
		uint64_t other = heap_take(&segment, sizes[i]);
		assert_false(heap_give(&segment, offset + 8));
		assert_false(sizes[i] > 64 && heap_give(&segment, offset + 64));
		assert_true(heap_give(&segment, offset));
		assert_false(heap_give(&segment, offset));
		assert_true(heap_give(&segment, other));
		assert_false(heap_give(&segment, other));
	}
	close_segment(&segment);
}

/* --- many at once --- */

enum { HAMMERERS = 6, HELD = 40, ROUNDS = 20000, LARGE_ROUNDS = 300, SMALL_DOUBLINGS = 14, LARGE_DOUBLINGS = 23 };

struct hammerer {
	struct segment *segment;
	uint64_t seed;
	uint64_t doublings; /* sizes: up to so many of a byte */
	bool forever;
	_Atomic int *wrong;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Writes its name over all of each block, and looks whether it is still there when it gives it back. */
static void *hammer(void *argument)
{
	struct hammerer *me = argument;
	struct {
		uint64_t offset, bytes;
	} held[HELD] = {{0, 0}};
	uint64_t seed = me->seed;
	int rounds = me->doublings == LARGE_DOUBLINGS ? LARGE_ROUNDS : ROUNDS;
	for (int round = 0; me->forever || round < rounds; round++) {
		size_t i = next_random(&seed) % HELD;
		unsigned char *block = segment_at(me->segment, held[i].offset);
		if (held[i].offset != 0) {
			for (uint64_t at = 0; at < held[i].bytes; at += 61)
				if (block[at] != (unsigned char)me->seed)
					atomic_fetch_add(me->wrong, 1);
			if (!heap_give(me->segment, held[i].offset))
				atomic_fetch_add(me->wrong, 1);
			held[i].offset = 0;
			continue;
		}
		held[i].bytes = UINT64_C(1) << next_random(&seed) % me->doublings;
		held[i].bytes += next_random(&seed) % held[i].bytes;
		held[i].offset = heap_take(me->segment, held[i].bytes);
		if (held[i].offset != 0)
			memset(segment_at(me->segment, held[i].offset), (unsigned char)me->seed, held[i].bytes);
	}
	return NULL;
}

static void hammer_at_once(uint64_t doublings)
{
	struct segment segment = open_segment();
	struct hammerer hammerers[HAMMERERS];
	pthread_t threads[HAMMERERS];
	_Atomic int wrong = 0;
	for (int i = 0; i < HAMMERERS; i++) {
		hammerers[i] = (struct hammerer){
			.segment = &segment, .seed = (uint64_t)i + 1, .doublings = doublings, .wrong = &wrong};
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &hammerers[i]), 0);
	}
	for (int i = 0; i < HAMMERERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong, 0);
	close_segment(&segment);
}

static void threads_never_get_the_same_block(void **state)
{
	(void)state;
	hammer_at_once(SMALL_DOUBLINGS);
}

static void nor_when_there_is_so_little_that_free_ones_are_joined(void **state)
{
	(void)state;
	hammer_at_once(LARGE_DOUBLINGS);
}

static void a_rank_that_dies_in_between_spoils_nothing_for_others(void **state)
{
	struct segment segment = open_segment();
	_Atomic int *wrong = ranks_share(sizeof *wrong);
	(void)state;
	for (int round = 0; round < 300; round++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			hammer(&(struct hammerer){.segment = &segment,
			                          .seed = (uint64_t)round % 100 + 100,
			                          .doublings = round % 2 == 0 ? SMALL_DOUBLINGS : LARGE_DOUBLINGS,
			                          .forever = true,
			                          .wrong = wrong});
			_exit(1);
		}
		usleep((useconds_t)(round % 30) * 20);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		/* What the dead held is lost; a fresh heap now and then keeps some for the next. */
		if (round % 10 == 9) {
			hammer(&(struct hammerer){
				.segment = &segment, .seed = 1, .doublings = SMALL_DOUBLINGS, .wrong = wrong});
			assert_int_equal(*wrong, 0);
			close_segment(&segment);
			segment = open_segment();
		}
	}
	close_segment(&segment);
}

static void scribbled_lists_lead_nowhere_outside_of_the_heap(void **state)
{
	uint64_t seed = 4711;
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct segment segment = open_segment();
		uint64_t begin = heap_take(&segment, 64), end = segment.bytes;
		for (int i = 0; i < 2000; i++) {
			uint64_t bytes = UINT64_C(1) << next_random(&seed) % 18;
			uint64_t offset = heap_take(&segment, bytes);
			if (offset != 0) {
				assert_true(offset >= segment.header->heap_offset && offset + bytes <= end);
				memset(segment_at(&segment, offset), (int)next_random(&seed), bytes < 64 ? bytes : 64);
				heap_give(&segment, offset);
				memset(segment_at(&segment, offset), (int)next_random(&seed), 4);
			}
			_Atomic uint64_t *list = &segment.header->heap_free[next_random(&seed) % SEGMENT_HEAP_CLASSES];
			if (i % 3 == 0)
				*list = next_random(&seed) >> next_random(&seed) % 64;
			if (i % 500 == 499)
				segment.header->heap_taken = next_random(&seed) >> next_random(&seed) % 64;
		}
		assert_true(begin != 0);
		close_segment(&segment);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_aligned_and_hold_what_was_asked_for),
		cmocka_unit_test(none_is_left_is_said_and_what_is_given_back_is_there_again),
		cmocka_unit_test(large_blocks_serve_small_ones_when_nothing_else_is_left),
		cmocka_unit_test(small_ones_that_are_neighbours_serve_large_ones_when_nothing_else_is_left),
		cmocka_unit_test(what_another_was_joining_is_anybodys),
		cmocka_unit_test(what_is_no_block_or_was_given_back_before_is_refused),
		cmocka_unit_test(threads_never_get_the_same_block),
		cmocka_unit_test(nor_when_there_is_so_little_that_free_ones_are_joined),
		cmocka_unit_test(a_rank_that_dies_in_between_spoils_nothing_for_others),
		cmocka_unit_test(scribbled_lists_lead_nowhere_outside_of_the_heap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
