/* SPDX-License-Identifier: MIT
 *
 * stdin_feed: muster's standard input reaches the ranks that are to have it: as the descriptor itself, as a file that
 * each opens for itself, or copied, at the pace of the slowest and no further than somebody reads.
 */
#include "run_fixture.h"

#include "run/stdin_feed.h"

#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <uv.h>

enum { RANKS = 3, FLOOD_BYTES = 1 << 20, PIPE_AND_CHUNK_BYTES = 2 << 16, QUIET_ROUNDS = 3 };

/* A feed whose ranks are the test: it holds the ends that they would read from. Descriptor 0 is replaced meanwhile. */
struct feeding {
	struct run_fixture f;
	uv_loop_t loop;
	struct stdin_feed *feed;
	int saved;  /* the test's own stdin */
	int source; /* what writes to the new one; -1: not a pipe, or closed */
	int ends[RANKS];
};

static void begin(struct feeding *t, enum stdin_to to, int fd)
{
	memset(t, 0, sizeof *t);
	fixture_begin(&t->f, RANKS);
	signal(SIGPIPE, SIG_IGN);
	t->f.spec.stdin_to = to;
	for (uint32_t r = 0; r < RANKS; r++) {
		t->f.ranks[r].gets_stdin = to == STDIN_ALL || (to == STDIN_RANK && r == 1);
		t->ends[r] = -1;
	}
	t->source = -1;
	assert_int_equal(uv_loop_init(&t->loop), 0);
	t->saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		close(fd);
	} else {
		close(STDIN_FILENO);
	}
}

static void begin_with_pipe(struct feeding *t, enum stdin_to to)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	begin(t, to, ends[0]);
	t->source = ends[1];
}

static void open_ranks(struct feeding *t)
{
	struct error err;
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(stdin_feed_open_rank(t->feed, r, &t->ends[r], &err), 0);
}

