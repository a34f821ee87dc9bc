/* SPDX-License-Identifier: MIT
 *
 * job_spec: the file that a spec comes from, or standard input, and the directory that its paths count from.
 */
#include "job_spec_fixture.h"
#include "test_directory.h"

#include "base/text.h"
#include "spec/job_spec.h"
#include "spec/spec_parse.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of the test's own, and its way back. */
struct place {
	char *path;
	int before;
};

static int enter_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	place->path = test_directory_make();
	place->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->before < 0 || chdir(place->path) < 0)
		return -1;
	*state = place;
	return 0;
}

static int leave_place(void **state)
{
	struct place *place = *state;
	int rc = fchdir(place->before);
	test_directory_remove(place->path);
	close(place->before);
	free(place);
	return rc;
}

static void write_file(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	fclose(file);
}

static void a_file_gives_the_directory_that_paths_count_from(void **state)
{
	const struct place *place = *state;
	char expected[128];
	struct job_spec spec;
	mkdir("sub", 0700);
	write_file("sub/a.yaml", START, strlen(START));
	write_file("b.yaml", START, strlen(START));
	read_request(&spec, &(struct spec_request){.path = "sub/a.yaml"});
	snprintf(expected, sizeof expected, "%s/sub", place->path);
	assert_string_equal(spec.base_directory, expected);
	job_spec_finish(&spec);
	read_request(&spec, &(struct spec_request){.path = "b.yaml"});
	assert_string_equal(spec.base_directory, place->path);
	job_spec_finish(&spec);
}

static void a_spec_comes_from_standard_input_too(void **state)
{
	const struct place *place = *state;
	struct job_spec spec;
	write_file("in", START "nprocs: 3\n", strlen(START "nprocs: 3\n"));
	int kept = dup(STDIN_FILENO), file = open("in", O_RDONLY | O_CLOEXEC);
	assert_true(kept >= 0 && file >= 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO);
	read_request(&spec, &(struct spec_request){.path = "-"});
	assert_string_equal(spec.source, "<stdin>");
	assert_string_equal(spec.base_directory, place->path);
	assert_int_equal(spec.nprocs, 3);
	job_spec_finish(&spec);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	write_file("in", "a", 1);
	expect_wrong(&(struct spec_request){.path = "-"},
	             "<stdin>:1:1: a spec is a mapping of keys to values, beginning with version: 1\n");
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	close(kept);
	close(file);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	mkdir("d.yaml", 0700);
	expect_wrong(&(struct spec_request){.path = "none.yaml"},
	             "none.yaml: cannot open it: No such file or directory\n");
	expect_wrong(&(struct spec_request){.path = "d.yaml"}, "d.yaml: cannot read it: Is a directory\n");
}

static void a_file_of_more_than_a_mebibyte_is_refused(void **state)
{
	(void)state;
	char *text = malloc(SPEC_BYTES_MAX + 1);
	assert_non_null(text);
	memset(text, '#', SPEC_BYTES_MAX + 1);
	memcpy(text, START, strlen(START));
	write_file("most.yaml", text, SPEC_BYTES_MAX);
	write_file("more.yaml", text, SPEC_BYTES_MAX + 1);
	free(text);
	struct job_spec spec;
	read_request(&spec, &(struct spec_request){.path = "most.yaml"});
	job_spec_finish(&spec);
	expect_wrong(&(struct spec_request){.path = "more.yaml"}, "more.yaml: more than 1 MiB is no job spec\n");
}

static void a_current_directory_that_is_gone_is_nothing_to_count_from(void **state)
{
	(void)state;
	char *command[] = {(char[]){"a"}, NULL};
	struct job_spec spec;
	mkdir("gone", 0700);
	assert_int_equal(chdir("gone"), 0);
	assert_int_equal(rmdir("../gone"), 0);
	read_request(&spec, &(struct spec_request){.command = command});
	assert_null(spec.base_directory);
	job_spec_finish(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_gives_the_directory_that_paths_count_from, enter_place,
	                                        leave_place),
		cmocka_unit_test_setup_teardown(a_spec_comes_from_standard_input_too, enter_place, leave_place),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_named, enter_place, leave_place),
		cmocka_unit_test_setup_teardown(a_file_of_more_than_a_mebibyte_is_refused, enter_place, leave_place),
		cmocka_unit_test_setup_teardown(a_current_directory_that_is_gone_is_nothing_to_count_from, enter_place,
	                                        leave_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
