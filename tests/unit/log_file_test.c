/* SPDX-License-Identifier: MIT
 *
 * log_file: what is short is kept whole; of what is long the head and the tail, in order, with the right number between
 * them; and at no moment there is more than the limit on the disk.
 */
#include "log_place.h"

#include <dirent.h>
#include <errno.h>

static int64_t on_disk(const struct log_place *place, int *files)
{
	int64_t sum = 0;
	DIR *listing = opendir(place->path);
	assert_non_null(listing);
	*files = 0;
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
		struct stat status;
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(fstatat(place->directory, entry->d_name, &status, 0), 0);
		sum += status.st_size;
		++*files;
	}
	closedir(listing);
	return sum;
}

static char *content(const struct log_place *place, size_t *length)
{
	char *bytes = calloc(1, LIMIT * 4);
	int fd = openat(place->directory, "0.out", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t got = read(fd, bytes, LIMIT * 4 - 1);
	assert_true(got >= 0);
	close(fd);
	*length = (size_t)got;
	return bytes;
}

static void a_rank_that_says_nothing_has_no_file(void **state)
{
	(void)state;
	struct log_place place;
	int files;
	log_place_begin(&place);
	log_file_finish(&place.log);
	assert_int_equal(on_disk(&place, &files), 0);
	assert_int_equal(files, 0);
	log_place_end(&place);
}

static void what_is_short_is_kept_whole(void **state)
{
	(void)state;
	static const size_t lengths[] = {1, HEAD - 1, HEAD, HEAD + 1, HEAD + TAIL, HEAD + 2 * TAIL};
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct log_place place;
		int files;
		size_t length;
		log_place_begin(&place);
		log_place_say(&place, 0, lengths[i]);
		log_file_finish(&place.log);
		assert_int_equal(on_disk(&place, &files), lengths[i]);
		assert_int_equal(files, 1);
		char *bytes = content(&place, &length);
		for (size_t n = 0; n < length; n++)
			assert_int_equal(bytes[n], byte_of((int64_t)n));
		free(bytes);
		log_place_end(&place);
	}
}

/* Head, the line, tail: every byte of both where it belongs, and the line counts what is missing. */
static void check_joined(const struct log_place *place, int64_t total)
{
	size_t length;
	int files;
	char *bytes = content(place, &length);
	char *gap = strstr(bytes, "\nmuster: ");
	assert_non_null(gap);
	assert_int_equal(gap - bytes, HEAD);
	int64_t dropped = strtoll(gap + strlen("\nmuster: "), NULL, 10);
	char *tail = strchr(gap + 1, '\n') + 1;
	int64_t kept = (int64_t)(bytes + length - tail);
	assert_int_equal(HEAD + dropped + kept, total);
	assert_in_range(kept, TAIL, 2 * TAIL);
	for (int64_t n = 0; n < HEAD; n++)
		assert_int_equal(bytes[n], byte_of(n));
	for (int64_t n = 0; n < kept; n++)
		assert_int_equal(tail[n], byte_of(HEAD + dropped + n));
	assert_in_range(on_disk(place, &files), 1, LIMIT);
	assert_int_equal(files, 1);
	free(bytes);
}

static void of_what_is_long_head_and_tail_are_kept_within_the_limit(void **state)
{
	(void)state;
	static const size_t steps[] = {1, 7, 100, TAIL, LIMIT, LIMIT * 3};
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct log_place place;
		int64_t total = 0;
		int files;
		log_place_begin(&place);
		while (total < 5 * LIMIT) {
			log_place_say(&place, total, steps[i]);
			total += (int64_t)steps[i];
			assert_in_range(on_disk(&place, &files), 1, LIMIT);
			assert_in_range(files, 1, 3);
		}
		log_file_finish(&place.log);
		check_joined(&place, total);
		log_place_end(&place);
	}
}

static void a_name_that_is_a_link_is_not_followed(void **state)
{
	(void)state;
	struct log_place place;
	log_place_begin(&place);
	assert_int_equal(symlinkat("elsewhere", place.directory, "0.out"), 0);
	assert_int_equal(log_file_write(&place.log, "x", 1), -ELOOP);
	assert_int_equal(faccessat(place.directory, "elsewhere", F_OK, 0), -1);
	log_place_end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rank_that_says_nothing_has_no_file),
		cmocka_unit_test(what_is_short_is_kept_whole),
		cmocka_unit_test(of_what_is_long_head_and_tail_are_kept_within_the_limit),
		cmocka_unit_test(a_name_that_is_a_link_is_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
