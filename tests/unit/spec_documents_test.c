/* SPDX-License-Identifier: MIT
 *
 * spec_documents: every document of spec_documents/accepted is accepted; every one of spec_documents/rejected is
 * rejected with exactly the errors, at exactly the places, that the comments at its beginning announce:
 *
 *     # error: 4:9: nprocs: "4" is a text: write 4, without quotes
 */
#include "unit_test.h"

#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/spec_parse.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_whole(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *text = calloc(1, SPEC_BYTES_MAX);
	*length = fread(text, 1, SPEC_BYTES_MAX - 1, file);
	fclose(file);
	return text;
}

/* The announced errors, one a line. */
static void add_announced(struct text *announced, const char *text)
{
	static const char mark[] = "# error: ";
	text_add(announced, "");
	for (const char *line = text; line[0] == '#'; line = strchr(line, '\n') + 1)
		if (strncmp(line, mark, strlen(mark)) == 0)
			text_add_bytes(announced, line + strlen(mark), strcspn(line, "\n") - strlen(mark) + 1);
}

static void expect_as_announced(const char *path)
{
	struct job_spec spec = {0};
	struct diagnostics diagnostics = {0};
	struct text announced = {0}, found = {0};
	size_t length;
	char *text = read_whole(path, &length);
	struct spec_request request = {.path = "", .text = text, .text_length = length};
	add_announced(&announced, text);
	text_add(&found, "");
	int rc = job_spec_read(&spec, &request, &diagnostics);
	for (uint32_t i = 0; i < diagnostics.count; i++)
		text_add_format(&found, "%u:%u: %s\n", diagnostics.items[i].line, diagnostics.items[i].column,
		                diagnostics.items[i].message);
	if (diagnostics.dropped > 0)
		text_add_format(&found, "and %u more errors\n", diagnostics.dropped);
	if (strcmp(found.bytes, announced.bytes) != 0)
		print_error("%s:\n", path);
	assert_string_equal(found.bytes, announced.bytes);
	assert_int_equal(rc, announced.length > 0 ? -EINVAL : 0);
	assert_true(rc == 0 || spec.command.count == 0);
	job_spec_finish(&spec);
	diagnostics_finish(&diagnostics);
	text_finish(&announced);
	text_finish(&found);
	free(text);
}

static void expect_all(const char *kind, size_t at_least)
{
	char pattern[4096];
	glob_t found;
	snprintf(pattern, sizeof pattern, SPEC_DOCUMENTS "/%s/*.yaml", kind);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= at_least);
	for (size_t i = 0; i < found.gl_pathc; i++)
		expect_as_announced(found.gl_pathv[i]);
	globfree(&found);
}

static void what_is_sound_is_accepted(void **state)
{
	(void)state;
	expect_all("accepted", 30);
}

static void what_is_wrong_is_rejected_with_every_error_at_its_place(void **state)
{
	(void)state;
	expect_all("rejected", 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sound_is_accepted),
		cmocka_unit_test(what_is_wrong_is_rejected_with_every_error_at_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