static void start(struct feeding *t)
{
	struct error err;
	assert_int_equal(stdin_feed_create(&t->feed, &t->f.plan, &t->loop, getpid(), &err), 0);
	open_ranks(t);
	stdin_feed_start(t->feed);
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void end(struct feeding *t)
{
	for (uint32_t r = 0; r < RANKS; r++)
		close_end(&t->ends[r]);
	close_end(&t->source);
	stdin_feed_destroy(t->feed);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	dup2(t->saved, STDIN_FILENO);
	close(t->saved);
	fixture_end(&t->f);
}

/* Turns the loop until nothing happens any more. */
static void pump(struct feeding *t)
{
	struct pollfd backend = {.fd = uv_backend_fd(&t->loop), .events = POLLIN};
	for (int quiet = 0; quiet < QUIET_ROUNDS; quiet = poll(&backend, 1, 0) == 1 ? 0 : quiet + 1)
		uv_run(&t->loop, UV_RUN_NOWAIT);
}

static void say(struct feeding *t, const char *text)
{
	assert_int_equal(write(t->source, text, strlen(text)), strlen(text));
	pump(t);
}

/* What the rank has to read now is this, and `ended` tells whether its end of file follows. */
static void assert_reads(struct feeding *t, uint32_t rank, const char *text, bool ended)
{
	char bytes[256];
	fcntl(t->ends[rank], F_SETFL, O_NONBLOCK);
	for (size_t used = 0, length = strlen(text); used < length;) {
		ssize_t got = read(t->ends[rank], bytes, length - used);
		assert_true(got > 0);
		assert_memory_equal(bytes, text + used, (size_t)got);
		used += (size_t)got;
	}
	ssize_t more = read(t->ends[rank], bytes, 1);
	if (ended)
		assert_int_equal(more, 0);
	else
		assert_true(more < 0 && errno == EAGAIN);
}

static size_t bytes_waiting(int fd)
{
	int waiting = -1;
	assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
	return (size_t)waiting;
}

static int open_text(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* --- who gets what --- */

static void nobody_gets_an_input_that_is_for_none(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_NONE);
	start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(t.ends[r], -1);
	stdin_feed_close_ranks(t.feed);
	end(&t);
}

static void nobody_gets_an_input_that_is_closed(void **state)
{
	(void)state;
	struct feeding t;
	begin(&t, STDIN_ALL, -1);
	start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(t.ends[r], -1);
	end(&t);
}

static void one_rank_gets_the_descriptor_itself_and_the_others_nothing(void **state)
{
	(void)state;
	struct feeding t;
	struct stat own, handed;
	begin_with_pipe(&t, STDIN_RANK);
	start(&t);
	assert_int_equal(t.ends[0], -1);
	assert_int_equal(t.ends[2], -1);
	assert_true(t.ends[1] > 2 && (fcntl(t.ends[1], F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(fstat(STDIN_FILENO, &own), 0);
	assert_int_equal(fstat(t.ends[1], &handed), 0);
	assert_int_equal(own.st_ino, handed.st_ino);
	say(&t, "not read by muster");
	assert_reads(&t, 1, "not read by muster", false);
	end(&t);
}

static void a_file_is_read_by_each_rank_for_itself_from_the_same_place(void **state)
{
	(void)state;
	struct feeding t;
	begin(&t, STDIN_ALL, open_text("read already|the rest"));
	assert_int_equal(lseek(STDIN_FILENO, (off_t)strlen("read already|"), SEEK_SET), strlen("read already|"));
	start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "the rest", true);
	end(&t);
}

static void a_device_that_never_blocks_is_opened_by_each(void **state)
{
	(void)state;
	struct feeding t;
	begin(&t, STDIN_ALL, open("/dev/null", O_RDONLY | O_CLOEXEC));
	start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "", true);
	end(&t);
}

/* --- copies --- */

static void a_pipe_is_copied_to_every_rank_and_so_is_its_end(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	start(&t);
	say(&t, "one\n");
	say(&t, "two\n");
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "one\ntwo\n", false);
	say(&t, "last");
	close_end(&t.source);
	pump(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "last", true);
	end(&t);
}

static void nothing_is_read_before_all_ranks_are_started(void **state)
{
	(void)state;
	struct feeding t;
	struct error err;
	begin_with_pipe(&t, STDIN_ALL);
	assert_int_equal(stdin_feed_create(&t.feed, &t.f.plan, &t.loop, getpid(), &err), 0);
	open_ranks(&t);
	say(&t, "early");
	assert_reads(&t, 0, "", false);
	stdin_feed_start(t.feed);
	pump(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "early", false);
	end(&t);
}

/* Writes as long as it is taken; returns how many bytes were. */
static size_t flood(struct feeding *t)
{
	static const char page[4096];
	size_t taken = 0;
	fcntl(t->source, F_SETFL, O_NONBLOCK);
	for (ssize_t wrote = 0; wrote >= 0 && taken < FLOOD_BYTES; pump(t)) {
		wrote = write(t->source, page, sizeof page);
		taken += wrote > 0 ? (size_t)wrote : 0;
	}
	return taken;
}

static void the_slowest_rank_sets_the_pace_and_gets_every_byte(void **state)
{
	(void)state;
	static char bytes[FLOOD_BYTES];
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		fcntl(t.ends[r], F_SETFL, O_NONBLOCK);
	size_t read_by[RANKS] = {0}, taken = flood(&t);
	assert_in_range(taken, 1, 2 * PIPE_AND_CHUNK_BYTES);
	close_end(&t.source);
	for (bool got = true; got; pump(&t)) { /* rank 0 reads all it can get: the others hold it back */
		ssize_t length = read(t.ends[0], bytes, sizeof bytes);
		got = length > 0;
		read_by[0] += got ? (size_t)length : 0;
	}
	assert_in_range(read_by[0], 1, PIPE_AND_CHUNK_BYTES);
	for (int left = RANKS; left > 0; pump(&t)) {
		left = 0;
		for (uint32_t r = 0; r < RANKS; r++) {
			ssize_t length = read(t.ends[r], bytes, sizeof bytes);
			read_by[r] += length > 0 ? (size_t)length : 0;
			left += length != 0;
		}
	}
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(read_by[r], taken);
	end(&t);
}

static void a_rank_that_closes_its_input_is_left_out(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	start(&t);
	close_end(&t.ends[1]);
	say(&t, "one\n");
	say(&t, "two\n");
	assert_reads(&t, 0, "one\ntwo\n", false);
	assert_reads(&t, 2, "one\ntwo\n", false);
	end(&t);
}

static void what_nobody_reads_is_left_in_the_input(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		close_end(&t.ends[r]);
	say(&t, "lost"); /* by which it is found out */
	say(&t, "for who comes next");
	assert_int_equal(bytes_waiting(STDIN_FILENO), strlen("for who comes next"));
	end(&t);
}

static void the_next_incarnation_gets_what_comes_then(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	start(&t);
	say(&t, "first\n");
	stdin_feed_close_ranks(t.feed);
	for (uint32_t r = 0; r < RANKS; r++) {
		assert_reads(&t, r, "first\n", true);
		close_end(&t.ends[r]);
	}
	say(&t, "second\n");
	assert_int_equal(bytes_waiting(STDIN_FILENO), strlen("second\n")); /* not read for nobody */
	open_ranks(&t);
	stdin_feed_start(t.feed);
	pump(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "second\n", false);
	end(&t);
}

/* --- a terminal --- */

static void wait_for_bytes(struct feeding *t, int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	while (poll(&ready, 1, 10) == 0) /* the test's alarm ends it */
		pump(t);
}

/* muster is in the background, and somebody has typed for the shell: the test is muster, in a session of its own. */
struct background {
	struct feeding t;
	int master; /* the typing end of the terminal */
	pid_t shell;
};

static void begin_in_background(struct background *b)
{
	int terminal;
	setsid();
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* at the end, when the terminal goes */
	child_must(openpty(&b->master, &terminal, NULL, NULL, NULL) == 0);
	child_must(ioctl(terminal, TIOCSCTTY, 0) == 0);
	b->shell = fork();
	if (b->shell == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(b->shell, b->shell);
	child_must(tcsetpgrp(terminal, b->shell) == 0);
	begin(&b->t, STDIN_RANK, terminal);
	start(&b->t);
	child_must(b->t.ends[0] == -1 && b->t.ends[1] >= 0);
	child_must(write(b->master, "ls\n", 3) == 3);
	wait_for_bytes(&b->t, STDIN_FILENO); /* on their way through the terminal */
	pump(&b->t);
	child_must(bytes_waiting(b->t.ends[1]) == 0 && bytes_waiting(STDIN_FILENO) == 3);
}

static void end_in_background(struct background *b)
{
	kill(b->shell, SIGKILL);
	fixture_wait(b->shell);
	close(b->master);
	end(&b->t);
}

static void come_to_the_foreground(void *unused)
{
	(void)unused;
	struct background b;
	char bytes[16];
	begin_in_background(&b);
	child_must(tcsetpgrp(STDIN_FILENO, getpgrp()) == 0);
	wait_for_bytes(&b.t, b.t.ends[1]);
	child_must(read(b.t.ends[1], bytes, sizeof bytes) == 3 && memcmp(bytes, "ls\n", 3) == 0);
	end_in_background(&b);
}

static void what_is_typed_is_not_read_until_muster_is_in_the_foreground(void **state)
{
	(void)state;
	fixture_in_child(come_to_the_foreground, NULL);
}

static void end_the_ranks_meanwhile(void *unused)
{
	(void)unused;
	struct background b;
	begin_in_background(&b);
	child_must(uv_loop_alive(&b.t.loop) != 0);
	stdin_feed_close_ranks(b.t.feed);
	pump(&b.t);
	child_must(uv_loop_alive(&b.t.loop) == 0);
	end_in_background(&b);
}

static void without_ranks_nobody_waits_for_the_foreground(void **state)
{
	(void)state;
	fixture_in_child(end_the_ranks_meanwhile, NULL);
}

/* --- no descriptors left --- */

/* As many descriptors as are open now, and no more. */
static void allow_no_more_descriptors(void)
{
	int lowest_free = dup(STDOUT_FILENO);
	close(lowest_free);
	const struct rlimit limit = {(rlim_t)lowest_free, (rlim_t)lowest_free};
	child_must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

struct shortage_row {
	enum stdin_to to;
	bool is_file;
	const char *says;
};

static const struct shortage_row shortages[] = {
	{STDIN_RANK, false, "cannot hand standard input on: Too many open files"},
	{STDIN_ALL, true, "cannot open standard input once more for each rank: Too many open files"},
	{STDIN_ALL, false, "cannot make a pipe for standard input: Too many open files"},
};

static void open_beyond_descriptors(void *context)
{
	const struct shortage_row *row = context;
	struct feeding t;
	struct error err;
	int end_of_rank = -7;
	if (row->is_file)
		begin(&t, row->to, open_text("text"));
	else
		begin_with_pipe(&t, row->to);
	child_must(stdin_feed_create(&t.feed, &t.f.plan, &t.loop, getpid(), &err) == 0);
	allow_no_more_descriptors();
	child_must(stdin_feed_open_rank(t.feed, 1, &end_of_rank, &err) == -EMFILE);
	if (strcmp(err.text, row->says) != 0) {
		fprintf(stderr, "%s, expected %s\n", err.text, row->says);
		_exit(1);
	}
	end(&t);
}

static void without_descriptors_left_the_error_says_what_they_were_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shortages); i++) {
		struct shortage_row row = shortages[i];
		fixture_in_child(open_beyond_descriptors, &row);
	}
}

