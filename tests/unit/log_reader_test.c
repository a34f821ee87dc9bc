/* SPDX-License-Identifier: MIT
 *
 * log_reader: whenever it looks, what it hands on and what its lines say was dropped is the stream that was written, in
 * order and without a byte twice; files that muster did not write are left alone.
 */
#include "log_place.h"
#include "run_fixture.h"

#include "base/text.h"
#include "job/log_reader.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

struct place {
	struct log_place written;
	struct log_reader reader;
	struct text heard;
};

static void begin(struct place *place)
{
	memset(place, 0, sizeof *place);
	log_place_begin(&place->written);
	log_reader_init(&place->reader, place->written.directory, "0.out");
}

static void end(struct place *place)
{
	text_finish(&place->heard);
	log_place_end(&place->written);
}

static void say(struct place *place, size_t length)
{
	log_place_say(&place->written, place->written.log.total, length);
}

static void hear(void *context, const char *bytes, size_t length)
{
	struct place *place = context;
	text_add_bytes(&place->heard, bytes, length);
}

static void pump(struct place *place)
{
	log_reader_pump(&place->reader, hear, place);
}

/* Takes it apart: bytes of the stream, and lines about gaps. Returns how many bytes were dropped. */
static int64_t check_heard(const struct place *place, int64_t total)
{
	const char *at = place->heard.length == 0 ? "" : place->heard.bytes;
	int64_t offset = 0, dropped = 0;
	while (*at != '\0') {
		long long gap = 0;
		if (*at != '\n') {
			assert_int_equal(*at++, byte_of(offset++));
			continue;
		}
		assert_int_equal(sscanf(at, "\nmuster: %lld bytes were dropped here (output.log_limit)\n", &gap), 1);
		assert_true(gap > 0);
		at = strchr(at + 1, '\n') + 1;
		offset += gap;
		dropped += gap;
	}
	assert_int_equal(offset, total);
	return dropped;
}

static void before_the_first_byte_there_is_nothing_to_read(void **state)
{
	(void)state;
	struct place place;
	begin(&place);
	pump(&place);
	assert_int_equal(place.heard.length, 0);
	say(&place, 5);
	pump(&place);
	pump(&place);
	assert_int_equal(check_heard(&place, 5), 0);
	end(&place);
}

static void who_reads_as_it_is_written_loses_nothing(void **state)
{
	(void)state;
	static const size_t steps[] = {1, 7, 100, TAIL - 1, TAIL};
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct place place;
		begin(&place);
		while (place.written.log.total < 5 * LIMIT) {
			say(&place, steps[i]);
			pump(&place);
		}
		int64_t total = place.written.log.total;
		log_file_finish(&place.written.log);
		pump(&place);
		pump(&place);
		assert_int_equal(check_heard(&place, total), 0);
		end(&place);
	}
}

/* Some hundred ways to read too seldom, by a generator that says the same each time. */
static void who_reads_seldom_is_told_how_much_was_dropped(void **state)
{
	(void)state;
	uint32_t random = 1;
	for (int round = 0; round < 300; round++) {
		struct place place;
		begin(&place);
		for (int step = 0; step < 40; step++) {
			random = random * 1664525 + 1013904223;
			if (random >> 28 < 3)
				pump(&place);
			else
				say(&place, (random >> 8) % (LIMIT / 4));
		}
		int64_t total = place.written.log.total;
		if (round % 3 != 0)
			log_file_finish(&place.written.log);
		pump(&place);
		check_heard(&place, total);
		end(&place);
	}
}

static void who_comes_after_the_end_reads_head_and_tail(void **state)
{
	(void)state;
	struct place place;
	begin(&place);
	say(&place, LIMIT * 3);
	int64_t total = place.written.log.total;
	log_file_finish(&place.written.log);
	pump(&place);
	assert_in_range(check_heard(&place, total), 1, total - HEAD - TAIL);
	end(&place);
}

