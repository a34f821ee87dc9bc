/* SPDX-License-Identifier: MIT
 *
 * output, read by somebody else: readers that go away, sleep, or wake up, and pipes that somebody holds. None of them
 * holds up what goes elsewhere, and none makes the output wait for ever.
 */
#include "output_harness.h"

#include <pthread.h>
#include <sys/ioctl.h>

enum { QUIET_MS = 300, IN_FLIGHT_MOST = 1 << 20, PIPES_MOST = 1 << 20, PAGE_BYTES = 64 << 10 };

static bool first_stream_is_closed(struct harness *h)
{
	ssize_t wrote = write(h->ends[0][TO_STDOUT], "y\n", 2);
	return wrote < 0 && errno == EPIPE;
}

static void a_reader_that_went_away_ends_its_writers_and_no_others(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 2);
	harness_send_to(&h, 1, TO_STDOUT, "own", NULL);
	harness_send_to(&h, 0, TO_STDERR, "", NULL);
	harness_send_to(&h, 1, TO_STDERR, "", NULL);
	close(harness_replace_stdout(&h));
	harness_open(&h);
	bool told = harness_pump_until(&h, first_stream_is_closed);
	harness_say(&h, 1, TO_STDOUT, "goes on\n");
	bool gone = output_reader_gone(h.output), drained = harness_close(&h);
	harness_restore(&h);
	assert_true(told && gone && drained);
	assert_null(output_error(h.output)); /* as in any pipeline */
	assert_file_is(&h, "own", "goes on\n");
	harness_end(&h);
}

/* The reader may go while ranks are still being started. */
static bool a_late_rank_is_told(enum on_closed on_closed)
{
	struct harness h;
	struct error err;
	harness_begin(&h, 1);
	h.f.spec.output.on_closed = on_closed;
	harness_send_to(&h, 0, TO_STDERR, "", NULL);
	close(harness_replace_stdout(&h));
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "into nothing\n");
	harness_end_all(&h);
	int rc = output_open_rank(h.output, 0, h.ends[0], &err);
	bool told = rc == 0 && first_stream_is_closed(&h);
	bool drained = harness_close(&h);
	harness_restore(&h);
	assert_int_equal(rc, 0);
	assert_true(drained);
	harness_end(&h);
	return told;
}

static void a_rank_that_starts_after_its_reader_went_away_is_told_by_its_first_write(void **state)
{
	(void)state;
	assert_true(a_late_rank_is_told(ON_CLOSED_END));
	assert_false(a_late_rank_is_told(ON_CLOSED_CONTINUE));
}

static void with_on_closed_continue_ranks_are_not_told(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 1);
	h.f.spec.output.on_closed = ON_CLOSED_CONTINUE;
	harness_send_to(&h, 0, TO_STDERR, "", NULL);
	close(harness_replace_stdout(&h));
	harness_open(&h);
	for (int i = 0; i < 100; i++)
		harness_say(&h, 0, TO_STDOUT, "into nothing\n");
	bool gone = output_reader_gone(h.output), drained = harness_close(&h);
	harness_restore(&h);
	assert_true(drained);
	assert_false(gone);
	assert_null(output_error(h.output));
	harness_end(&h);
}

static void a_stream_with_a_sink_left_is_not_ended(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 1);
	harness_send_to(&h, 0, TO_STDOUT, NULL, "own");
	harness_send_to(&h, 0, TO_STDERR, "", NULL);
	close(harness_replace_stdout(&h));
	harness_open(&h);
	harness_say(&h, 0, TO_STDOUT, "one\n");
	harness_say(&h, 0, TO_STDOUT, "two\n");
	bool gone = output_reader_gone(h.output), drained = harness_close(&h);
	harness_restore(&h);
	assert_true(gone && drained);
	assert_file_is(&h, "own", "one\ntwo\n");
	harness_end(&h);
}

/* Writes as long as it is taken; returns how many bytes were. */
static size_t flood(struct harness *h, uint32_t rank)
{
	static char lines[PAGE_BYTES];
	size_t taken = 0;
	int64_t last_ms = harness_now_ms();
	int fd = h->ends[rank][TO_STDOUT];
	memset(lines, 'z', sizeof lines);
	for (size_t i = 99; i < sizeof lines; i += 100)
		lines[i] = '\n';
	lines[sizeof lines - 1] = '\n';
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (harness_now_ms() < last_ms + QUIET_MS && taken < 64 * (size_t)IN_FLIGHT_MOST) {
		ssize_t wrote = write(fd, lines, sizeof lines);
		if (wrote > 0) {
			taken += (size_t)wrote;
			last_ms = harness_now_ms();
		}
		harness_pump(h);
	}
	return taken;
}

