/* SPDX-License-Identifier: MIT
 *
 * output: what ranks print arrives whole: lines are not torn whatever pieces they come in, long ones pass while others
 * wait, a stream alone in its file is not touched. Pieces are random; the seed is printed, and taken from
 * MUSTER_TEST_SEED.
 */
#include "output_harness.h"

#include "run/stream.h"

#include <inttypes.h>

enum { ROUNDS = 12, LINES_A_STREAM = 150, STREAMS = FIXTURE_RANKS * OUTPUT_STREAMS };

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(random_state >> 33) % limit;
}

static void choose_seed(void)
{
	const char *given = getenv("MUSTER_TEST_SEED");
	random_state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 1000 + (uint64_t)getpid();
	print_message("seed: MUSTER_TEST_SEED=%" PRIu64 "\n", random_state);
}

/* What one stream says, line after line, and how far it has come. */
struct speaker {
	char *text;
	size_t length;
	size_t said;
	size_t capacity;
};

static void add_bytes(struct speaker *speaker, const char *bytes, size_t length)
{
	if (speaker->length + length > speaker->capacity) {
		speaker->capacity = (speaker->length + length) * 2;
		speaker->text = realloc(speaker->text, speaker->capacity);
		assert_non_null(speaker->text);
	}
	memcpy(speaker->text + speaker->length, bytes, length);
	speaker->length += length;
}

/* Lines of any length, with every byte but the newline in them, now and then a very short or a very long one; the first
 * byte tells the stream. */
static void make_lines(struct speaker *speaker, int stream)
{
	static char line[200000];
	*speaker = (struct speaker){0};
	for (int i = 0; i < LINES_A_STREAM; i++) {
		uint32_t kind = random_below(100);
		size_t length = kind < 10 ? 0 : kind < 97 ? random_below(300) : random_below(sizeof line - 1);
		for (size_t at = 0; at < length; at++) {
			line[at] = (char)random_below(256);
			if (line[at] == '\n')
				line[at] = '\0';
		}
		line[0] = "oe"[stream];
		length = length == 0 ? 1 : length;
		line[length] = '\n';
		add_bytes(speaker, line, length + 1);
	}
}

static void say_a_piece(struct harness *h, struct speaker *speakers)
{
	uint32_t who = random_below(STREAMS);
	struct speaker *speaker = &speakers[who];
	size_t left = speaker->length - speaker->said;
	size_t length = 1 + (random_below(8) == 0 ? random_below(70000) : random_below(400));
	length = length < left ? length : left;
	if (length == 0)
		return;
	harness_feed(h, who / OUTPUT_STREAMS, (int)(who % OUTPUT_STREAMS), speaker->text + speaker->said, length);
	speaker->said += length;
}

static bool anybody_speaks(const struct speaker *speakers)
{
	for (int i = 0; i < STREAMS; i++)
		if (speakers[i].said < speakers[i].length)
			return true;
	return false;
}

/* Takes the next line of `rank` off whichever of its two streams it is the next of. */
static bool take_line(struct speaker *of_rank, const char *line, size_t length)
{
	for (int s = 0; s < OUTPUT_STREAMS; s++) {
		struct speaker *speaker = &of_rank[s];
		if (speaker->length - speaker->said >= length &&
		    memcmp(speaker->text + speaker->said, line, length) == 0) {
			speaker->said += length;
			return true;
		}
	}
	return false;
}

/* Every line of the file is the next line of its rank, and in the end nothing is missing. */
static void check_lines(struct speaker *speakers, const char *bytes, size_t length)
{
	for (int i = 0; i < STREAMS; i++)
		speakers[i].said = 0;
	while (length > 0) {
		const char *newline = memchr(bytes, '\n', length);
		assert_non_null(newline);
		size_t line = (size_t)(newline + 1 - bytes);
		assert_true(line >= 5 && bytes[0] == '[' && bytes[2] == ']' && bytes[3] == ' ');
		assert_in_range(bytes[1], '0', '0' + FIXTURE_RANKS - 1);
		if (!take_line(&speakers[(bytes[1] - '0') * OUTPUT_STREAMS], bytes + 4, line - 4))
			fail_msg("a torn, doubled or misplaced line of %zu bytes of rank %c", line, bytes[1]);
		bytes += line;
		length -= line;
	}
	assert_false(anybody_speaks(speakers));
}

static void one_round(void)
{
	struct harness h;
	struct speaker speakers[STREAMS];
	size_t length;
	harness_begin(&h, FIXTURE_RANKS);
	harness_send_all_to(&h, "all");
	harness_open(&h);
	for (int i = 0; i < STREAMS; i++)
		make_lines(&speakers[i], i % OUTPUT_STREAMS);
	while (anybody_speaks(speakers))
		say_a_piece(&h, speakers);
	assert_true(harness_close(&h));
	char *bytes = harness_file(&h, "all", &length);
	check_lines(speakers, bytes, length);
	free(bytes);
	for (int i = 0; i < STREAMS; i++)
		free(speakers[i].text);
	harness_end(&h);
}

