/* SPDX-License-Identifier: MIT
 *
 * log_place: a log_file in a directory of its own, and a stream for it in which each byte tells where it is from.
 */
#ifndef MUSTER_TESTS_LOG_PLACE_H
#define MUSTER_TESTS_LOG_PLACE_H

#include "test_directory.h"

#include "run/log_file.h"

#include <fcntl.h>

enum { LIMIT = 6000, HEAD = LIMIT / 2 - LOG_GAP_BYTES, TAIL = LIMIT / 6 };

struct log_place {
	char *path;
	int directory;
	struct log_file log;
};

static inline void log_place_begin(struct log_place *place)
{
	place->path = test_directory_make();
	place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->directory >= 0);
	log_file_init(&place->log, place->directory, "0.out", LIMIT);
}

static inline void log_place_end(struct log_place *place)
{
	log_file_finish(&place->log);
	close(place->directory);
	test_directory_remove(place->path);
}

static inline char byte_of(int64_t n)
{
	return (char)('a' + n * 7 / 5 % 26);
}

static inline void log_place_say(struct log_place *place, int64_t from, size_t length)
{
	char bytes[LIMIT * 3];
	assert_true(length <= sizeof bytes);
	for (size_t i = 0; i < length; i++)
		bytes[i] = byte_of(from + (int64_t)i);
	assert_int_equal(log_file_write(&place->log, bytes, length), 0);
}

#endif