static void begin_with_a_sleeping_reader(struct harness *h, int *reader)
{
	harness_begin(h, 2);
	harness_send_to(h, 0, TO_STDERR, "", NULL);
	harness_send_to(h, 1, TO_STDERR, "", NULL);
	harness_send_to(h, 1, TO_STDOUT, "own", NULL);
	*reader = harness_replace_stdout(h);
	harness_open(h);
}

/* In a process of its own, as with the supervisor's: a thread that is in its write for ever ends with it. */
static void leave_a_sleeping_reader(void *unused)
{
	(void)unused;
	struct harness h;
	int reader;
	size_t length;
	begin_with_a_sleeping_reader(&h, &reader);
	size_t taken = flood(&h, 0);
	for (int i = 0; i < 1000; i++)
		harness_say(&h, 1, TO_STDOUT, "goes on\n");
	harness_end_all(&h);
	child_must(taken >= IN_FLIGHT_MOST && taken <= 2 * IN_FLIGHT_MOST + 2 * PIPES_MOST);
	free(harness_file(&h, "own", &length));
	child_must(length == 1000 * strlen("goes on\n"));
	child_must(!output_is_drained(h.output));
	output_abandon(h.output);
	child_must(output_is_drained(h.output));
	child_must(strcmp(output_error(h.output), "output was dropped: nobody read it") == 0);
	output_detach(h.output);
	child_must(uv_loop_close(&h.loop) == 0); /* although a thread is still in its write */
	memset(&h.loop, 0xa5, sizeof h.loop);
	output_destroy(h.output);
	free(fixture_read_some(
		reader, IN_FLIGHT_MOST - PAGE_BYTES)); /* and comes out of it now: it must not look for the loop */
	fixture_end(&h.f);
}

static void a_reader_that_sleeps_holds_back_its_writer_alone_and_within_bounds(void **state)
{
	(void)state;
	fixture_in_child(leave_a_sleeping_reader, NULL);
}

struct wakeup {
	int reader;
	size_t length;
	size_t lines;
};

static void *read_it_all(void *argument)
{
	struct wakeup *wakeup = argument;
	char *bytes = fixture_read_all(wakeup->reader, &wakeup->length);
	for (char *at = bytes; (at = strchr(at, '\n')) != NULL; at++)
		wakeup->lines++;
	free(bytes);
	return NULL;
}

static void a_reader_that_wakes_up_gets_every_byte(void **state)
{
	(void)state;
	struct harness h;
	struct wakeup wakeup = {0};
	pthread_t thread;
	begin_with_a_sleeping_reader(&h, &wakeup.reader);
	size_t taken = flood(&h, 0);
	int started = pthread_create(&thread, NULL, read_it_all, &wakeup);
	bool drained = started == 0 && harness_close(&h);
	harness_restore(&h); /* the last write end: the reader sees its end of file */
	assert_int_equal(started, 0);
	pthread_join(thread, NULL);
	close(wakeup.reader);
	assert_true(drained);
	bool cut = taken % PAGE_BYTES % 100 != 0 && taken % PAGE_BYTES != 0; /* the last line gets its newline */
	assert_true(wakeup.lines >= taken / PAGE_BYTES * (PAGE_BYTES / 100));
	assert_in_range(wakeup.length, taken + wakeup.lines * 4, taken + wakeup.lines * 4 + (cut ? 1 : 0));
	harness_end(&h);
}

/* One line, for as long as is given or taken; returns how much of it was. */
static size_t write_without_end(struct harness *h, int64_t for_ms)
{
	static char bytes[PAGE_BYTES];
	size_t taken = 0;
	int fd = h->ends[0][TO_STDOUT];
	memset(bytes, 'z', sizeof bytes);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int64_t end_ms = harness_now_ms() + for_ms; harness_now_ms() < end_ms;) {
		ssize_t wrote = write(fd, bytes, sizeof bytes);
		taken += wrote > 0 ? (size_t)wrote : 0;
		harness_pump(h);
	}
	return taken;
}

static bool line_end_is_taken(struct harness *h)
{
	return write(h->ends[0][TO_STDOUT], "\n", 1) == 1;
}

