/* SPDX-License-Identifier: MIT
 *
 * output: what stands before a line: the label where ranks meet, the timestamp.
 */
#include "output_harness.h"

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
		harness_send_all_to(&h, "all");
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

static void a_file_of_one_rank_has_timestamps_and_no_labels(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	h.f.spec.output.timestamp = true;
	harness_send_to(&h, 0, TO_STDOUT, "own", NULL);
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "text\n");
	assert_true(harness_close(&h));
	char *bytes = harness_file(&h, "own", NULL);
	assert_string_equal(bytes + strlen("2026-11-20T21:13:05.123456Z"), " text\n");
	free(bytes);
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decorated_lines_are_whole_and_told_apart),
		cmocka_unit_test(labels_stand_where_ranks_meet_and_nowhere_else),
		cmocka_unit_test(without_labels_lines_are_whole_all_the_same),
		cmocka_unit_test(a_timestamp_stands_before_the_label),
		cmocka_unit_test(a_file_of_one_rank_has_timestamps_and_no_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
