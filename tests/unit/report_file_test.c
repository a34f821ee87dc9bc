/* SPDX-License-Identifier: MIT
 *
 * report_file: a regular file appears whole or not at all, other places are written plainly, and what cannot be is
 * said before the start where it can be known, in any case with the reason.
 */
#include "test_directory.h"

#include "base/error.h"
#include "report/report_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char document[] = "{\"schema\": \"muster.report/1\"}\n";
static char *directory;

/* Tests run in a directory of their own, so that names can be short and exact. */
static int enter_directory(void **state)
{
	(void)state;
	directory = test_directory_make();
	return chdir(directory);
}

static int remove_directory(void **state)
{
	(void)state;
	test_directory_remove(directory);
	return chdir("/");
}

static void assert_file_is(const char *path, const char *expected)
{
	char read_back[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(read(fd, read_back, sizeof read_back - 1) >= 0);
	close(fd);
	assert_string_equal(read_back, expected);
}

static void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static uint32_t count_entries(const char *path)
{
	DIR *open_directory = opendir(path);
	uint32_t count = 0;
	assert_non_null(open_directory);
	for (struct dirent *entry = readdir(open_directory); entry != NULL; entry = readdir(open_directory))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(open_directory);
	return count;
}

static int write_document(const char *path, struct error *err)
{
	return report_file_write("the report", path, document, strlen(document), err);
}

/* --- what works --- */

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

/* Runs `act` in a child and returns what it leaves with, for what changes the process as a whole. */
static int in_child(int (*act)(void))
{
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		alarm(60);
		_exit(act());
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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

/* --- what does not --- */

struct refused {
	const char *path;
	int code;
	const char *text;
};

static const struct refused refused_before[] = {
	{"", -EINVAL, "cannot write the report: the name of its file is empty"},
	{"no/such/report.json", -ENOENT,
         "cannot write the report to no/such/report.json: directory no/such: No such file or directory"},
	{".", -EISDIR, "cannot write the report to .: Is a directory"},
	{"nothing/", -ENOENT, "cannot write the report to nothing/: No such file or directory"},
	{"/dev/null/report.json", -ENOTDIR, "cannot write the report to /dev/null/report.json: Not a directory"},
	{"/proc/no-report.json", 0, NULL}, /* only the attempt shows it */
};

static void what_cannot_work_is_refused_before_the_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused_before); i++) {
		struct error err = {0};
		assert_int_equal(report_file_check("the report", refused_before[i].path, &err), refused_before[i].code);
		if (refused_before[i].text != NULL)
			assert_string_equal(err.text, refused_before[i].text);
	}
	assert_int_equal(count_entries("."), 0);
}

