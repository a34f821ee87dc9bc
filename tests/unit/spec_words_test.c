/* SPDX-License-Identifier: MIT
 *
 * spec_words: the guess at a misspelt key, the answer to one of another tool, and the list of what is wrong: in order,
 * bounded, one line each.
 */
#include "unit_test.h"

#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/foreign_keys.h"
#include "spec/nearest.h"
#include "spec/spec_keys.h"

#include <limits.h>
#include <string.h>

static void the_distance_counts_what_a_finger_does_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		unsigned distance;
	} pairs[] = {
		{"", "", 0},
		{"env", "env", 0},
		{"ENV", "env", 0},
		{"bind-to", "bind_to", 0},
		{"nproc", "nprocs", 1},
		{"evn", "env", 1},
		{"abc", "", 3},
		{"grece", "grace", 1},
		{"kitten", "sitting", 3},
		{"ca", "abc", 3},
	};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		assert_int_equal(edit_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
		assert_int_equal(edit_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
	}
}

static void a_word_longer_than_any_of_ours_is_near_to_nothing(void **state)
{
	(void)state;
	char word[4096];
	memset(word, 'a', sizeof word);
	word[sizeof word - 1] = '\0';
	assert_int_equal(edit_distance(word, "a"), UINT_MAX);
	struct nearest nearest = nearest_to(word);
	nearest_offer(&nearest, "aaa");
	assert_null(nearest.best);
}

static void a_misspelt_key_is_guessed(void **state)
{
	(void)state;
	static const struct {
		const char *parent, *name, *path;
	} guesses[] = {
		{"", "nproc", "nprocs"},
		{"failure", "grace_period", "failure.grace"},
		{"limits", "memory_limit", "limits.memory"},
		{"", "comand", "command"},
		{"", "working_dir", "working_directory"},
		{"", "workdir", "working_directory"},
		{"", "environment", "env"},
		{"", "np", "nprocs"},
		{"", "ntasks", "nprocs"},
		{"", "world_size", "nprocs"},
		{"", "World-Size", "nprocs"},
		{"", "memory", "limits.memory"},
		{"", "mem", "limits.memory"},
		{"limits", "mem", "limits.memory"},
		{"placement", "mem", "placement.memory"},
		{"output", "error", "output.stderr"},
		{"", "policy", "failure.policy"},
		{"", "bind-to", "placement.bind_to"},
		{"", "zebra", NULL},
		{"placement", "bind", "placement.bind_to"},
		{"placement", "cpu_sets", "placement.cpu_set"},
		{"placement", "nproc", "nprocs"},
		{"placement", "cpus_per_task", "placement.cpus_per_rank"},
		{"output", "std_out", "output.stdout"},
		{"failure", "restarts", NULL},
		{"ranks[]", "comand", "ranks[].command"},
		{"ranks[]", "nprocs", NULL},
		{"ranks[]", "rank", "ranks[].ranks"},
	};
	for (size_t i = 0; i < COUNT_OF(guesses); i++) {
		const char *guess = spec_key_guess(guesses[i].parent, guesses[i].name);
		if (guesses[i].path == NULL)
			assert_null(guess);
		else
			assert_string_equal(guess == NULL ? "nothing" : guess, guesses[i].path);
	}
}

static void a_key_of_another_tool_has_one_answer_and_none_takes_a_name_of_ours(void **state)
{
	(void)state;
	assert_null(foreign_words_repeated(foreign_keys, foreign_key_count));
	for (uint32_t i = 0; i < spec_key_count; i++) {
		const char *path = spec_keys[i].path;
		assert_null(strchr(path, '.') == NULL ? foreign_key_path(path) : NULL);
		assert_null(strchr(path, '.') == NULL ? foreign_key_advice(path) : NULL);
	}
	for (size_t i = 0; i < foreign_key_count; i++) {
		const char *answer = foreign_keys[i].answer;
		assert_true(spec_key_find(answer) != NULL || strchr(answer, ' ') != NULL);
		assert_true(strlen(answer) < 120);
	}
}

static void a_key_is_found_by_its_path_and_under_its_parent(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < spec_key_count; i++) {
		char form[160];
		assert_ptr_equal(spec_key_find(spec_keys[i].path), &spec_keys[i]);
		assert_true(strlen(spec_key_form(&spec_keys[i], form, sizeof form)) < sizeof form - 1);
		assert_true(strlen(spec_keys[i].help) > 0);
	}
	assert_ptr_equal(spec_key_child("placement", "bind_to"), spec_key_find("placement.bind_to"));
	assert_ptr_equal(spec_key_child("ranks[]", "ranks"), spec_key_find("ranks[].ranks"));
	assert_ptr_equal(spec_key_child("", "ranks"), spec_key_find("ranks"));
	assert_null(spec_key_child("", "bind_to"));
	assert_null(spec_key_child("", "placement.bind_to"));
	assert_null(spec_key_child("place", "bind_to"));
}

static void errors_come_in_the_order_of_the_file_then_of_the_options(void **state)
{
	(void)state;
	struct diagnostics list = {0};
	struct text text = {0};
	diagnostics_add(&list, "a.yaml", 7, 3, "late");
	diagnostics_add(&list, "--nprocs", 0, 0, "first option");
	diagnostics_add(&list, "a.yaml", 2, 9, "%s", "second");
	diagnostics_add(&list, "a.yaml", 2, 1, "first");
	diagnostics_add(&list, "", 0, 0, "second option");
	diagnostics_sort(&list);
	diagnostics_format(&list, "error: ", &text);
	assert_string_equal(text.bytes, "a.yaml:2:1: error: first\n"
	                                "a.yaml:2:9: error: second\n"
	                                "a.yaml:7:3: error: late\n"
	                                "muster: --nprocs: first option\n"
	                                "muster: second option\n");
	text_finish(&text);
	diagnostics_finish(&list);
}

static void what_is_beyond_the_bound_is_counted(void **state)
{
	(void)state;
	for (uint32_t more = 1; more <= 2; more++) {
		struct diagnostics list = {0};
		struct text text = {0};
		for (uint32_t i = 0; i < DIAGNOSTICS_MAX + more; i++)
			diagnostics_add(&list, "f", i + 1, 1, "x");
		assert_int_equal(list.count, DIAGNOSTICS_MAX);
		assert_int_equal(list.dropped, more);
		diagnostics_format(&list, "", &text);
		assert_non_null(strstr(text.bytes, more == 1 ? "\nand 1 more error\n" : "\nand 2 more errors\n"));
		text_finish(&text);
		diagnostics_finish(&list);
	}
}

static void a_message_is_one_printable_line(void **state)
{
	(void)state;
	struct diagnostics list = {0};
	diagnostics_add(&list, "a\nb", 1, 1, "x\ny\033[0m\xff\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80\xed\xa0\x80");
	assert_string_equal(list.items[0].where, "a?b");
	assert_string_equal(list.items[0].message, "x?y?[0m?\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80???");
	diagnostics_finish(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_distance_counts_what_a_finger_does_wrong),
		cmocka_unit_test(a_word_longer_than_any_of_ours_is_near_to_nothing),
		cmocka_unit_test(a_misspelt_key_is_guessed),
		cmocka_unit_test(a_key_of_another_tool_has_one_answer_and_none_takes_a_name_of_ours),
		cmocka_unit_test(a_key_is_found_by_its_path_and_under_its_parent),
		cmocka_unit_test(errors_come_in_the_order_of_the_file_then_of_the_options),
		cmocka_unit_test(what_is_beyond_the_bound_is_counted),
		cmocka_unit_test(a_message_is_one_printable_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