/* Nobody would come through, were it broken off. */
static void a_reader_that_sleeps_does_not_break_a_long_line_for_which_others_wait(void **state)
{
	(void)state;
	struct harness h;
	struct wakeup wakeup = {0};
	pthread_t thread;
	harness_begin(&h, 2);
	harness_send_to(&h, 0, TO_STDERR, "", NULL);
	harness_send_to(&h, 1, TO_STDERR, "", NULL);
	wakeup.reader = harness_replace_stdout(&h);
	harness_open(&h);
	size_t taken = write_without_end(&h, QUIET_MS);
	harness_say(&h, 1, TO_STDOUT, "waits\n");
	taken += write_without_end(&h, 3000);
	int started = pthread_create(&thread, NULL, read_it_all, &wakeup);
	bool drained = started == 0 && harness_pump_until(&h, line_end_is_taken) && harness_close(&h);
	harness_restore(&h);
	assert_int_equal(started, 0);
	pthread_join(thread, NULL);
	close(wakeup.reader);
	assert_true(drained && taken > IN_FLIGHT_MOST);
	assert_int_equal(wakeup.lines, 2);
	assert_int_equal(wakeup.length, strlen("[0] \n[1] waits\n") + taken);
	harness_end(&h);
}

/* The reader wakes up; somebody may hold pipes to the end. */
static bool wake_and_drain(struct harness *h, struct wakeup *wakeup)
{
	pthread_t thread;
	int started = pthread_create(&thread, NULL, read_it_all, wakeup);
	bool drained = harness_pump_until(h, harness_is_drained);
	harness_close(h);
	harness_restore(h);
	assert_int_equal(started, 0);
	pthread_join(thread, NULL);
	close(wakeup->reader);
	return drained;
}

/* As many as the pipe takes while the reader sleeps. */
static size_t write_empty_lines(struct harness *h, size_t most)
{
	static char bytes[2 * IN_FLIGHT_MOST];
	size_t wrote = 0;
	memset(bytes, '\n', sizeof bytes);
	fcntl(h->ends[0][TO_STDOUT], F_SETFL, O_NONBLOCK);
	for (int64_t end = harness_now_ms() + QUIET_MS; wrote < most && harness_now_ms() < end;) {
		ssize_t now = write(h->ends[0][TO_STDOUT], bytes, most - wrote);
		wrote += now > 0 ? (size_t)now : 0;
		harness_pump(h);
	}
	return wrote;
}

/* As somebody would who opened the other end as well. */
static size_t take_what_is_in_the_pipe(struct harness *h)
{
	static char bytes[PIPES_MOST];
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", h->ends[0][TO_STDOUT]);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);
	if (fd >= 0)
		close(fd);
	return got > 0 ? (size_t)got : 0;
}

/* Nothing is owed of it, and what is in the queue needs no pipe. */
static void an_empty_pipe_that_somebody_holds_is_closed_although_the_queue_is_full(void **state)
{
	(void)state;
	struct harness h;
	struct wakeup wakeup = {0};
	begin_with_a_sleeping_reader(&h, &wakeup.reader);
	size_t wrote = write_empty_lines(&h, 2 * IN_FLIGHT_MOST);
	size_t stuck = take_what_is_in_the_pipe(&h);
	output_close_when_empty(h.output);
	bool closed = first_stream_is_closed(&h), early = output_is_drained(h.output);
	bool drained = wake_and_drain(&h, &wakeup);
	assert_true(stuck > 0 && closed);
	assert_false(early);
	assert_true(drained);
	assert_int_equal(wakeup.lines, wrote - stuck);
	harness_end(&h);
}

/* A grandchild may write for ever: what was in the pipe when the ranks were gone is the last that is read. */
static void what_comes_into_a_pipe_after_the_ranks_are_gone_is_not_read(void **state)
{
	(void)state;
	struct harness h;
	struct wakeup wakeup = {0};
	begin_with_a_sleeping_reader(&h, &wakeup.reader);
	size_t wrote = write_empty_lines(&h, 2 * IN_FLIGHT_MOST); /* the pipe is full */
	int room = fcntl(h.ends[0][TO_STDOUT], F_SETPIPE_SZ, PIPES_MOST);
	ssize_t owed = write(h.ends[0][TO_STDOUT], "owed\n", 5);
	output_close_when_empty(h.output);
	ssize_t late = write(h.ends[0][TO_STDOUT], "late\n", 5);
	bool drained = wake_and_drain(&h, &wakeup);
	assert_int_equal(room, PIPES_MOST);
	assert_int_equal(owed, 5);
	assert_int_equal(late, 5);
	assert_true(drained);
	assert_int_equal(wakeup.length, wrote * strlen("[0] \n") + strlen("[0] owed\n"));
	harness_end(&h);
}

