/* SPDX-License-Identifier: MIT
 *
 * output: what ranks print arrives whole: lines are not torn whatever pieces they come in, long ones pass while others
 * wait, a stream alone in its file is not touched, and the last lines of stderr are kept. Pieces are random; the seed
 * is printed, and taken from MUSTER_TEST_SEED.
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
	for (uint32_t r = 0; r < FIXTURE_RANKS; r++)
		for (int s = 0; s < OUTPUT_STREAMS; s++)
			harness_send_to(&h, r, s, "all", NULL);
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

struct decorated_row {
	const char *what;
	const char *pieces[8]; /* "0o..." rank 0's stdout, "1e..." rank 1's stderr; NULL: the end */
	const char *file;      /* both ranks' both streams go there */
};

static const struct decorated_row decorated[] = {
	{"whole lines", {"0oa\n", "1ob\n", "0ec\n"}, "[0] a\n[1] b\n[0] c\n"},
	{"halves wait for each other", {"0oone ", "1othree ", "0otwo\n", "1ofour\n"}, "[0] one two\n[1] three four\n"},
	{"stdout and stderr of a rank are told apart too", {"0oout ", "0eerr\n", "0oend\n"}, "[0] err\n[0] out end\n"},
	{"several lines in a piece", {"0oa\nb\nc", "1ox\n", "0od\n"}, "[0] a\n[0] b\n[1] x\n[0] cd\n"},
	{"empty lines", {"0o\n\n", "1o\n"}, "[0] \n[0] \n[1] \n"},
	{"a last line without its newline gets one", {"0oend", "1ex\n"}, "[1] x\n[0] end\n"},
	{"both do", {"0oa", "1ob", "1ec"}, "[0] a\n[1] b\n[1] c\n"},
	{"carriage returns are left alone", {"0oa\r", "0ob\r\n"}, "[0] a\rb\r\n"},
	{"nothing", {NULL}, ""},
};

static void decorated_lines_are_whole_and_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(decorated); i++) {
		struct harness h;
		harness_begin(&h, 2);
		for (uint32_t r = 0; r < 2; r++)
			for (int s = 0; s < OUTPUT_STREAMS; s++)
				harness_send_to(&h, r, s, "all", NULL);
		harness_open(&h);
		for (const char *const *piece = decorated[i].pieces; *piece != NULL; piece++)
			harness_say(&h, (uint32_t)((*piece)[0] - '0'), (*piece)[1] == 'e', *piece + 2);
		assert_true(harness_close(&h));
		assert_file_is(&h, "all", decorated[i].file);
		harness_end(&h);
	}
}

static void labels_stand_where_ranks_meet_and_nowhere_else(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	harness_send_to(&h, 0, TO_STDOUT, "own", "all");
	harness_send_to(&h, 1, TO_STDOUT, "all", NULL);
	harness_send_to(&h, 0, TO_STDERR, "both", NULL); /* one rank's two streams: no label, whole lines */
	harness_send_to(&h, 1, TO_STDERR, "", NULL);
	h.f.ranks[0].stdout_sinks.items[0].path = fixture_path(&h.f, "both");
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "half ");
	harness_say(&h, 0, TO_STDERR, "error\n");
	harness_say(&h, 1, TO_STDOUT, "other\n");
	harness_say(&h, 0, TO_STDOUT, "line\n");
	assert_true(harness_close(&h));
	assert_file_is(&h, "both", "error\nhalf line\n");
	assert_file_is(&h, "all", "[1] other\n[0] half line\n");
	harness_end(&h);
}

static void without_labels_lines_are_whole_all_the_same(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	h.f.spec.output.label = false;
	for (uint32_t r = 0; r < 2; r++)
		harness_send_to(&h, r, TO_STDOUT, "all", NULL);
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "one ");
	harness_say(&h, 1, TO_STDOUT, "three\n");
	harness_say(&h, 0, TO_STDOUT, "two");
	assert_true(harness_close(&h));
	assert_file_is(&h, "all", "three\none two\n");
	harness_end(&h);
}

/* "2026-11-20T21:13:05.123456Z [1] text": UTC, so that logs of several hosts sort. */
static void a_timestamp_stands_before_the_label(void **state)
{
	(void)state;
	struct harness h;
	int year, month, day, hour, minute, second, end = 0;
	long microseconds;
	harness_begin(&h, 2);
	h.f.spec.output.timestamp = true;
	harness_send_to(&h, 0, TO_STDOUT, "all", NULL);
	harness_send_to(&h, 1, TO_STDOUT, "all", NULL);
	harness_open(&h);
	harness_say(&h, 1, TO_STDOUT, "text\n");
	assert_true(harness_close(&h));
	char *bytes = harness_file(&h, "all", NULL);
	assert_int_equal(sscanf(bytes, "%4d-%2d-%2dT%2d:%2d:%2d.%6ldZ [1] text%n", &year, &month, &day, &hour, &minute,
	                        &second, &microseconds, &end),
	                 7);
	assert_int_equal(end, strlen("2026-11-20T21:13:05.123456Z [1] text"));
	assert_string_equal(bytes + end, "\n");
	free(bytes);
	harness_end(&h);
}

static char *make_long(size_t length)
{
	char *bytes = malloc(length + 1);
	assert_non_null(bytes);
	memset(bytes, 'x', length);
	bytes[length] = '\0';
	return bytes;
}

static void begin_long_line(struct harness *h, size_t length)
{
	harness_begin(h, 2);
	harness_send_to(h, 0, TO_STDOUT, "all", NULL);
	harness_send_to(h, 1, TO_STDOUT, "all", NULL);
	harness_open(h);
	char *text = make_long(length);
	harness_say(h, 0, TO_STDOUT, text);
	free(text);
}

