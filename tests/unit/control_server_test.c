/* SPDX-License-Identifier: MIT
 *
 * control_server: whatever clients send, or fail to read, or however many they are, each gets an answer or the end of
 * its connection, and the server goes on.
 */
#include "run_fixture.h"

#include "job/control_server.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

enum { TURNS = 50, MANY = 100 };

struct setting {
	char *place;
	uv_loop_t loop;
	struct control_server *server;
	int answered;
	size_t longest;
	bool silent;
};

static char *answer(void *context, const char *message, size_t length)
{
	struct setting *setting = context;
	setting->answered++;
	if (length > setting->longest)
		setting->longest = length;
	return setting->silent ? NULL : strndup(message, length < 32 ? length : 32);
}

static void begin(struct setting *setting)
{
	struct error err = {0};
	alarm(FIXTURE_LIFE_S);
	*setting = (struct setting){.place = test_directory_make()};
	setenv("XDG_RUNTIME_DIR", setting->place, 1);
	assert_int_equal(uv_loop_init(&setting->loop), 0);
	setting->server = control_server_create("job-1", &setting->loop, answer, setting, &err);
	if (setting->server == NULL)
		fail_msg("%s", err.text);
}

static void turn(struct setting *setting)
{
	for (int i = 0; i < TURNS; i++)
		uv_run(&setting->loop, UV_RUN_NOWAIT);
}

static void end(struct setting *setting)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s", control_server_path(setting->server));
	control_server_detach(setting->server);
	uv_run(&setting->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&setting->loop), 0);
	control_server_destroy(setting->server);
	assert_int_equal(access(path, F_OK), -1);
	test_directory_remove(setting->place);
}

static int connect_client(const struct setting *setting)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", control_server_path(setting->server));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void expect(struct setting *setting, int fd, const char *said)
{
	char bytes[256];
	turn(setting);
	ssize_t got = recv(fd, bytes, sizeof bytes - 1, 0);
	assert_true(got > 0);
	bytes[got] = '\0';
	assert_non_null(strstr(bytes, said));
}

