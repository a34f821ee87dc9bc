/* SPDX-License-Identifier: MIT
 *
 * output: what ranks print arrives whole: lines are not torn whatever pieces they come in, a stream alone in its file
 * is not touched, nothing is lost at the end. Pieces are random; the seed is printed, and taken from MUSTER_TEST_SEED.
 */
#include "output_harness.h"

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

static void what_is_in_the_pipes_is_read_before_they_are_closed_although_somebody_holds_them(void **state)
{
	(void)state;
	struct harness h;
	harness_open_two_into_one(&h);
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
		cmocka_unit_test(what_is_in_the_pipes_is_read_before_they_are_closed_although_somebody_holds_them),
		cmocka_unit_test(a_restarted_rank_has_fresh_streams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