/* The file is "[0] xxx...x<rest>". */
static void assert_long_file(struct harness *h, size_t length, const char *rest)
{
	size_t size;
	char *bytes = harness_file(h, "all", &size);
	assert_int_equal(size, 4 + length + strlen(rest));
	assert_memory_equal(bytes, "[0] ", 4);
	assert_int_equal(strspn(bytes + 4, "x"), length);
	assert_string_equal(bytes + 4 + length, rest);
	free(bytes);
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

static void what_is_in_the_pipes_is_read_before_they_are_closed_although_somebody_holds_them(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	harness_send_to(&h, 0, TO_STDOUT, "all", NULL);
	harness_send_to(&h, 1, TO_STDOUT, "all", NULL);
	harness_open(&h);
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

static void last_words_are_those_of_one_incarnation(void **state)
{
	(void)state;
	struct harness h;
	struct error err;
	harness_begin(&h, 1);
	harness_send_to(&h, 0, TO_STDOUT, "", NULL);
	harness_send_to(&h, 0, TO_STDERR, "", NULL);
	harness_open(&h);
	harness_say(&h, 0, TO_STDERR, "why the first one failed\n");
	harness_end_all(&h);
	assert_int_equal(output_open_rank(h.output, 0, h.ends[0], &err), 0);
	assert_null(output_tail(h.output, 0));
	assert_true(harness_close(&h));
	harness_end(&h);
}

struct tail_row {
	const char *what;
	const char *said;
	const char *lines[TAIL_LINES + 1];
};

static const struct tail_row tails[] = {
	{"nothing", "", {NULL}},
	{"only line ends", "\n\r\n\n", {NULL}},
	{"one line", "one\n", {"one"}},
	{"without its newline", "one\ntwo", {"one", "two"}},
	{"blank lines within", "one\n\ntwo\n\n", {"one", "", "two"}},
	{"Windows line ends", "one\r\ntwo\r\n", {"one", "two"}},
	{"a progress bar", " 10%\r 20%\r100%\n", {" 10%", " 20%", "100%"}},
	{"what is no text", "a\x01\x1b[1mb\x7f\tc\n", {"a..[1mb.\tc"}},
	{"other alphabets", "\xc3\xa9t\xc3\xa9\n", {"\xc3\xa9t\xc3\xa9"}},
	{"twenty lines",
         "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n",
         {"1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10",
          "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"}},
	{"the last twenty of more",
         "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22",
         {"3",  "4",  "5",  "6",  "7",  "8",  "9",  "10", "11", "12",
          "13", "14", "15", "16", "17", "18", "19", "20", "21", "22"}},
};

static void assert_tail(char **lines, const char *const *expected, const char *what)
{
	size_t at = 0;
	for (; expected[at] != NULL; at++) {
		const char *line = lines == NULL || lines[at] == NULL ? "(none)" : lines[at];
		if (strcmp(line, expected[at]) != 0)
			fail_msg("%s: line %zu is \"%s\", expected \"%s\"", what, at, line, expected[at]);
	}
	if (at == 0)
		assert_null(lines);
	else
		assert_null(lines[at]);
	for (size_t i = 0; i < at; i++)
		free(lines[i]);
	free(lines);
}

static void the_last_lines_of_stderr_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(tails); i++) {
		struct harness h;
		harness_begin(&h, 1);
		harness_send_to(&h, 0, TO_STDERR, "", NULL); /* kept although it goes nowhere */
		harness_open(&h);
		harness_say(&h, 0, TO_STDOUT, "");
		harness_say(&h, 0, TO_STDERR, tails[i].said);
		assert_tail(output_tail(h.output, 0), tails[i].lines, tails[i].what);
		assert_true(harness_close(&h));
		harness_end(&h);
	}
}

static void of_a_flood_the_last_bytes_are_kept(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 1);
	harness_send_to(&h, 0, TO_STDERR, "err", NULL);
	harness_open(&h);
	char *flood = make_long(100000);
	harness_say(&h, 0, TO_STDERR, flood);
	harness_say(&h, 0, TO_STDERR, "\nlast\n");
	char **lines = output_tail(h.output, 0);
	assert_non_null(lines);
	assert_int_equal(strlen(lines[0]), TAIL_BYTES - strlen("\nlast\n"));
	assert_string_equal(lines[1], "last");
	assert_null(lines[2]);
	free(lines[0]);
	free(lines[1]);
	free(lines);
	free(flood);
	assert_true(harness_close(&h));
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_never_torn_whatever_pieces_they_come_in),
		cmocka_unit_test(a_stream_alone_in_its_file_is_passed_byte_for_byte),
		cmocka_unit_test(decorated_lines_are_whole_and_told_apart),
		cmocka_unit_test(labels_stand_where_ranks_meet_and_nowhere_else),
		cmocka_unit_test(without_labels_lines_are_whole_all_the_same),
		cmocka_unit_test(a_timestamp_stands_before_the_label),
		cmocka_unit_test(a_line_too_long_to_hold_passes_whole_while_others_wait),
		cmocka_unit_test(the_end_of_its_stream_ends_a_long_line),
		cmocka_unit_test(a_line_is_held_up_to_its_bound),
		cmocka_unit_test(silence_breaks_a_long_line_off_for_the_others),
		cmocka_unit_test(silence_after_a_rank_ended_breaks_its_long_line_off),
		cmocka_unit_test(what_is_in_the_pipes_is_read_before_they_are_closed_although_somebody_holds_them),
		cmocka_unit_test(a_restarted_rank_has_fresh_streams),
		cmocka_unit_test(the_last_lines_of_stderr_are_kept),
		cmocka_unit_test(last_words_are_those_of_one_incarnation),
		cmocka_unit_test(of_a_flood_the_last_bytes_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
