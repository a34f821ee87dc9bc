/* SPDX-License-Identifier: MIT
 *
 * stdin_feed: muster's standard input reaches the ranks that are to have it: as the descriptor itself, as a file that
 * each opens for itself, or copied, at the pace of the slowest and no further than somebody reads.
 */
#include "run_fixture.h"
#include "stdin_fixture.h"

#include "run/stdin_feed.h"

#include <sys/resource.h>

enum { FLOOD_BYTES = 1 << 20, PIPE_AND_CHUNK_BYTES = 2 << 16 };

static void begin_with_pipe(struct feeding *t, enum stdin_to to)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	feeding_begin(t, to, ends[0]);
	t->source = ends[1];
}

static void say(struct feeding *t, const char *text)
{
	assert_int_equal(write(t->source, text, strlen(text)), strlen(text));
	feeding_pump(t);
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
	feeding_start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(t.ends[r], -1);
	stdin_feed_close_ranks(t.feed);
	feeding_end(&t);
}

static void nobody_gets_an_input_that_is_closed(void **state)
{
	(void)state;
	struct feeding t;
	feeding_begin(&t, STDIN_ALL, -1);
	feeding_start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(t.ends[r], -1);
	feeding_end(&t);
}

static void one_rank_gets_the_descriptor_itself_and_the_others_nothing(void **state)
{
	(void)state;
	struct feeding t;
	struct stat own, handed;
	begin_with_pipe(&t, STDIN_RANK);
	feeding_start(&t);
	assert_int_equal(t.ends[0], -1);
	assert_int_equal(t.ends[2], -1);
	assert_true(t.ends[1] > 2 && (fcntl(t.ends[1], F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(fstat(STDIN_FILENO, &own), 0);
	assert_int_equal(fstat(t.ends[1], &handed), 0);
	assert_int_equal(own.st_ino, handed.st_ino);
	say(&t, "not read by muster");
	assert_reads(&t, 1, "not read by muster", false);
	feeding_end(&t);
}

static void a_file_is_read_by_each_rank_for_itself_from_the_same_place(void **state)
{
	(void)state;
	struct feeding t;
	feeding_begin(&t, STDIN_ALL, open_text("read already|the rest"));
	assert_int_equal(lseek(STDIN_FILENO, (off_t)strlen("read already|"), SEEK_SET), strlen("read already|"));
	feeding_start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "the rest", true);
	feeding_end(&t);
}

static void a_device_that_never_blocks_is_opened_by_each(void **state)
{
	(void)state;
	struct feeding t;
	feeding_begin(&t, STDIN_ALL, open("/dev/null", O_RDONLY | O_CLOEXEC));
	feeding_start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "", true);
	feeding_end(&t);
}

/* --- copies --- */

static void a_pipe_is_copied_to_every_rank_and_so_is_its_end(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	feeding_start(&t);
	say(&t, "one\n");
	say(&t, "two\n");
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "one\ntwo\n", false);
	say(&t, "last");
	feeding_close(&t.source);
	feeding_pump(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "last", true);
	feeding_end(&t);
}

static void nothing_is_read_before_all_ranks_are_started(void **state)
{
	(void)state;
	struct feeding t;
	struct error err;
	begin_with_pipe(&t, STDIN_ALL);
	assert_int_equal(stdin_feed_create(&t.feed, &t.f.plan, &t.loop, getpid(), &err), 0);
	feeding_open_ranks(&t);
	say(&t, "early");
	assert_reads(&t, 0, "", false);
	stdin_feed_start(t.feed);
	feeding_pump(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "early", false);
	feeding_end(&t);
}

/* Writes as long as it is taken; returns how many bytes were. */
static size_t flood(struct feeding *t)
{
	static const char page[4096];
	size_t taken = 0;
	fcntl(t->source, F_SETFL, O_NONBLOCK);
	for (ssize_t wrote = 0; wrote >= 0 && taken < FLOOD_BYTES; feeding_pump(t)) {
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
	feeding_start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		fcntl(t.ends[r], F_SETFL, O_NONBLOCK);
	size_t read_by[RANKS] = {0}, taken = flood(&t);
	assert_in_range(taken, 1, 2 * PIPE_AND_CHUNK_BYTES);
	feeding_close(&t.source);
	for (bool got = true; got; feeding_pump(&t)) { /* rank 0 reads all it can get: the others hold it back */
		ssize_t length = read(t.ends[0], bytes, sizeof bytes);
		got = length > 0;
		read_by[0] += got ? (size_t)length : 0;
	}
	assert_in_range(read_by[0], 1, PIPE_AND_CHUNK_BYTES);
	for (int left = RANKS; left > 0; feeding_pump(&t)) {
		left = 0;
		for (uint32_t r = 0; r < RANKS; r++) {
			ssize_t length = read(t.ends[r], bytes, sizeof bytes);
			read_by[r] += length > 0 ? (size_t)length : 0;
			left += length != 0;
		}
	}
	for (uint32_t r = 0; r < RANKS; r++)
		assert_int_equal(read_by[r], taken);
	feeding_end(&t);
}

static void a_rank_that_closes_its_input_is_left_out(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	feeding_start(&t);
	feeding_close(&t.ends[1]);
	say(&t, "one\n");
	say(&t, "two\n");
	assert_reads(&t, 0, "one\ntwo\n", false);
	assert_reads(&t, 2, "one\ntwo\n", false);
	feeding_end(&t);
}

static void what_nobody_reads_is_left_in_the_input(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	feeding_start(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		feeding_close(&t.ends[r]);
	say(&t, "lost"); /* by which it is found out */
	say(&t, "for who comes next");
	assert_int_equal(feeding_bytes_waiting(STDIN_FILENO), strlen("for who comes next"));
	feeding_end(&t);
}

static void the_next_incarnation_gets_what_comes_then(void **state)
{
	(void)state;
	struct feeding t;
	begin_with_pipe(&t, STDIN_ALL);
	feeding_start(&t);
	say(&t, "first\n");
	stdin_feed_close_ranks(t.feed);
	for (uint32_t r = 0; r < RANKS; r++) {
		assert_reads(&t, r, "first\n", true);
		feeding_close(&t.ends[r]);
	}
	say(&t, "second\n");
	assert_int_equal(feeding_bytes_waiting(STDIN_FILENO), strlen("second\n")); /* not read for nobody */
	feeding_open_ranks(&t);
	stdin_feed_start(t.feed);
	feeding_pump(&t);
	for (uint32_t r = 0; r < RANKS; r++)
		assert_reads(&t, r, "second\n", false);
	feeding_end(&t);
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
		feeding_begin(&t, row->to, open_text("text"));
	else
		begin_with_pipe(&t, row->to);
	child_must(stdin_feed_create(&t.feed, &t.f.plan, &t.loop, getpid(), &err) == 0);
	allow_no_more_descriptors();
	child_must(stdin_feed_open_rank(t.feed, 1, &end_of_rank, &err) == -EMFILE);
	if (strcmp(err.text, row->says) != 0) {
		fprintf(stderr, "%s, expected %s\n", err.text, row->says);
		_exit(1);
	}
	feeding_end(&t);
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
	feeding_end(&t); /* what was half made is taken down like the whole */
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
		cmocka_unit_test(without_descriptors_left_the_error_says_what_they_were_for),
		cmocka_unit_test(an_input_that_cannot_be_watched_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
