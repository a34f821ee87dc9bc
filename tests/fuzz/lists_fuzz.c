/* SPDX-License-Identifier: MIT
 *
 * lists: any text as a CPU or rank list. What is accepted is written in order and read back as the same set; what is
 * refused changes nothing.
 */
#include "fuzz.h"

#include "base/error.h"
#include "base/index_set.h"

#include <string.h>

enum { HIGHEST = 4095 };

static void expect_same_when_read_back(const struct index_set *set)
{
	struct index_set again = {0};
	size_t length = index_set_format(set, NULL, 0);
	char *text = malloc(length + 1);
	EXPECT(text != NULL);
	EXPECT(index_set_format(set, text, length + 1) == length && strlen(text) == length);
	EXPECT(index_set_parse(&again, text, HIGHEST, NULL) == 0);
	EXPECT(index_set_equal(set, &again));
	index_set_finish(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct index_set set = {0};
	struct error err = {0};
	index_set_add(&set, 7);
	int rc = index_set_parse(&set, text, HIGHEST, &err);
	if (rc == 0) {
		EXPECT(!index_set_is_empty(&set) && index_set_last(&set) <= HIGHEST);
		expect_same_when_read_back(&set);
	} else {
		EXPECT(err.text[0] != '\0' && index_set_count(&set) == 1 && index_set_has(&set, 7));
	}
	index_set_finish(&set);
	free(text);
	return 0;
}
