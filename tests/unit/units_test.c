/* SPDX-License-Identifier: MIT
 *
 * units: durations, sizes, signals, masks, numbers and words are read as people write them; what has not the form is
 * refused with the value, the reason and the form, and changes nothing.
 */
#include "unit_test.h"

#include "base/error.h"
#include "spec/units.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

struct value {
	const char *text;
	int64_t value;
	const char *written; /* NULL: as `text` */
};

struct refusal {
	const char *text;
	int code;
	const char *says;
};

typedef int parser(const char *text, int64_t *value, struct error *err);

static void expect_refused(parser *parse, const struct refusal *refused, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct error err = {0};
		int64_t value = 4711;
		assert_int_equal(parse(refused[i].text, &value, &err), refused[i].code);
		assert_string_equal(err.text, refused[i].says);
		assert_int_equal(value, 4711);
		assert_int_equal(parse(refused[i].text, &value, NULL), refused[i].code);
	}
}

static const struct value durations[] = {
	{"0", 0, NULL},
	{"500ms", 500, NULL},
	{"30s", 30000, NULL},
	{"5m", 300000, NULL},
	{"1h30m", 5400000, NULL},
	{"1h2m3s4ms", 3723004, NULL},
	{"90s", 90000, "1m30s"},
	{"0s", 0, "0"},
	{"0h0m0s0ms", 0, "0"},
	{"007s", 7000, "7s"},
	{"1500ms", 1500, "1s500ms"},
	{"9223372036854775807ms", INT64_MAX, "2562047788015h12m55s807ms"},
};

static void durations_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(durations); i++) {
		char text[UNIT_TEXT_BYTES];
		int64_t value = -1;
		assert_int_equal(duration_parse(durations[i].text, &value, NULL), 0);
		assert_int_equal(value, durations[i].value);
		assert_string_equal(duration_format(value, text),
		                    durations[i].written == NULL ? durations[i].text : durations[i].written);
	}
}

#define NO_DURATION(text) "\"" text "\" is not a duration like 500ms, 30s, 5m or 1h30m"

static const struct refusal no_durations[] = {
	{"", -EINVAL, NO_DURATION("")},
	{"s", -EINVAL, NO_DURATION("s")},
	{"30", -EINVAL, "30 has no unit: write 30s, or another duration like 500ms, 5m or 1h30m"},
	{"30 s", -EINVAL, NO_DURATION("30 s")},
	{"30S", -EINVAL, NO_DURATION("30S")},
	{"30sec", -EINVAL, NO_DURATION("30sec")},
	{"1.5s", -EINVAL, NO_DURATION("1.5s")},
	{"-1s", -EINVAL, NO_DURATION("-1s")},
	{"+1s", -EINVAL, NO_DURATION("+1s")},
	{"30m1h", -EINVAL, NO_DURATION("30m1h")},
	{"1s1s", -EINVAL, NO_DURATION("1s1s")},
	{"1h30", -EINVAL, NO_DURATION("1h30")},
	{"1h ", -EINVAL, NO_DURATION("1h ")},
	{"9223372036854775808ms", -ERANGE, "\"9223372036854775808ms\" is longer than a duration can be"},
	{"9223372036854775807s", -ERANGE, "\"9223372036854775807s\" is longer than a duration can be"},
	{"2562047788015h999m", -ERANGE, "\"2562047788015h999m\" is longer than a duration can be"},
};

static void what_is_no_duration_is_refused(void **state)
{
	(void)state;
	expect_refused(duration_parse, no_durations, COUNT_OF(no_durations));
}

static const struct value sizes[] = {
	{"0", 0, NULL},
	{"4096", 4096, "4KiB"},
	{"1B", 1, "1"},
	{"512KiB", 524288, NULL},
	{"4GiB", INT64_C(4) << 30, NULL},
	{"2TiB", INT64_C(2) << 40, NULL},
	{"7KB", 7000, NULL},
	{"3MB", 3000000, NULL},
	{"5GB", INT64_C(5000000000), NULL},
	{"1TB", INT64_C(1000000000000), NULL},
	{"1024MiB", INT64_C(1) << 30, "1GiB"},
	{"1001", 1001, NULL},
};

static void sizes_are_read_and_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		char text[UNIT_TEXT_BYTES];
		int64_t value = -1;
		assert_int_equal(size_parse(sizes[i].text, &value, NULL), 0);
		assert_int_equal(value, sizes[i].value);
		assert_string_equal(size_format(value, text),
		                    sizes[i].written == NULL ? sizes[i].text : sizes[i].written);
	}
}

#define NO_SIZE(text) "\"" text "\" is not a size like 4096, 512KiB, 4GiB or 2GB"