static void create_beyond_descriptors(void *unused)
{
	(void)unused;
	struct feeding t;
	struct error err;
	begin_with_pipe(&t, STDIN_ALL);
	allow_no_more_descriptors();
	child_must(stdin_feed_create(&t.feed, &t.f.plan, &t.loop, getpid(), &err) == -EMFILE);
	child_must(strcmp(err.text, "cannot watch standard input: too many open files") == 0);
	end(&t); /* what was half made is taken down like the whole */
}

static void an_input_that_cannot_be_watched_is_an_error(void **state)
{
	(void)state;
	fixture_in_child(create_beyond_descriptors, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_gets_an_input_that_is_for_none),
		cmocka_unit_test(nobody_gets_an_input_that_is_closed),
		cmocka_unit_test(one_rank_gets_the_descriptor_itself_and_the_others_nothing),
		cmocka_unit_test(a_file_is_read_by_each_rank_for_itself_from_the_same_place),
		cmocka_unit_test(a_device_that_never_blocks_is_opened_by_each),
		cmocka_unit_test(a_pipe_is_copied_to_every_rank_and_so_is_its_end),
		cmocka_unit_test(nothing_is_read_before_all_ranks_are_started),
		cmocka_unit_test(the_slowest_rank_sets_the_pace_and_gets_every_byte),
		cmocka_unit_test(a_rank_that_closes_its_input_is_left_out),
		cmocka_unit_test(what_nobody_reads_is_left_in_the_input),
		cmocka_unit_test(the_next_incarnation_gets_what_comes_then),
		cmocka_unit_test(what_is_typed_is_not_read_until_muster_is_in_the_foreground),
		cmocka_unit_test(without_ranks_nobody_waits_for_the_foreground),
		cmocka_unit_test(without_descriptors_left_the_error_says_what_they_were_for),
		cmocka_unit_test(an_input_that_cannot_be_watched_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
