/* SPDX-License-Identifier: MIT
 *
 * file_text: what a file holds arrives, in one piece or many, with a NUL behind it; what cannot be read is empty.
 */
#include "unit_test.h"

#include "base/file_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_file_arrives_as_far_as_there_is_room(void **state)
{
	(void)state;
	char path[] = "/tmp/muster-file-text-XXXXXX", text[8];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "123456789", 9), 9);
	close(fd);
	assert_int_equal(file_text_read(path, text, sizeof text), 7);
	assert_string_equal(text, "1234567");
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(file_text_read(path, text, sizeof text), 3);
	assert_string_equal(text, "123");
	unlink(path);
}

static void what_cannot_be_read_is_empty(void **state)
{
	(void)state;
	char text[8] = "before";
	assert_int_equal(file_text_read("/nonexistent", text, sizeof text), -ENOENT);
	assert_string_equal(text, "");
	strcpy(text, "before");
	assert_int_equal(file_text_read("/", text, sizeof text), -EISDIR);
	assert_string_equal(text, "");
}

/* Of such a socket each read gives one message, as each read of /proc may give one record. */
static void what_comes_in_pieces_is_put_together(void **state)
{
	(void)state;
	int ends[2];
	char text[8] = "";
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(send(ends[1], "12", 2, 0), 2);
	assert_int_equal(send(ends[1], "345", 3, 0), 3);
	close(ends[1]);
	assert_int_equal(file_read(ends[0], text, sizeof text), 5);
	assert_string_equal(text, "12345");
	close(ends[0]);
}

static void a_fifo_without_a_writer_is_not_waited_for(void **state)
{
	(void)state;
	char directory[] = "/tmp/muster-file-text-XXXXXX", path[64], text[8];
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/fifo", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_text_read(path, text, sizeof text), 0);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_arrives_as_far_as_there_is_room),
		cmocka_unit_test(what_cannot_be_read_is_empty),
		cmocka_unit_test(what_comes_in_pieces_is_put_together),
		cmocka_unit_test(a_fifo_without_a_writer_is_not_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
