/* SPDX-License-Identifier: MIT
 *
 * output: a line that is too long to be held passes whole while others wait, and is broken off for them when it stops
 * or has no end.
 */
#include "output_harness.h"

#include "run/stream.h"

static void begin_long_line(struct harness *h, size_t length)
{
	harness_open_two_into_one(h);
	char *text = harness_make_long(length);
	harness_say(h, 0, TO_STDOUT, text);
	free(text);
}

/* The file is "[0] xxx...x<rest>". */
static void assert_long_file_of(struct harness *h, const char *prefix, size_t length, const char *rest)
{
	size_t size;
	char *bytes = harness_file(h, "all", &size);
	assert_int_equal(size, 4 + length + strlen(rest));
	assert_memory_equal(bytes, prefix, 4);
	assert_int_equal(strspn(bytes + 4, "x"), length);
	assert_string_equal(bytes + 4 + length, rest);
	free(bytes);
}

static void assert_long_file(struct harness *h, size_t length, const char *rest)
{
	assert_long_file_of(h, "[0] ", length, rest);
}

static void a_line_too_long_to_hold_passes_whole_while_others_wait(void **state)
{
	(void)state;
	struct harness h;
	begin_long_line(&h, 3 * LINE_HELD_MAX);
	harness_say(&h, 1, TO_STDOUT, "waits\n");
	assert_long_file(&h, 3 * LINE_HELD_MAX, "");
	harness_say(&h, 0, TO_STDOUT, " end\nnext\n");
	assert_true(harness_close(&h));
	assert_long_file(&h, 3 * LINE_HELD_MAX, " end\n[0] next\n[1] waits\n");
	harness_end(&h);
}

static void the_end_of_its_stream_ends_a_long_line(void **state)
{
	(void)state;
	struct harness h;
	begin_long_line(&h, 2 * LINE_HELD_MAX);
	harness_say(&h, 1, TO_STDOUT, "waits\n");
	harness_end_stream(&h, 0, TO_STDOUT);
	assert_long_file(&h, 2 * LINE_HELD_MAX, "\n[1] waits\n");
	assert_true(harness_close(&h));
	harness_end(&h);
}

struct edge_row {
	size_t length; /* of a line without its newline */
	bool is_held;
};

static const struct edge_row edges[] = {
	{LINE_HELD_MAX - 1, true},
	{LINE_HELD_MAX, true},
	{LINE_HELD_MAX + 1, false},
};

static void a_line_is_held_up_to_its_bound(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(edges); i++) {
		struct harness h;
		size_t size;
		begin_long_line(&h, edges[i].length);
		free(harness_file(&h, "all", &size));
		assert_int_equal(size == 0, edges[i].is_held);
		harness_say(&h, 0, TO_STDOUT, "\n");
		assert_long_file(&h, edges[i].length, "\n");
		assert_true(harness_close(&h));
		harness_end(&h);
	}
}

struct share_row {
	uint32_t nprocs;
	size_t most; /* that a stream holds of a partial line */
};

static const struct share_row shares[] = {
	{2, LINE_HELD_MAX}, {32, LINE_HELD_MAX}, {256, 128 << 10}, {400, (64 << 20) / 800}, {4096, LINE_HELD_LEAST},
};

/* Two ranks of so many, of which the others never print. */
static void open_two_of(struct harness *h, uint32_t nprocs)
{
	static struct rank_plan ranks[4096];
	memcpy(ranks, h->f.ranks, 2 * sizeof *ranks);
	h->f.plan.ranks = ranks;
	h->f.plan.nprocs = nprocs;
	harness_open_first(h, 2);
	h->f.plan.nprocs = 2;
}

static void what_is_held_of_partial_lines_is_bounded_in_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		struct harness h;
		harness_begin(&h, 2);
		harness_send_to(&h, 0, TO_STDOUT, "all", NULL);
		harness_send_to(&h, 1, TO_STDOUT, "all", NULL);
		open_two_of(&h, shares[i].nprocs);
		char *text = harness_make_long(shares[i].most);
		harness_say(&h, 0, TO_STDOUT, text);
		assert_file_is(&h, "all", "");
		harness_say(&h, 0, TO_STDOUT, "x");
		assert_long_file(&h, shares[i].most + 1, "");
		assert_true(harness_close(&h));
		free(text);
		harness_end(&h);
	}
}

static bool other_was_served(struct harness *h)
{
	size_t size;
	char *bytes = harness_file(h, "all", &size);
	bool served = size > 7 && strcmp(bytes + size - 7, "[1] hi\n") == 0;
	free(bytes);
	return served;
}

static void silence_breaks_a_long_line_off_for_the_others(void **state)
{
	(void)state;
	struct harness h;
	begin_long_line(&h, 2 * LINE_HELD_MAX);
	harness_say(&h, 1, TO_STDOUT, "hi\n");
	assert_true(harness_pump_until(&h, other_was_served));
	harness_say(&h, 0, TO_STDOUT, "goes on\n");
	assert_true(harness_close(&h));
	assert_long_file(&h, 2 * LINE_HELD_MAX, "\n[1] hi\n[0] goes on\n");
	harness_end(&h);
}

