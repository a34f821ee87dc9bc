/* SPDX-License-Identifier: MIT
 *
 * log: a stream of a rank that is written, bounded and joined while it is read. What the reader hands on, and what its
 * lines say was dropped, is the stream, to its last byte.
 *
 * The first byte says what the rest is. Even: how much is written, byte by byte, and when it is read. Odd: files such
 * as nobody writes, in pieces of a kind, a length and so many bytes; then only that it ends is expected.
 */
#include "fuzz.h"
#include "fuzz_place.h"

#include "job/log_reader.h"
#include "run/log_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 1200, PIECES_MAX = 64 };

static int directory = -1;

static void begin(void)
{
	if (directory < 0)
		directory = open(fuzz_place(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT(directory >= 0);
}

static void empty(void)
{
	DIR *listing = opendir(fuzz_place());
	EXPECT(listing != NULL);
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
		if (entry->d_name[0] != '.')
			EXPECT(unlinkat(directory, entry->d_name, 0) == 0);
	closedir(listing);
}

/* --- as it is written --- */

struct heard {
	int64_t offset; /* in the stream: what must come next */
	char gap[LOG_GAP_BYTES];
	size_t gap_length; /* of a line about a gap that is not whole yet */
};

static char byte_of(int64_t n)
{
	return (char)('a' + n * 7 / 5 % 26);
}

static void hear(void *context, const char *bytes, size_t length)
{
	struct heard *heard = context;
	EXPECT(length > 0);
	for (size_t i = 0; i < length; i++) {
		if (heard->gap_length == 0 && bytes[i] != '\n') {
			EXPECT(bytes[i] == byte_of(heard->offset));
			heard->offset++;
			continue;
		}
		EXPECT(heard->gap_length < sizeof heard->gap - 1);
		heard->gap[heard->gap_length++] = bytes[i];
		if (heard->gap_length == 1 || bytes[i] != '\n')
			continue;
		long long dropped = 0;
		heard->gap[heard->gap_length] = '\0';
		EXPECT(sscanf(heard->gap, "\nmuster: %lld bytes were dropped", &dropped) == 1 && dropped > 0);
		heard->offset += dropped;
		heard->gap_length = 0;
	}
}

static void say(struct log_file *log, size_t length)
{
	char bytes[4 * UINT8_MAX];
	for (size_t i = 0; i < length; i++)
		bytes[i] = byte_of(log->total + (int64_t)i);
	EXPECT(log_file_write(log, bytes, length) == 0);
}

static void follow(const uint8_t *data, size_t size)
{
	struct log_file log;
	struct log_reader reader;
	struct heard heard = {0};
	log_file_init(&log, directory, "0.out", LIMIT);
	log_reader_init(&reader, directory, "0.out");
	for (size_t i = 0; i < size; i++) {
		if (data[i] % 8 == 0)
			log_reader_pump(&reader, hear, &heard);
		else
			say(&log, (size_t)data[i] * (data[i] % 4 + 1));
	}
	int64_t total = log.total;
	log_file_finish(&log);
	log_reader_pump(&reader, hear, &heard);
	EXPECT(heard.offset == total && heard.gap_length == 0);
	log_reader_init(&reader, directory, "0.out");
	heard = (struct heard){0};
	log_reader_pump(&reader, hear, &heard);
	EXPECT(heard.offset == total && heard.gap_length == 0);
}

/* --- as nobody writes it --- */

static void ignore(void *context, const char *bytes, size_t length)
{
	int64_t *sum = context;
	(void)bytes;
	*sum += (int64_t)length;
	EXPECT(*sum < 64 * 1024 * 1024);
}

static void put(const char *name, const char *bytes, size_t length, bool append)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0600);
	if (fd < 0)
		return;
	EXPECT(write(fd, bytes, length) == (ssize_t)length);
	close(fd);
}

static void make_strange(uint8_t kind, const char *bytes, size_t length)
{
	char name[300];
	size_t digits = length < 24 ? length : 24;
	snprintf(name, sizeof name, "0.out.%.*s", (int)digits, bytes);
	for (char *c = name; *c != '\0'; c++)
		*c = *c == '/' ? '_' : *c;
	if (kind % 4 == 0)
		put("0.out", bytes, length, true);
	else if (kind % 4 == 1)
		put(name, bytes, length, true);
	else if (kind % 4 == 2)
		unlinkat(directory, name, 0);
	else
		put("0.out", bytes, length, false);
}

static void read_strange(const uint8_t *data, size_t size)
{
	struct log_reader reader;
	int64_t sum = 0;
	log_reader_init(&reader, directory, "0.out");
	for (int pieces = 0; size >= 2 && pieces < PIECES_MAX; pieces++) {
		size_t length = data[1] < size - 2 ? data[1] : size - 2;
		make_strange(data[0], (const char *)data + 2, length);
		if (data[0] % 8 < 4)
			log_reader_pump(&reader, ignore, &sum);
		data += 2 + length;
		size -= 2 + length;
	}
	log_reader_pump(&reader, ignore, &sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	begin();
	empty();
	if (data[0] % 2 == 0)
		follow(data + 1, size - 1 < 1024 ? size - 1 : 1024);
	else
		read_strange(data + 1, size - 1);
	return 0;
}
