/* SPDX-License-Identifier: MIT
 *
 * report_file: a regular file appears whole or not at all, other places are written plainly.
 */
#include "report_file_place.h"

#include <stdlib.h>

static void a_new_file_has_the_document_and_the_mode_of_the_umask(void **state)
{
	(void)state;
	struct stat status;
	mode_t before = umask(027);
	assert_int_equal(report_file_check("the report", "new.json", NULL), 0);
	assert_int_equal(write_document("new.json", NULL), 0);
	umask(before);
	assert_file_is("new.json", document);
	assert_int_equal(stat("new.json", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_int_equal(unlink("new.json"), 0);
	assert_int_equal(count_entries("."), 0);
}

static void an_old_file_is_replaced_and_keeps_its_mode(void **state)
{
	(void)state;
	struct stat before, after;
	make_file("old.json", "something longer than the document that comes in its place", 0604);
	assert_int_equal(stat("old.json", &before), 0);
	assert_int_equal(write_document("old.json", NULL), 0);
	assert_int_equal(stat("old.json", &after), 0);
	assert_file_is("old.json", document);
	assert_int_equal(after.st_mode & 0777, 0604);
	assert_true(after.st_ino != before.st_ino);
	unlink("old.json");
}

static void a_symbolic_link_stays_one(void **state)
{
	(void)state;
	struct stat status;
	assert_int_equal(mkdir("there", 0700), 0);
	make_file("there/real.json", "", 0600);
	assert_int_equal(symlink("there/real.json", "link.json"), 0);
	assert_int_equal(write_document("link.json", NULL), 0);
	assert_int_equal(lstat("link.json", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_file_is("there/real.json", document);
	assert_int_equal(count_entries("there"), 1);
	unlink("there/real.json");
	unlink("link.json");
	rmdir("there");
}

static void a_link_to_a_file_that_is_not_there_makes_it(void **state)
{
	(void)state;
	struct stat status;
	assert_int_equal(mkdir("there", 0700), 0);
	assert_int_equal(symlink("second.json", "there/first.json"), 0);
	assert_int_equal(symlink("there/first.json", "link.json"), 0);
	assert_int_equal(report_file_check("the report", "link.json", NULL), 0);
	assert_int_equal(write_document("link.json", NULL), 0);
	assert_file_is("there/second.json", document);
	assert_int_equal(lstat("there/first.json", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	unlink("there/second.json");
	unlink("there/first.json");
	unlink("link.json");
	rmdir("there");
}

static void a_file_that_is_open_may_be_named_by_its_descriptor(void **state)
{
	(void)state;
	char path[64];
	struct stat status;
	make_file("open.json", "old", 0600);
	int fd = open("open.json", O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	assert_int_equal(write_document(path, NULL), 0);
	assert_file_is("open.json", document);
	close(fd);
	fd = open("open.json", O_RDWR | O_CLOEXEC);
	unlink("open.json");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	assert_int_equal(report_file_check("the report", path, NULL), 0);
	assert_int_equal(write_document(path, NULL), 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, strlen(document));
	close(fd);
	assert_int_equal(count_entries("."), 0);
}

static void a_large_document_arrives_whole(void **state)
{
	(void)state;
	size_t length = 1 << 20;
	char *large = malloc(length);
	struct stat status;
	assert_non_null(large);
	memset(large, 'x', length);
	assert_int_equal(report_file_write("the report", "large", large, length, NULL), 0);
	assert_int_equal(stat("large", &status), 0);
	assert_int_equal(status.st_size, length);
	unlink("large");
	free(large);
}

static void a_name_too_long_for_a_neighbour_is_written_in_place(void **state)
{
	(void)state;
	char name[256];
	memset(name, 'n', 250);
	name[250] = '\0';
	make_file(name, "old", 0600);
	assert_int_equal(write_document(name, NULL), 0);
	assert_file_is(name, document);
	unlink(name);
}

static int write_where_only_the_file_may_be_written(void)
{
	if (geteuid() == 0 && setuid(65534) < 0)
		return 2;
	return report_file_check("the report", "closed/report.json", NULL) != 0 ||
	       write_document("closed/report.json", NULL) != 0;
}

static void a_writable_file_in_a_directory_that_is_not_is_written_in_place(void **state)
{
	(void)state;
	assert_int_equal(chmod(".", 0755), 0);
	assert_int_equal(mkdir("closed", 0755), 0);
	make_file("closed/report.json", "a longer text than the document has, so that it must be cut", 0666);
	assert_int_equal(chmod("closed", 0555), 0);
	assert_int_equal(in_child(write_where_only_the_file_may_be_written), 0);
	assert_file_is("closed/report.json", document);
	assert_int_equal(chmod("closed", 0755), 0);
	unlink("closed/report.json");
	rmdir("closed");
}

static void a_pipe_is_written_for_the_reader_that_is_there(void **state)
{
	(void)state;
	char read_back[256] = "";
	assert_int_equal(mkfifo("pipe", 0600), 0);
	int reader = open("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(report_file_check("the report", "pipe", NULL), 0);
	assert_int_equal(write_document("pipe", NULL), 0);
	assert_int_equal(read(reader, read_back, sizeof read_back - 1), strlen(document));
	assert_string_equal(read_back, document);
	close(reader);
	unlink("pipe");
}

static int write_to_standard_output(void)
{
	int pipe_ends[2];
	char read_back[256] = "";
	if (pipe(pipe_ends) < 0 || dup2(pipe_ends[1], STDOUT_FILENO) < 0)
		return 2;
	if (report_file_check("the report", "-", NULL) != 0 || write_document("-", NULL) != 0)
		return 3;
	if (read(pipe_ends[0], read_back, sizeof read_back) != (ssize_t)strlen(document))
		return 4;
	if (report_file_check("the report", "/dev/stdout", NULL) != 0 || write_document("/dev/stdout", NULL) != 0)
		return 5;
	return read(pipe_ends[0], read_back, sizeof read_back) == (ssize_t)strlen(document) ? 0 : 6;
}

static void standard_output_has_two_names(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_to_standard_output), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_has_the_document_and_the_mode_of_the_umask),
		cmocka_unit_test(an_old_file_is_replaced_and_keeps_its_mode),
		cmocka_unit_test(a_symbolic_link_stays_one),
		cmocka_unit_test(a_link_to_a_file_that_is_not_there_makes_it),
		cmocka_unit_test(a_file_that_is_open_may_be_named_by_its_descriptor),
		cmocka_unit_test(a_large_document_arrives_whole),
		cmocka_unit_test(a_name_too_long_for_a_neighbour_is_written_in_place),
		cmocka_unit_test(a_writable_file_in_a_directory_that_is_not_is_written_in_place),
		cmocka_unit_test(a_pipe_is_written_for_the_reader_that_is_there),
		cmocka_unit_test(standard_output_has_two_names),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, enter_directory, remove_directory);
}