static void the_socket_is_private(void **state)
{
	(void)state;
	struct setting setting;
	struct stat status;
	begin(&setting);
	assert_int_equal(stat(control_server_path(setting.server), &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 07777, 0600);
	end(&setting);
}

static void messages_are_answered_each(void **state)
{
	(void)state;
	struct setting setting;
	begin(&setting);
	int one = connect_client(&setting), other = connect_client(&setting);
	assert_int_equal(send(one, "first", 5, 0), 5);
	assert_int_equal(send(other, "second", 6, 0), 6);
	expect(&setting, one, "first");
	expect(&setting, other, "second");
	assert_int_equal(send(one, "third", 5, 0), 5);
	expect(&setting, one, "third");
	close(one);
	close(other);
	turn(&setting);
	end(&setting);
}

static void a_message_that_is_too_long_is_refused_and_the_next_one_taken(void **state)
{
	(void)state;
	struct setting setting;
	begin(&setting);
	int fd = connect_client(&setting);
	char *bytes = calloc(1, CONTROL_MESSAGE_BYTES + 1);
	assert_non_null(bytes);
	assert_int_equal(send(fd, bytes, CONTROL_MESSAGE_BYTES + 1, 0), CONTROL_MESSAGE_BYTES + 1);
	expect(&setting, fd, "65536 bytes");
	assert_int_equal(setting.answered, 0);
	memset(bytes, 'x', CONTROL_MESSAGE_BYTES);
	assert_int_equal(send(fd, bytes, CONTROL_MESSAGE_BYTES, 0), CONTROL_MESSAGE_BYTES);
	expect(&setting, fd, "xxx");
	assert_int_equal(setting.longest, CONTROL_MESSAGE_BYTES);
	free(bytes);
	close(fd);
	turn(&setting);
	end(&setting);
}

static void one_that_does_not_read_is_dropped(void **state)
{
	(void)state;
	struct setting setting;
	begin(&setting);
	int fd = connect_client(&setting), sent = 0;
	bool dropped = false;
	for (int i = 0; i < 100000 && !dropped; i++) {
		ssize_t wrote = send(fd, "0123456789abcdef0123456789abcdef", 32, MSG_NOSIGNAL);
		sent += wrote > 0;
		dropped = wrote < 0 && errno == EPIPE;
		turn(&setting);
	}
	assert_true(dropped);
	assert_true(sent > 1);
	int other = connect_client(&setting);
	assert_int_equal(send(other, "here", 4, 0), 4);
	expect(&setting, other, "here");
	close(fd);
	close(other);
	turn(&setting);
	end(&setting);
}

static void expect_end(int fd)
{
	char byte;
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void expect_nothing(int fd)
{
	char byte;
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static int ask(struct setting *setting, const char *text)
{
	int fd = connect_client(setting);
	assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	turn(setting);
	return fd;
}

static void those_that_wait_leave_room_and_are_never_given_up(void **state)
{
	(void)state;
	struct setting setting;
	int fds[MANY];
	begin(&setting);
	setting.silent = true;
	for (int i = 0; i < MANY; i++) {
		fds[i] = ask(&setting, "watch");
		if (i >= CONTROL_WAITING_MAX)
			expect(&setting, fds[i], "too many wait for the end of this job");
	}
	setting.silent = false;
	for (int i = 0; i < MANY; i++) {
		int owner = ask(&setting, "owner");
		expect(&setting, owner, "owner");
		close(owner);
		turn(&setting);
	}
	setting.silent = true;
	for (int i = 0; i < CONTROL_WAITING_MAX; i++)
		expect_nothing(fds[i]);
	close(fds[0]);
	turn(&setting);
	fds[0] = ask(&setting, "watch");
	expect_nothing(fds[0]);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	turn(&setting);
	end(&setting);
}

static void one_that_was_answered_and_stays_makes_room(void **state)
{
	(void)state;
	struct setting setting;
	int fds[CONTROL_CLIENTS_MAX];
	begin(&setting);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = ask(&setting, "first");
		expect(&setting, fds[i], "first");
	}
	while (uv_now(&setting.loop) == uv_hrtime() / 1000000) /* later than all of them */
		;
	turn(&setting);
	assert_int_equal(send(fds[0], "again", 5, 0), 5);
	expect(&setting, fds[0], "again");
	int owner = ask(&setting, "owner");
	expect(&setting, owner, "owner");
	expect_end(fds[1]);
	expect_nothing(fds[0]);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (i != 1)
			close(fds[i]);
	close(owner);
	turn(&setting);
	end(&setting);
}

static void one_that_never_said_anything_makes_room_the_longest_silent_first(void **state)
{
	(void)state;
	struct setting setting;
	int fds[CONTROL_CLIENTS_MAX];
	char byte;
	begin(&setting);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = connect_client(&setting);
		turn(&setting);
	}
	assert_int_equal(send(fds[0], "first", 5, 0), 5);
	expect(&setting, fds[0], "first");
	int owner = connect_client(&setting);
	assert_int_equal(send(owner, "owner", 5, 0), 5);
	expect(&setting, owner, "owner");
	expect_end(fds[1]);
	for (int i = 2; i < CONTROL_CLIENTS_MAX; i++) {
		assert_int_equal(recv(fds[i], &byte, 1, 0), -1);
		close(fds[i]);
	}
	close(fds[0]);
	close(owner);
	turn(&setting);
	end(&setting);
}

static void one_that_never_says_anything_is_dropped_after_a_while_and_one_that_waits_is_not(void **state)
{
	(void)state;
	struct setting setting;
	char byte;
	begin(&setting);
	setting.silent = true;
	int waiting = connect_client(&setting), silent = connect_client(&setting);
	assert_int_equal(send(waiting, "watch", 5, 0), 5);
	while (recv(silent, &byte, 1, 0) < 0)
		uv_run(&setting.loop, UV_RUN_ONCE);
	expect_end(silent);
	assert_int_equal(recv(waiting, &byte, 1, 0), -1);
	close(waiting);
	turn(&setting);
	end(&setting);
}

static void without_descriptors_they_are_turned_away_and_the_loop_sleeps(void **state)
{
	(void)state;
	struct setting setting;
	struct rlimit before, none;
	begin(&setting);
	int fd = connect_client(&setting);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn(&setting);
	char bytes[64] = "";
	ssize_t got = recv(fd, bytes, sizeof bytes - 1, 0);
	struct pollfd quiet = {.fd = uv_backend_fd(&setting.loop), .events = POLLIN};
	int busy = poll(&quiet, 1, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(got > 0);
	assert_non_null(strstr(bytes, "no more open files"));
	assert_int_equal(busy, 0);
	close(fd);
	end(&setting);
}

static void who_waits_sees_the_end(void **state)
{
	(void)state;
	struct setting setting;
	char byte;
	begin(&setting);
	setting.silent = true;
	int fd = connect_client(&setting);
	assert_int_equal(send(fd, "watch", 5, 0), 5);
	turn(&setting);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	end(&setting);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void where_no_socket_can_be_there_is_no_server(void **state)
{
	(void)state;
	struct error err = {0};
	uv_loop_t loop;
	char *place = test_directory_make();
	test_directory_put(place, "", "/muster");
	setenv("XDG_RUNTIME_DIR", place, 1);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_null(control_server_create("job-1", &loop, answer, NULL, &err));
	assert_non_null(strstr(err.text, "muster: Not a directory"));
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_null(control_server_path(NULL));
	control_server_detach(NULL);
	control_server_destroy(NULL);
	test_directory_remove(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_socket_is_private),
		cmocka_unit_test(messages_are_answered_each),
		cmocka_unit_test(a_message_that_is_too_long_is_refused_and_the_next_one_taken),
		cmocka_unit_test(one_that_does_not_read_is_dropped),
		cmocka_unit_test(those_that_wait_leave_room_and_are_never_given_up),
		cmocka_unit_test(one_that_was_answered_and_stays_makes_room),
		cmocka_unit_test(one_that_never_said_anything_makes_room_the_longest_silent_first),
		cmocka_unit_test(one_that_never_says_anything_is_dropped_after_a_while_and_one_that_waits_is_not),
		cmocka_unit_test(without_descriptors_they_are_turned_away_and_the_loop_sleeps),
		cmocka_unit_test(who_waits_sees_the_end),
		cmocka_unit_test(where_no_socket_can_be_there_is_no_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