/* "2026-11-20T21:13:05.123456Z [0] \n": a byte becomes 33. */
static void leave_empty_lines(void *unused)
{
	(void)unused;
	struct harness h;
	static char lines[4 * PAGE_BYTES];
	int left = 0;
	harness_begin(&h, 2);
	h.f.spec.output.timestamp = true;
	harness_replace_stdout(&h);
	harness_open(&h);
	int fd = h.ends[0][TO_STDOUT];
	memset(lines, '\n', sizeof lines);
	child_must(fcntl(fd, F_SETPIPE_SZ, sizeof lines) == sizeof lines);
	child_must(write(fd, lines, sizeof lines) == sizeof lines);
	harness_pump(&h);
	child_must(ioctl(fd, FIONREAD, &left) == 0);
	size_t sent = (sizeof lines - (size_t)left) * strlen("2026-11-20T21:13:05.123456Z [0] \n");
	child_must(sent > 0 && sent <= 2 * IN_FLIGHT_MOST + PAGE_BYTES);
	output_abandon(h.output);
	harness_end_all(&h);
	output_detach(h.output);
	child_must(uv_loop_close(&h.loop) == 0);
	output_destroy(h.output);
	fixture_end(&h.f);
}

static void empty_lines_for_a_reader_that_sleeps_are_bounded_with_their_prefixes(void **state)
{
	(void)state;
	fixture_in_child(leave_empty_lines, NULL);
}

static void leave_a_sleeping_fifo(void *unused)
{
	(void)unused;
	struct harness h;
	harness_begin(&h, 1);
	char *path = fixture_path(&h.f, "fifo");
	child_must(mkfifo(path, 0644) == 0);
	child_must(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0);
	harness_send_to(&h, 0, TO_STDOUT, "fifo", NULL);
	harness_send_to(&h, 0, TO_STDERR, "", NULL);
	harness_open(&h);
	size_t taken = flood(&h, 0);
	child_must(taken >= IN_FLIGHT_MOST && taken <= 2 * IN_FLIGHT_MOST + 2 * PIPES_MOST);
	output_abandon(h.output);
	harness_end_all(&h);
	output_detach(h.output);
	child_must(uv_loop_close(&h.loop) == 0);
	output_destroy(h.output);
	fixture_end(&h.f);
}

static void a_fifo_whose_reader_sleeps_blocks_nothing_else(void **state)
{
	(void)state;
	fixture_in_child(leave_a_sleeping_fifo, NULL);
}

static void a_job_that_printed_everything_has_nothing_to_abandon(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 1);
	harness_send_all_to(&h, "all");
	harness_open(&h);
	harness_end_all(&h);
	output_abandon(h.output);
	assert_null(output_error(h.output));
	assert_true(harness_close(&h));
	harness_end(&h);
}

static void nothing_was_dropped_of_ranks_that_hold_their_pipes_and_printed_nothing(void **state)
{
	(void)state;
	struct harness h;
	harness_begin(&h, 1);
	harness_send_all_to(&h, "all");
	harness_open(&h);
	output_abandon(h.output);
	assert_null(output_error(h.output));
	assert_true(harness_close(&h));
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_that_went_away_ends_its_writers_and_no_others),
		cmocka_unit_test(a_rank_that_starts_after_its_reader_went_away_is_told_by_its_first_write),
		cmocka_unit_test(with_on_closed_continue_ranks_are_not_told),
		cmocka_unit_test(a_stream_with_a_sink_left_is_not_ended),
		cmocka_unit_test(a_reader_that_sleeps_holds_back_its_writer_alone_and_within_bounds),
		cmocka_unit_test(a_reader_that_wakes_up_gets_every_byte),
		cmocka_unit_test(a_reader_that_sleeps_does_not_break_a_long_line_for_which_others_wait),
		cmocka_unit_test(an_empty_pipe_that_somebody_holds_is_closed_although_the_queue_is_full),
		cmocka_unit_test(what_comes_into_a_pipe_after_the_ranks_are_gone_is_not_read),
		cmocka_unit_test(empty_lines_for_a_reader_that_sleeps_are_bounded_with_their_prefixes),
		cmocka_unit_test(a_fifo_whose_reader_sleeps_blocks_nothing_else),
		cmocka_unit_test(a_job_that_printed_everything_has_nothing_to_abandon),
		cmocka_unit_test(nothing_was_dropped_of_ranks_that_hold_their_pipes_and_printed_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