/* No file gets longer: a write says so half-way. */
static void fail_to_say(struct place *place, size_t length, size_t longest)
{
	struct rlimit before;
	char bytes[LIMIT];
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit low = {longest, before.rlim_max};
	for (size_t i = 0; i < length; i++)
		bytes[i] = byte_of(place->written.log.total + (int64_t)i);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(log_file_write(&place->written.log, bytes, length), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void check_cut(struct place *place, int64_t total)
{
	assert_true(place->heard.length >= strlen(LOG_CUT_LINE));
	size_t bytes = place->heard.length - strlen(LOG_CUT_LINE);
	assert_string_equal(place->heard.bytes + bytes, LOG_CUT_LINE);
	place->heard.bytes[bytes] = '\0';
	assert_int_equal(check_heard(place, total), 0);
}

static void where_a_log_was_cut_a_line_says_so_once(void **state)
{
	(void)state;
	static const size_t said[] = {10, HEAD + 10};
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		struct place place;
		begin(&place);
		say(&place, said[i]);
		pump(&place);
		fail_to_say(&place, 100, 50);
		int64_t total = place.written.log.total;
		assert_int_equal(total, said[i] + 40);
		if (i == 1)
			log_file_finish(&place.written.log);
		pump(&place);
		pump(&place);
		check_cut(&place, total);
		end(&place);
	}
}

static void tails_that_could_not_be_joined_are_read_beside_their_head(void **state)
{
	(void)state;
	struct place place;
	begin(&place);
	say(&place, HEAD + TAIL + TAIL / 2); /* and its muster was killed */
	pump(&place);
	assert_int_equal(check_heard(&place, place.written.log.total), 0);
	end(&place);
}

/* As log_file_finish does it: a tail goes to the end of the head, here by halves. */
static void join_half(struct place *place, int64_t tail, bool second)
{
	char name[64], bytes[TAIL];
	snprintf(name, sizeof name, "0.out.%lld", (long long)tail);
	int source = openat(place->written.directory, name, O_RDONLY | O_CLOEXEC);
	int head = openat(place->written.directory, "0.out", O_WRONLY | O_APPEND | O_CLOEXEC);
	ssize_t length = read(source, bytes, sizeof bytes), half = length / 2;
	ssize_t from = second ? half : 0, part = second ? length - half : half;
	assert_true(part > 0);
	assert_int_equal(write(head, bytes + from, (size_t)part), part);
	close(source);
	close(head);
	if (second)
		assert_int_equal(unlinkat(place->written.directory, name, 0), 0);
}

static void write_gap(struct place *place)
{
	char gap[LOG_GAP_BYTES];
	int length = log_file_word_gap(gap, place->written.log.tails[0] - HEAD);
	int head = openat(place->written.directory, "0.out", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(head, gap, (size_t)length), length);
	close(head);
}

/* The older tail is as yet unread. Looked at after each tail that was joined, or in the middle of it, too. */
static void who_reads_while_tails_are_joined_loses_nothing(void **state)
{
	(void)state;
	for (int often = 0; often < 2; often++) {
		struct place place;
		struct log_file *log = &place.written.log;
		begin(&place);
		while (log->total < 2 * LIMIT) {
			say(&place, 100);
			pump(&place);
		}
		for (int64_t newest = log->tails[1]; log->tails[0] != newest;)
			say(&place, 100);
		assert_true(log->tails[1] != 0);
		write_gap(&place);
		for (int i = 0; i < 2; i++) {
			join_half(&place, log->tails[i], false);
			if (often)
				pump(&place);
			join_half(&place, log->tails[i], true);
			pump(&place);
		}
		assert_int_equal(check_heard(&place, log->total), 0);
		log->tails[0] = log->tails[1] = 0; /* joined */
		end(&place);
	}
}

static void files_that_muster_did_not_write_are_left_alone(void **state)
{
	(void)state;
	static const char *const names[] = {"/0.out.-5", "/0.out.x", "/0.out.", "/0.out.9223372036854775807",
	                                    "/0.outer"};
	struct place place;
	begin(&place);
	say(&place, 10);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		test_directory_put(place.written.path, "not of the stream", "%s", names[i]);
	pump(&place);
	assert_int_equal(check_heard(&place, 10), 0);
	end(&place);
}

static void links_and_pipes_in_the_place_of_a_log_are_not_read(void **state)
{
	(void)state;
	struct place place;
	begin(&place);
	alarm(FIXTURE_LIFE_S);
	test_directory_put(place.written.path, "secret", "/elsewhere");
	assert_int_equal(symlinkat("elsewhere", place.written.directory, "0.out"), 0);
	pump(&place);
	assert_int_equal(unlinkat(place.written.directory, "0.out", 0), 0);
	assert_int_equal(mkfifoat(place.written.directory, "0.out", 0600), 0); /* which nobody opens */
	pump(&place);
	assert_int_equal(place.heard.length, 0);
	end(&place);
}

static void a_gap_that_cannot_be_is_not_believed(void **state)
{
	(void)state;
	struct place place;
	begin(&place);
	test_directory_put(place.written.path, "head", "/0.out");
	test_directory_put(place.written.path, "tail", "/0.out.9");
	pump(&place);
	test_directory_put(place.written.path, "head\nmuster: 9223372036854775807 bytes were dropped here\n", "/0.out");
	assert_int_equal(unlinkat(place.written.directory, "0.out.9", 0), 0);
	pump(&place);
	assert_in_range(place.reader.offset, 0, 200);
	end(&place);
}

static void without_descriptors_nothing_is_read_and_the_next_time_all(void **state)
{
	(void)state;
	struct place place;
	struct rlimit before;
	begin(&place);
	say(&place, HEAD + TAIL / 2);
	int fd = dup(place.written.directory);
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t free = 0; free < 3; free++) {
		const struct rlimit low = {(rlim_t)fd + free, before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		pump(&place);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	}
	pump(&place);
	assert_int_equal(check_heard(&place, place.written.log.total), 0);
	end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_byte_there_is_nothing_to_read),
		cmocka_unit_test(who_reads_as_it_is_written_loses_nothing),
		cmocka_unit_test(who_reads_seldom_is_told_how_much_was_dropped),
		cmocka_unit_test(who_comes_after_the_end_reads_head_and_tail),
		cmocka_unit_test(where_a_log_was_cut_a_line_says_so_once),
		cmocka_unit_test(tails_that_could_not_be_joined_are_read_beside_their_head),
		cmocka_unit_test(who_reads_while_tails_are_joined_loses_nothing),
		cmocka_unit_test(files_that_muster_did_not_write_are_left_alone),
		cmocka_unit_test(links_and_pipes_in_the_place_of_a_log_are_not_read),
		cmocka_unit_test(a_gap_that_cannot_be_is_not_believed),
		cmocka_unit_test(without_descriptors_nothing_is_read_and_the_next_time_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
