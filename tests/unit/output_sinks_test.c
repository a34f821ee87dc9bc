/* SPDX-License-Identifier: MIT
 *
 * output, where it is written to: sinks that are full, shared, handed on, or not to be had.
 */
#include "output_harness.h"

#include <sys/resource.h>

static bool has_error(struct harness *h)
{
	return output_error(h->output) != NULL;
}

static void a_full_disk_is_told_at_once_and_costs_only_what_goes_there(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	harness_send_all_to(&h, "good");
	harness_send_to(&h, 0, TO_STDOUT, "/dev/full", "good"); /* two sinks a stream */
	harness_replace(&h, STDERR_FILENO, harness_open_file(&h, "stderr"));
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "lost\n");
	bool told = harness_pump_until(&h, has_error);
	harness_say(&h, 0, TO_STDOUT, "more\n");
	harness_say(&h, 1, TO_STDOUT, "other\n");
	bool drained = harness_close(&h);
	harness_restore(&h);
	assert_true(told && drained);
	assert_string_equal(output_error(h.output), "cannot write output to /dev/full: No space left on device");
	assert_file_is(&h, "stderr",
	               "muster: cannot write output to /dev/full: No space left on device; what the ranks print there "
	               "is lost from here on\n");
	assert_file_is(&h, "good", "[0] lost\n[0] more\n[1] other\n");
	assert_false(output_reader_gone(h.output));
	harness_end(&h);
}

/* Where everything is full there is nobody to tell but the caller, and nothing to wait for. */
static void a_full_standard_error_is_an_error_and_no_loop(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 1);
	harness_replace(&h, STDERR_FILENO, open("/dev/full", O_WRONLY | O_CLOEXEC));
	harness_replace(&h, STDOUT_FILENO, harness_open_file(&h, "stdout"));
	harness_open(&h);
	harness_say(&h, 0, TO_STDERR, "lost\n");
	harness_say(&h, 0, TO_STDOUT, "kept\n");
	output_note(h.output, "a note\n");
	bool told = harness_pump_until(&h, has_error);
	bool drained = harness_close(&h);
	harness_restore(&h);
	assert_true(told && drained);
	assert_string_equal(output_error(h.output), "cannot write output to standard error: No space left on device");
	assert_file_is(&h, "stdout", "[0] kept\n");
	harness_end(&h);
}

static void stdout_and_stderr_that_are_one_pipe_do_not_tear_each_others_lines(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 1);
	int reader = harness_replace_stdout(&h);
	harness_replace(&h, STDERR_FILENO, fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "half ");
	harness_say(&h, 0, TO_STDERR, "error\n");
	output_note(h.output, "muster: a note\n");
	harness_say(&h, 0, TO_STDOUT, "line\n");
	bool drained = harness_close(&h);
	harness_restore(&h);
	assert_true(drained);
	char *bytes = fixture_read_all(reader, NULL);
	assert_string_equal(bytes, "[0] error\nmuster: a note\n[0] half line\n");
	free(bytes);
	close(reader);
	harness_end(&h);
}

static void a_note_waits_for_the_end_of_a_long_line(void **state)
{
	(void)state;
	struct harness h;
	static char text[3 << 20];
	size_t length;
	memset(text, 'x', sizeof text - 1);
	harness_begin(&h, 1);
	harness_replace(&h, STDERR_FILENO, harness_open_file(&h, "stderr"));
	harness_open(&h);
	harness_say(&h, 0, TO_STDERR, text);
	output_note(h.output, "muster: one\n");
	output_note(h.output, "muster: two\n");
	harness_say(&h, 0, TO_STDERR, " end\n");
	bool drained = harness_close(&h);
	harness_restore(&h);
	assert_true(drained);
	char *bytes = harness_file(&h, "stderr", &length);
	assert_int_equal(length, 4 + sizeof text - 1 + strlen(" end\nmuster: one\nmuster: two\n"));
	assert_string_equal(bytes + 4 + sizeof text - 1, " end\nmuster: one\nmuster: two\n");
	free(bytes);
	harness_end(&h);
}