static const struct refusal no_sizes[] = {
	{"", -EINVAL, NO_SIZE("")},
	{"KiB", -EINVAL, NO_SIZE("KiB")},
	{"4G", -EINVAL, NO_SIZE("4G") "; did you mean \"4GiB\"?"},
	{"50M", -EINVAL, NO_SIZE("50M") "; did you mean \"50MiB\"?"},
	{"50Mi", -EINVAL, NO_SIZE("50Mi") "; did you mean \"50MiB\"?"},
	{"50mb", -EINVAL, NO_SIZE("50mb") "; did you mean \"50MB\"?"},
	{"4gib", -EINVAL, NO_SIZE("4gib") "; did you mean \"4GiB\"?"},
	{"4 GiB", -EINVAL, NO_SIZE("4 GiB") "; did you mean \"4GiB\"?"},
	{"4PiB", -EINVAL, NO_SIZE("4PiB")},
	{"4 ", -EINVAL, NO_SIZE("4 ")},
	{"G", -EINVAL, NO_SIZE("G")},
	{"1.5GiB", -EINVAL, NO_SIZE("1.5GiB")},
	{"-1", -EINVAL, NO_SIZE("-1")},
	{"9223372036854775808", -ERANGE, "\"9223372036854775808\" is larger than a size can be"},
	{"8388608TiB", -ERANGE, "\"8388608TiB\" is larger than a size can be"},
};

static void what_is_no_size_is_refused(void **state)
{
	(void)state;
	expect_refused(size_parse, no_sizes, COUNT_OF(no_sizes));
}

static const struct value signals[] = {
	{"TERM", SIGTERM, "SIGTERM"}, {"SIGTERM", SIGTERM, "SIGTERM"}, {"15", SIGTERM, "SIGTERM"},
	{"KILL", SIGKILL, "SIGKILL"}, {"SIGUSR1", SIGUSR1, "SIGUSR1"}, {"HUP", SIGHUP, "SIGHUP"},
	{"34", 34, "SIGRTMIN+0"},     {"RTMIN", 34, "SIGRTMIN+0"},     {"SIGRTMIN+3", 37, "SIGRTMIN+3"},
	{"64", 64, "SIGRTMIN+30"},
};

static int signal_parse_wide(const char *text, int64_t *value, struct error *err)
{
	int signal;
	int rc = signal_parse(text, &signal, err);
	if (rc == 0)
		*value = signal;
	return rc;
}

static void signals_are_read_and_written(void **state)
{
	(void)state;
	char text[UNIT_TEXT_BYTES];
	for (size_t i = 0; i < COUNT_OF(signals); i++) {
		int64_t value = -1;
		assert_int_equal(signal_parse_wide(signals[i].text, &value, NULL), 0);
		assert_int_equal(value, signals[i].value);
		assert_string_equal(signal_format((int)value, text), signals[i].written);
	}
	assert_string_equal(signal_format(0, text), "signal 0");
	assert_string_equal(signal_format(32, text), "signal 32");
	assert_string_equal(signal_format(99, text), "signal 99");
}

static const struct refusal no_signals[] = {
	{"", -EINVAL, "\"\" is not a signal like TERM, SIGTERM or 15"},
	{"SIG", -EINVAL, "\"SIG\" is not a signal like TERM, SIGTERM or 15"},
	{"term", -EINVAL, "\"term\" is not a signal; did you mean \"TERM\"?"},
	{"SIGTREM", -EINVAL, "\"SIGTREM\" is not a signal; did you mean \"TERM\"?"},
	{"RTMIN+31", -EINVAL, "\"RTMIN+31\" is not a signal like TERM, SIGTERM or 15"},
	{"RTMIN+-1", -EINVAL, "\"RTMIN+-1\" is not a signal like TERM, SIGTERM or 15"},
	{"0", -ERANGE, "0 is not a signal: they are 1 to 31 and 34 to 64"},
	{"33", -ERANGE, "33 is not a signal: they are 1 to 31 and 34 to 64"},
	{"65", -ERANGE, "65 is not a signal: they are 1 to 31 and 34 to 64"},
	{"-9", -ERANGE, "-9 is not a signal: they are 1 to 31 and 34 to 64"},
};

static void what_is_no_signal_is_refused(void **state)
{
	(void)state;
	expect_refused(signal_parse_wide, no_signals, COUNT_OF(no_signals));
}

static int umask_parse_wide(const char *text, int64_t *value, struct error *err)
{
	mode_t mask;
	int rc = umask_parse(text, &mask, err);
	if (rc == 0)
		*value = mask;
	return rc;
}

