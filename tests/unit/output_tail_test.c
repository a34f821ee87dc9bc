/* SPDX-License-Identifier: MIT
 *
 * output: the last lines of stderr, which are kept for the report of a failure.
 */
#include "output_harness.h"

#include "run/stream.h"

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
	{"a progress bar shows its last state", "begin\n 10%\r 20%\r100%\nend\n", {"begin", "100%", "end"}},
	{"line ends of a terminal behind another", "one\r\r\ntwo\r\r\n", {"one", "two"}},
	{"a progress bar that was cut off", " 10%\r 20%\r", {" 20%"}},
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
	char *flood = harness_make_long(100000);
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

static void when_a_traceback_began_is_known_while_it_is_in_the_tail(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	harness_send_to(&h, 0, TO_STDERR, "err", NULL);
	harness_send_to(&h, 1, TO_STDERR, "err", NULL);
	harness_open(&h);
	harness_say(&h, 0, TO_STDERR, "no trace\n");
	assert_int_equal(output_traceback_ns(h.output, 0), 0);
	harness_say(&h, 0, TO_STDERR, "x\nTraceback (most recent call last):\n  File\n");
	harness_say(&h, 1, TO_STDERR, "Traceback (most recent call last):\n");
	int64_t began_ns = output_traceback_ns(h.output, 0);
	assert_true(began_ns > 0 && began_ns < output_traceback_ns(h.output, 1));
	harness_say(&h, 0, TO_STDERR, "ValueError\n");
	assert_int_equal(output_traceback_ns(h.output, 0), began_ns);
	char *flood = harness_make_long(TAIL_BYTES);
	harness_say(&h, 0, TO_STDERR, flood);
	assert_int_equal(output_traceback_ns(h.output, 0), 0);
	free(flood);
	assert_true(harness_close(&h));
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_words_are_those_of_one_incarnation),
		cmocka_unit_test(the_last_lines_of_stderr_are_kept),
		cmocka_unit_test(of_a_flood_the_last_bytes_are_kept),
		cmocka_unit_test(when_a_traceback_began_is_known_while_it_is_in_the_tail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
