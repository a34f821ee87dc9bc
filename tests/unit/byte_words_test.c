/* SPDX-License-Identifier: MIT
 *
 * byte_words: one decimal as long as that says something, and the unit that people would use.
 */
#include "unit_test.h"

#include "base/byte_words.h"

static void sizes_are_words(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes;
		const char *words;
	} cases[] = {{0, "0 bytes"},
	             {1023, "1023 bytes"},
	             {1536, "1.5 KiB"},
	             {64 << 20, "64.0 MiB"},
	             {UINT64_C(500) << 20, "500 MiB"},
	             {UINT64_MAX, "16.0 EiB"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char words[BYTE_WORDS_SIZE];
		assert_string_equal(byte_words(words, cases[i].bytes), cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_are_words)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