static void masks_are_octal(void **state)
{
	(void)state;
	static const struct value masks[] = {
		{"022", 022, NULL}, {"0", 0, NULL}, {"0077", 077, NULL}, {"777", 0777, NULL}};
	static const struct refusal no_masks[] = {
		{"", -EINVAL, "\"\" is not an octal mask like \"022\""},
		{"8", -EINVAL, "\"8\" is not an octal mask like \"022\""},
		{"0o22", -EINVAL, "\"0o22\" is not an octal mask like \"022\""},
		{"00022", -EINVAL, "\"00022\" is not an octal mask like \"022\""},
		{"1000", -ERANGE, "\"1000\" is above \"777\", the widest mask there is"},
	};
	for (size_t i = 0; i < COUNT_OF(masks); i++) {
		int64_t value = -1;
		assert_int_equal(umask_parse_wide(masks[i].text, &value, NULL), 0);
		assert_int_equal(value, masks[i].value);
	}
	expect_refused(umask_parse_wide, no_masks, COUNT_OF(no_masks));
}

static void numbers_are_whole_and_have_no_leading_zeros(void **state)
{
	(void)state;
	static const struct value numbers[] = {
		{"0", 0, NULL}, {"-3", -3, NULL}, {"65536", 65536, NULL}, {"9223372036854775807", INT64_MAX, NULL}};
	static const struct refusal no_numbers[] = {
		{"", -EINVAL, "\"\" is not a whole number"},
		{"-", -EINVAL, "\"-\" is not a whole number"},
		{"-0", -EINVAL, "\"-0\" is not a whole number"},
		{"010", -EINVAL, "\"010\" is not a whole number"},
		{"+1", -EINVAL, "\"+1\" is not a whole number"},
		{"1.0", -EINVAL, "\"1.0\" is not a whole number"},
		{"1 ", -EINVAL, "\"1 \" is not a whole number"},
		{"0x10", -EINVAL, "\"0x10\" is not a whole number"},
		{"99999999999999999999x", -EINVAL, "\"99999999999999999999x\" is not a whole number"},
		{"9223372036854775808", -ERANGE, "9223372036854775808 is larger than a number can be"},
	};
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		int64_t value = -1;
		assert_int_equal(number_parse(numbers[i].text, &value, NULL), 0);
		assert_int_equal(value, numbers[i].value);
	}
	expect_refused(number_parse, no_numbers, COUNT_OF(no_numbers));
}

static const struct choice colours[] = {{"red", 7}, {"green", 8}, {"blue", 9}, {0}};

static int colour_parse(const char *text, int64_t *value, struct error *err)
{
	return choice_parse(text, colours, value, err);
}

static void words_are_those_of_the_choice(void **state)
{
	(void)state;
	static const struct refusal no_colours[] = {
		{"", -EINVAL, "\"\" is not red, green or blue"},
		{"Red", -EINVAL, "\"Red\" is not red, green or blue; did you mean \"red\"?"},
		{"gren", -EINVAL, "\"gren\" is not red, green or blue; did you mean \"green\"?"},
		{"black", -EINVAL, "\"black\" is not red, green or blue"},
	};
	int64_t value = 0;
	assert_int_equal(colour_parse("green", &value, NULL), 0);
	assert_int_equal(value, 8);
	expect_refused(colour_parse, no_colours, COUNT_OF(no_colours));
}

static void a_list_of_words_that_is_too_long_is_cut(void **state)
{
	(void)state;
	char text[10] = "xxxxxxxxx";
	assert_string_equal(choices_format(colours, text, sizeof text), "red, gree");
}

static void a_value_is_shown_cut_and_without_what_a_terminal_obeys(void **state)
{
	(void)state;
	struct error err;
	int64_t value;
	duration_parse("\033[31mred\n\302\233x\377", &value, &err);
	assert_non_null(strstr(err.text, "\"?[31mred??x?\" is not"));
	duration_parse("\xed\xa0\x80\xc0\x80\xc3", &value, &err);
	assert_non_null(strstr(err.text, "\"??????\" is not"));
	duration_parse("xääääääääääääääääääääääääääääääääääääääääääääää", &value, &err);
	assert_non_null(strstr(err.text, "\"xäääääääääääääääääääääääääääää...\" is not"));
	duration_parse("äääääääääääääääääääääääääääääääääääääääääääääää", &value, &err);
	assert_non_null(strstr(err.text, "\"ääääääääääääääääääääääääääääää...\" is not"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_and_written),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(sizes_are_read_and_written),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(signals_are_read_and_written),
		cmocka_unit_test(what_is_no_signal_is_refused),
		cmocka_unit_test(masks_are_octal),
		cmocka_unit_test(numbers_are_whole_and_have_no_leading_zeros),
		cmocka_unit_test(words_are_those_of_the_choice),
		cmocka_unit_test(a_list_of_words_that_is_too_long_is_cut),
		cmocka_unit_test(a_value_is_shown_cut_and_without_what_a_terminal_obeys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
