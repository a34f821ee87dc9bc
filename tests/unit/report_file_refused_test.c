/* SPDX-License-Identifier: MIT
 *
 * report_file: what cannot be written is said before the start where it can be known, in any case with the reason.
 */
#include "report_file_place.h"

#include "base/error.h"

#include <errno.h>
#include <sys/resource.h>

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
