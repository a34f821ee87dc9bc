/* SPDX-License-Identifier: MIT
 *
 * segment: any bytes as the segment that a rank attaches to. Either it is refused, in words, or there is a world of
 * which this is a rank, in which a barrier ends by itself and which can be left again.
 *
 * The first byte says what the rest is laid over: 0: nothing, the rest is the file. Else: a good segment of so many
 * ranks; then which rank attaches; then pieces: where (two bytes, in units of four), what (four bytes).
 */
#include "fuzz.h"

#include <muster.h>

#include "segment_layout.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RANKS_MAX = 4, PIECE_BYTES = 6 };

static void write_all(int fd, const void *bytes, size_t count, uint64_t offset)
{
	EXPECT(pwrite(fd, bytes, count, (off_t)offset) == (ssize_t)count);
}

static uint64_t lay_good_segment(int fd, uint32_t ranks)
{
	struct segment_header header = {0};
	uint64_t bytes = segment_round(segment_bytes_needed(ranks, 1), SEGMENT_PAGE);
	segment_header_fill(&header, ranks, 1, bytes);
	EXPECT(ftruncate(fd, (off_t)bytes) == 0);
	write_all(fd, &header, sizeof header, 0);
	return bytes;
}

static void lay_pieces(int fd, uint64_t bytes, const uint8_t *data, size_t size)
{
	for (; size >= PIECE_BYTES; data += PIECE_BYTES, size -= PIECE_BYTES) {
		uint64_t at = (uint64_t)(data[0] | data[1] << 8) * 4;
		if (at + 4 <= bytes)
			write_all(fd, data + 2, 4, at);
	}
}

static void attach(int fd, int rank)
{
	muster_world *world = NULL;
	int rc = muster_attach(fd, rank, &world);
	if (rc < 0) {
		EXPECT(world == NULL && muster_error_text()[0] != '\0');
		return;
	}
	EXPECT(rc == 0 && world != NULL && muster_rank(world) == rank && rank < muster_size(world));
	muster_barrier(world, 0, "fuzz");
	muster_mark(world, "fuzz");
	EXPECT(muster_finalize(world) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	EXPECT(fd >= 0);
	int rank = size > 1 ? (int8_t)data[1] : 0;
	if (size < 2 || data[0] == 0) {
		if (size > 2)
			write_all(fd, data + 2, size - 2, 0);
	} else {
		lay_pieces(fd, lay_good_segment(fd, 1 + data[0] % RANKS_MAX), data + 2, size - 2);
	}
	attach(fd, rank);
	close(fd);
	return 0;
}