static void a_socket_is_refused_before_the_start(void **state)
{
	(void)state;
	struct error err = {0};
	assert_int_equal(mknod("socket", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(report_file_check("the report", "socket", &err), -ENXIO);
	assert_string_equal(err.text, "cannot write the report to socket: it is a socket, not a file or a FIFO");
	unlink("socket");
}

static int check_what_is_not_ours(void)
{
	struct error err = {0};
	if (geteuid() == 0 && setuid(65534) < 0)
		return 2;
	if (report_file_check("the report", "mine", &err) != -EACCES ||
	    strcmp(err.text, "cannot write the report to mine: Permission denied") != 0)
		return 3;
	if (report_file_check("the report", "new", &err) != -EACCES ||
	    strcmp(err.text, "cannot write the report to new: directory .: Permission denied") != 0)
		return 4;
	return write_document("mine", &err) == -EACCES ? 0 : 5;
}

static void a_file_or_directory_without_permission_is_refused(void **state)
{
	(void)state;
	make_file("mine", "", 0444);
	assert_int_equal(chmod(".", 0555), 0);
	assert_int_equal(in_child(check_what_is_not_ours), 0);
	assert_int_equal(chmod(".", 0755), 0);
	unlink("mine");
}

static void links_that_lead_nowhere_are_told_with_where(void **state)
{
	(void)state;
	struct error err = {0};
	assert_int_equal(symlink("gone/report.json", "link.json"), 0);
	assert_int_equal(report_file_check("the report", "link.json", &err), -ENOENT);
	assert_string_equal(err.text,
	                    "cannot write the report to link.json: directory gone: No such file or directory");
	assert_int_equal(write_document("link.json", &err), -ENOENT);
	assert_string_equal(err.text,
	                    "cannot write the report to link.json: directory gone: No such file or directory");
	unlink("link.json");
	assert_int_equal(symlink("round", "round"), 0);
	assert_int_equal(report_file_check("the report", "round", &err), -ELOOP);
	assert_string_equal(err.text, "cannot write the report to round: Too many levels of symbolic links");
	unlink("round");
}

/* As in /tmp: a link of somebody else's there could lead to any file of ours. */
static void a_link_that_somebody_else_put_where_everybody_may_is_not_followed(void **state)
{
	(void)state;
	struct error err = {0};
	if (geteuid() != 0)
		skip(); /* only root can make a link somebody else's */
	make_file("precious", "mine", 0600);
	assert_int_equal(mkdir("all", 0700), 0);
	assert_int_equal(chmod("all", 01777), 0);
	assert_int_equal(symlink("../precious", "all/report.json"), 0);
	assert_int_equal(report_file_check("the report", "all/report.json", NULL), 0);
	assert_int_equal(lchown("all/report.json", 65534, 65534), 0);
	assert_int_equal(symlink("all/report.json", "link.json"), 0);
	assert_int_equal(report_file_check("the report", "link.json", &err), -EACCES);
	assert_string_equal(err.text,
	                    "cannot write the report to link.json: all/report.json is a symbolic link of another "
	                    "user (uid 65534) in a directory where everybody may make one, and is not "
	                    "followed; remove it, or name another file");
	assert_int_equal(write_document("all/report.json", &err), -EACCES);
	assert_file_is("precious", "mine");
	assert_int_equal(chmod("all", 0777),
	                 0); /* without the sticky bit anybody could replace anything: the user's will */
	assert_int_equal(write_document("all/report.json", &err), 0);
	assert_file_is("precious", document);
	unlink("link.json");
	unlink("all/report.json");
	unlink("precious");
	rmdir("all");
}

static int write_where_the_directory_was_deleted(void)
{
	struct error err = {0};
	if (mkdir("deleted", 0700) < 0 || chdir("deleted") < 0 || rmdir("../deleted") < 0)
		return 2;
	if (report_file_check("the report", "report.json", &err) != -ENOENT ||
	    strcmp(err.text, "cannot write the report to report.json: directory . was deleted") != 0)
		return 3;
	if (write_document("report.json", &err) != -ENOENT ||
	    strcmp(err.text, "cannot write the report to report.json: directory . was deleted") != 0)
		return 4;
	return 0;
}

static void a_directory_that_was_deleted_is_said(void **state)
{
	(void)state;
	struct error err = {0};
	assert_int_equal(in_child(write_where_the_directory_was_deleted), 0);
	assert_int_equal(write_document("no/such/report.json", &err), -ENOENT);
	assert_string_equal(
		err.text,
		"cannot write the report to no/such/report.json: directory no/such: No such file or directory");
}

static void a_full_disk_is_said(void **state)
{
	(void)state;
	struct error err = {0};
	assert_int_equal(report_file_check("the report", "/dev/full", NULL), 0);
	assert_int_equal(write_document("/dev/full", &err), -ENOSPC);
	assert_string_equal(err.text, "cannot write the report to /dev/full: No space left on device");
}

static int write_to_a_closed_reader(void)
{
	int pipe_ends[2];
	struct error err = {0};
	if (pipe(pipe_ends) < 0 || dup2(pipe_ends[1], STDOUT_FILENO) < 0 || close(pipe_ends[0]) < 0)
		return 2;
	if (write_document("-", &err) != -EPIPE)
		return 3;
	return strcmp(err.text, "cannot write the report to -: Broken pipe") == 0 ? 0 : 4;
}

static void a_reader_that_went_away_is_said(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_to_a_closed_reader), 0);
}

static void a_neighbour_left_by_a_killed_process_is_not_in_the_way(void **state)
{
	(void)state;
	char neighbour[64];
	snprintf(neighbour, sizeof neighbour, ".new.json.%d-0", (int)getpid());
	make_file(neighbour, "half of a", 0600);
	assert_int_equal(write_document("new.json", NULL), 0);
	assert_file_is("new.json", document);
	assert_file_is(neighbour, "half of a");
	unlink("new.json");
	unlink(neighbour);
}

static void a_pipe_without_a_reader_is_not_waited_for(void **state)
{
	(void)state;
	struct error err = {0};
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(write_document("pipe", &err), -ENXIO);
	assert_string_equal(err.text, "cannot write the report to pipe: nobody has it open to read");
	unlink("pipe");
}

/* A file may have no more than four bytes: the write fails as on a full disk. */
static int write_beyond_the_limit(void)
{
	struct error err = {0};
	struct rlimit limit = {4, 4};
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 2;
	if (write_document("old.json", &err) != -EFBIG)
		return 3;
	return strcmp(err.text, "cannot write the report to old.json: File too large") == 0 ? 0 : 4;
}

static void a_document_that_does_not_fit_leaves_the_old_file_and_no_other(void **state)
{
	(void)state;
	make_file("old.json", "old", 0600);
	assert_int_equal(in_child(write_beyond_the_limit), 0);
	assert_file_is("old.json", "old");
	assert_int_equal(count_entries("."), 1);
	unlink("old.json");
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
		cmocka_unit_test(what_cannot_work_is_refused_before_the_start),
		cmocka_unit_test(a_socket_is_refused_before_the_start),
		cmocka_unit_test(a_file_or_directory_without_permission_is_refused),
		cmocka_unit_test(links_that_lead_nowhere_are_told_with_where),
		cmocka_unit_test(a_link_that_somebody_else_put_where_everybody_may_is_not_followed),
		cmocka_unit_test(a_directory_that_was_deleted_is_said),
		cmocka_unit_test(a_full_disk_is_said),
		cmocka_unit_test(a_reader_that_went_away_is_said),
		cmocka_unit_test(a_neighbour_left_by_a_killed_process_is_not_in_the_way),
		cmocka_unit_test(a_pipe_without_a_reader_is_not_waited_for),
		cmocka_unit_test(a_document_that_does_not_fit_leaves_the_old_file_and_no_other),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, enter_directory, remove_directory);
}