/* A rank that ended in the middle of a long line, whose pipe a grandchild holds. */
static void silence_after_a_rank_ended_breaks_its_long_line_off(void **state)
{
	(void)state;
	struct harness h;
	begin_long_line(&h, LINE_HELD_MAX);
	assert_int_equal(write(h.ends[0][TO_STDOUT], "xx", 2), 2);
	output_drain_rank(h.output, 0);
	harness_say(&h, 1, TO_STDOUT, "hi\n");
	assert_false(other_was_served(&h));
	assert_true(harness_pump_until(&h, other_was_served));
	assert_true(harness_close(&h));
	harness_end(&h);
}

/* "<[0] xxx>\n[1] hi\n": what follows is not asked for. */
static bool line_of_other_stands_behind(struct harness *h)
{
	size_t size;
	char *bytes = harness_file(h, "all", &size);
	bool stands = strstr(bytes, "x\n[1] hi\n") != NULL;
	free(bytes);
	return stands;
}

static bool goes_on_until_other_was_served(struct harness *h)
{
	harness_say(h, 0, TO_STDOUT, "xxxx");
	return line_of_other_stands_behind(h);
}

static void a_line_without_end_is_broken_off_while_another_waits(void **state)
{
	(void)state;
	struct harness h;
	begin_long_line(&h, 2 * LINE_HELD_MAX);
	harness_say(&h, 1, TO_STDOUT, "hi\n");
	int64_t began_ms = harness_now_ms();
	assert_true(harness_pump_until(&h, goes_on_until_other_was_served));
	assert_in_range(harness_now_ms() - began_ms, 1000, 10000); /* a line that ends in good time stays whole */
	harness_say(&h, 0, TO_STDOUT, "goes on\n");
	assert_true(harness_close(&h));
	char *bytes = harness_file(&h, "all", NULL);
	const char *rest = strstr(bytes, "\n[1] hi\n") + strlen("\n[1] hi\n");
	assert_memory_equal(rest, "[0] ", 4);
	assert_string_equal(rest + 4 + strspn(rest + 4, "x"), "goes on\n");
	free(bytes);
	harness_end(&h);
}

static bool a_long_time_went_by(struct harness *h)
{
	static int64_t began_ms;
	began_ms = began_ms == 0 ? harness_now_ms() : began_ms;
	harness_say(h, 0, TO_STDOUT, "x");
	return harness_now_ms() > began_ms + 2500;
}

static void a_line_without_end_is_whole_where_nobody_waits(void **state)
{
	(void)state;
	struct harness h;
	begin_long_line(&h, 2 * LINE_HELD_MAX);
	assert_true(harness_pump_until(&h, a_long_time_went_by));
	harness_say(&h, 0, TO_STDOUT, "\n");
	assert_true(harness_close(&h));
	size_t size;
	char *bytes = harness_file(&h, "all", &size);
	assert_ptr_equal(strchr(bytes, '\n'), bytes + size - 1);
	free(bytes);
	harness_end(&h);
}

static bool note_was_written(struct harness *h)
{
	char *bytes = harness_file(h, "terminal", NULL);
	bool written = strstr(bytes, "x\nmuster: words\n") != NULL;
	free(bytes);
	return written;
}

static bool goes_on_until_note_was_written(struct harness *h)
{
	harness_say(h, 0, TO_STDERR, "xxxx");
	return note_was_written(h);
}

static void muster_s_own_words_wait_no_longer_for_a_line_without_end(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	harness_replace(&h, STDERR_FILENO, harness_open_file(&h, "terminal"));
	harness_open(&h);
	char *text = harness_make_long(2 * LINE_HELD_MAX);
	harness_say(&h, 0, TO_STDERR, text);
	free(text);
	output_note(h.output, "muster: words\n");
	bool early = note_was_written(&h);
	bool written = harness_pump_until(&h, goes_on_until_note_was_written);
	bool drained = harness_close(&h);
	harness_restore(&h);
	assert_false(early);
	assert_true(written && drained);
	harness_end(&h);
}

/* Nobody waits for the end of a long line when all is over. */
static void the_partial_last_line_of_one_does_not_tear_the_long_line_of_another(void **state)
{
	(void)state;
	struct harness h;
	harness_open_two_into_one(&h);
	harness_say(&h, 0, TO_STDOUT, "partial");
	char *text = harness_make_long(3 * LINE_HELD_MAX);
	harness_say(&h, 1, TO_STDOUT, text);
	free(text);
	output_close_when_empty(h.output);
	assert_true(harness_close(&h));
	assert_long_file_of(&h, "[1] ", 3 * LINE_HELD_MAX, "\n[0] partial\n");
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_too_long_to_hold_passes_whole_while_others_wait),
		cmocka_unit_test(the_end_of_its_stream_ends_a_long_line),
		cmocka_unit_test(a_line_is_held_up_to_its_bound),
		cmocka_unit_test(what_is_held_of_partial_lines_is_bounded_in_all),
		cmocka_unit_test(silence_breaks_a_long_line_off_for_the_others),
		cmocka_unit_test(silence_after_a_rank_ended_breaks_its_long_line_off),
		cmocka_unit_test(a_line_without_end_is_broken_off_while_another_waits),
		cmocka_unit_test(a_line_without_end_is_whole_where_nobody_waits),
		cmocka_unit_test(muster_s_own_words_wait_no_longer_for_a_line_without_end),
		cmocka_unit_test(the_partial_last_line_of_one_does_not_tear_the_long_line_of_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