static void lines_are_never_torn_whatever_pieces_they_come_in(void **state)
{
	(void)state;
	choose_seed();
	for (int round = 0; round < ROUNDS; round++)
		one_round();
}

static void a_stream_alone_in_its_file_is_passed_byte_for_byte(void **state)
{
	(void)state;
	struct harness h;
	static char sent[300000];
	size_t length;
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)random_below(256);
	sent[sizeof sent - 1] = 'x'; /* no newline at the end: none is added */
	harness_begin(&h, 2);
	harness_send_to(&h, 0, TO_STDOUT, "own", NULL);
	harness_send_to(&h, 1, TO_STDOUT, "", NULL);
	harness_open(&h);
	harness_feed(&h, 0, TO_STDOUT, sent, sizeof sent);
	assert_true(harness_close(&h));
	char *bytes = harness_file(&h, "own", &length);
	assert_int_equal(length, sizeof sent);
	assert_memory_equal(bytes, sent, length);
	free(bytes);
	harness_end(&h);
}

static void open_two_into_one(struct harness *h)
{
	harness_begin(h, 2);
	harness_send_to(h, 0, TO_STDOUT, "all", NULL);
	harness_send_to(h, 1, TO_STDOUT, "all", NULL);
	harness_open(h);
}

static void begin_long_line(struct harness *h, size_t length)
{
	open_two_into_one(h);
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

static void what_is_in_the_pipes_is_read_before_they_are_closed_although_somebody_holds_them(void **state)
{
	(void)state;
	struct harness h;
	open_two_into_one(&h);
	assert_int_equal(write(h.ends[0][TO_STDOUT], "last words", 10), 10);
	assert_false(output_is_drained(h.output));
	output_close_when_empty(h.output);
	assert_true(output_is_drained(h.output));
	assert_true(h.changes > 0);
	assert_file_is(&h, "all", "[0] last words\n");
	assert_int_equal(write(h.ends[0][TO_STDOUT], "x", 1), -1); /* the grandchild is told */
	assert_int_equal(errno, EPIPE);
	assert_true(harness_close(&h));
	harness_end(&h);
}

/* Nobody waits for the end of a long line when all is over. */
static void the_partial_last_line_of_one_does_not_tear_the_long_line_of_another(void **state)
{
	(void)state;
	struct harness h;
	open_two_into_one(&h);
	harness_say(&h, 0, TO_STDOUT, "partial");
	char *text = harness_make_long(3 * LINE_HELD_MAX);
	harness_say(&h, 1, TO_STDOUT, text);
	free(text);
	output_close_when_empty(h.output);
	assert_true(harness_close(&h));
	assert_long_file_of(&h, "[1] ", 3 * LINE_HELD_MAX, "\n[0] partial\n");
	harness_end(&h);
}

static void a_restarted_rank_has_fresh_streams(void **state)
{
	(void)state;
	struct harness h;
	struct error err;
	harness_begin(&h, 1);
	harness_send_to(&h, 0, TO_STDOUT, "own", NULL);
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "first\n");
	harness_end_all(&h);
	output_close_when_empty(h.output);
	assert_true(output_is_drained(h.output));
	assert_int_equal(output_open_rank(h.output, 0, h.ends[0], &err), 0);
	assert_false(output_is_drained(h.output));
	harness_say(&h, 0, TO_STDOUT, "second\n");
	assert_true(harness_close(&h));
	assert_file_is(&h, "own", "first\nsecond\n");
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_never_torn_whatever_pieces_they_come_in),
		cmocka_unit_test(a_stream_alone_in_its_file_is_passed_byte_for_byte),
		cmocka_unit_test(a_line_too_long_to_hold_passes_whole_while_others_wait),
		cmocka_unit_test(the_end_of_its_stream_ends_a_long_line),
		cmocka_unit_test(a_line_is_held_up_to_its_bound),
		cmocka_unit_test(what_is_held_of_partial_lines_is_bounded_in_all),
		cmocka_unit_test(silence_breaks_a_long_line_off_for_the_others),
		cmocka_unit_test(silence_after_a_rank_ended_breaks_its_long_line_off),
		cmocka_unit_test(a_line_without_end_is_broken_off_while_another_waits),
		cmocka_unit_test(a_line_without_end_is_whole_where_nobody_waits),
		cmocka_unit_test(muster_s_own_words_wait_no_longer_for_a_line_without_end),
		cmocka_unit_test(what_is_in_the_pipes_is_read_before_they_are_closed_although_somebody_holds_them),
		cmocka_unit_test(the_partial_last_line_of_one_does_not_tear_the_long_line_of_another),
		cmocka_unit_test(a_restarted_rank_has_fresh_streams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