static bool same_file(int a, int b)
{
	struct stat first, second;
	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static void raw_hands_on_the_very_descriptors(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	h.f.spec.output.raw = true;
	harness_send_to(&h, 0, TO_STDOUT, "not_made", NULL);
	harness_replace(&h, STDOUT_FILENO, harness_open_file(&h, "stdout"));
	harness_replace(&h, STDERR_FILENO, harness_open_file(&h, "stderr"));
	harness_open(&h);
	bool same = true, above = true, closing = true;
	for (uint32_t r = 0; r < 2; r++) {
		for (int s = 0; s < OUTPUT_STREAMS; s++) {
			same = same && same_file(h.ends[r][s], s + 1);
			above = above && h.ends[r][s] > 2;
			closing = closing && (fcntl(h.ends[r][s], F_GETFD) & FD_CLOEXEC) != 0;
		}
	}
	bool drained = output_is_drained(h.output);
	harness_close(&h);
	harness_restore(&h);
	assert_true(same && above && closing && drained);
	assert_int_equal(access(fixture_path(&h.f, "not_made"), F_OK), -1);
	harness_end(&h);
}

static void raw_without_descriptors_left_says_so(void **state)
{
	(void)state;
	struct harness h;
	struct error err = {0};
	int ends[OUTPUT_STREAMS] = {-1, -1};
	harness_begin(&h, 1);
	h.f.spec.output.raw = true;
	harness_open(&h);
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	close(STDERR_FILENO);
	int rc = output_open_rank(h.output, 0, ends, &err);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(rc, -EBADF);
	assert_string_equal(err.text, "cannot hand standard error on: Bad file descriptor");
	assert_int_equal(ends[0], -1); /* closed again, and not given to the caller to close once more */
	harness_close(&h);
	harness_end(&h);
}

struct bad_path_row {
	const char *path; /* below the test's directory unless absolute */
	int code;
	const char *says;
};

static const struct bad_path_row bad_paths[] = {
	{"gone/out", -ENOENT, "/gone/out: No such file or directory"},
	{"folder", -EISDIR, "/folder: Is a directory"},
	{"file/out", -ENOTDIR, "/file/out: Not a directory"},
	{"fifo", -ENXIO, "/fifo: nobody reads it: start its reader first"},
	{"socket", -ENXIO, "/socket: it is a socket, not a file or a FIFO"},
};

static void a_file_that_cannot_be_written_is_an_error_before_anything_is_started(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_paths); i++) {
		struct harness h;
		struct error err = {0};
		harness_begin(&h, 2);
		fixture_write_file(fixture_path(&h.f, "file"), "", 0644);
		assert_int_equal(mkdir(fixture_path(&h.f, "folder"), 0755), 0);
		assert_int_equal(mkfifo(fixture_path(&h.f, "fifo"), 0644), 0);
		assert_int_equal(mknod(fixture_path(&h.f, "socket"), S_IFSOCK | 0644, 0), 0);
		harness_send_to(&h, 0, TO_STDOUT, "good", NULL);
		harness_send_to(&h, 1, TO_STDERR, bad_paths[i].path, NULL);
		assert_int_equal(output_create(&h.output, &h.f.plan, NULL, &err), bad_paths[i].code);
		assert_null(h.output);
		assert_ptr_equal(strstr(err.text, "cannot write output to "), err.text);
		assert_non_null(strstr(err.text, bad_paths[i].says));
		fixture_end(&h.f);
	}
}

static void a_file_is_truncated_once_and_made_by_the_umask(void **state)
{
	(void)state;
	struct harness h;
	struct stat status;
	harness_begin(&h, 2);
	fixture_write_file(fixture_path(&h.f, "all"), "old content", 0644);
	harness_send_to(&h, 0, TO_STDOUT, "all", "fresh");
	harness_send_to(&h, 1, TO_STDOUT, "all", NULL);
	mode_t mask = umask(027);
	harness_open(&h);
	umask(mask);
	harness_say(&h, 0, TO_STDOUT, "a\n");
	harness_say(&h, 1, TO_STDOUT, "b\n");
	assert_true(harness_close(&h));
	assert_file_is(&h, "all", "[0] a\n[1] b\n");
	assert_int_equal(stat(fixture_path(&h.f, "fresh"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	harness_end(&h);
}

static void a_file_by_two_names_is_written_as_one(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 3);
	fixture_write_file(fixture_path(&h.f, "all"), "", 0644);
	assert_int_equal(symlink("all", fixture_path(&h.f, "link")), 0);
	assert_int_equal(link(fixture_path(&h.f, "all"), fixture_path(&h.f, "hard")), 0);
	harness_send_to(&h, 0, TO_STDOUT, "all", NULL);
	harness_send_to(&h, 1, TO_STDOUT, "link", NULL);
	harness_send_to(&h, 2, TO_STDOUT, "hard", NULL);
	harness_open(&h);
	for (uint32_t rank = 0; rank < 3; rank++)
		harness_say(&h, rank, TO_STDOUT, "x\n");
	assert_true(harness_close(&h));
	assert_file_is(&h, "all", "[0] x\n[1] x\n[2] x\n");
	harness_end(&h);
}

static void without_descriptors_left_the_rank_and_the_limit_are_named(void **state)
{
	(void)state;
	struct harness h;
	struct error err = {0};
	int ends[OUTPUT_STREAMS], taken[64], count = 0;
	harness_begin(&h, 3);
	harness_send_all_to(&h, "all");
	harness_open(&h);
	harness_end_all(&h);
	int free_one = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rlimit limit, lowered;
	getrlimit(RLIMIT_NOFILE, &limit);
	lowered = limit;
	lowered.rlim_cur = (rlim_t)free_one + 4;
	setrlimit(RLIMIT_NOFILE, &lowered);
	while (count < 3 && (taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	int rc = output_open_rank(h.output, 2, ends, &err);
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < count; i++)
		close(taken[i]);
	close(free_one);
	assert_int_equal(rc, -EMFILE);
	assert_string_equal(err.text,
	                    "cannot make a pipe for rank 2: Too many open files: raise RLIMIT_NOFILE (ulimit -n)");
	assert_true(harness_close(&h));
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_is_told_at_once_and_costs_only_what_goes_there),
		cmocka_unit_test(a_full_standard_error_is_an_error_and_no_loop),
		cmocka_unit_test(stdout_and_stderr_that_are_one_pipe_do_not_tear_each_others_lines),
		cmocka_unit_test(a_note_waits_for_the_end_of_a_long_line),
		cmocka_unit_test(raw_hands_on_the_very_descriptors),
		cmocka_unit_test(raw_without_descriptors_left_says_so),
		cmocka_unit_test(a_file_that_cannot_be_written_is_an_error_before_anything_is_started),
		cmocka_unit_test(a_file_is_truncated_once_and_made_by_the_umask),
		cmocka_unit_test(a_file_by_two_names_is_written_as_one),
		cmocka_unit_test(without_descriptors_left_the_rank_and_the_limit_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
