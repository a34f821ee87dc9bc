/* SPDX-License-Identifier: MIT
 *
 * segment: see segment.h. Everything in the header is checked before it is used: a descriptor may be anything.
 */
#include "segment.h"

#include "copying.h"
#include "error.h"
#include "futex.h"
#include "known.h"
#include "messages.h"
#include "ticks.h"

#include <muster/error.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static_assert(sizeof(pthread_mutex_t) <= sizeof(((struct segment_rank *)0)->life), "a robust mutex fits its line");

/* In the place of the version of a launcher, when there is none. */
static const char alone[] = "none";

/* --- checking --- */

static int refuse_version(const struct segment_header *header)
{
	return error_set(MUSTER_ELAYOUT,
	                 "muster %.*s made a segment of layout %u, libmuster " MUSTER_VERSION
	                 " knows layout %u: run the program with the muster of its library's version",
	                 (int)sizeof header->launcher_version, header->launcher_version, header->layout_version,
	                 (unsigned)SEGMENT_LAYOUT_VERSION);
}

static int check_header(const struct segment_header *header, uint64_t file_bytes, uint32_t rank)
{
	if (header->magic != SEGMENT_MAGIC)
		return error_set(MUSTER_EENVIRONMENT, "MUSTER_FD is not a segment that muster made");
	if (header->layout_version != SEGMENT_LAYOUT_VERSION)
		return refuse_version(header);
	struct segment_header expected;
	if (header->rank_count == 0 || header->rank_count > SEGMENT_RANKS_MAX || header->domain_count == 0 ||
	    header->domain_count > header->rank_count || header->bytes != file_bytes)
		return error_set(MUSTER_EENVIRONMENT, "the job's shared segment is damaged: its header is wrong");
	segment_header_fill(&expected, header->rank_count, header->domain_count, header->bytes);
	if (header->header_bytes != sizeof *header || header->ranks_offset != expected.ranks_offset ||
	    header->traces_offset != expected.traces_offset || header->world_offset != expected.world_offset ||
	    header->heap_offset != expected.heap_offset || header->heap_offset > header->bytes)
		return error_set(MUSTER_EENVIRONMENT, "the job's shared segment is damaged: its offsets are wrong");
	if (rank >= header->rank_count)
		return error_set(MUSTER_EENVIRONMENT, "MUSTER_RANK is %u, but the world size of the job is %u", rank,
		                 header->rank_count);
	return 0;
}

static int map(struct segment *segment, int fd, uint32_t rank)
{
	struct stat file;
	if (fstat(fd, &file) < 0)
		return error_set(
			MUSTER_EENVIRONMENT,
			"MUSTER_FD (%d) is not open: a program between muster and this one closed it (in Python: "
			"subprocess needs pass_fds)",
			fd);
	if (file.st_size < SEGMENT_PAGE)
		return error_set(MUSTER_EENVIRONMENT, "MUSTER_FD (%d) is not a segment that muster made", fd);
	segment->bytes = (size_t)file.st_size;
	segment->base = mmap(NULL, segment->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (segment->base == MAP_FAILED) {
		segment->base = NULL;
		if (errno == ENODEV || errno == EACCES) /* no memory at all, or not to be written */
			return error_set(MUSTER_EENVIRONMENT, "MUSTER_FD (%d) is not a segment that muster made", fd);
		return error_set(-errno, "cannot map the job's shared segment of %zu bytes: %s", segment->bytes,
		                 strerror(errno));
	}
	segment->header = (struct segment_header *)segment->base;
	return check_header(segment->header, (uint64_t)file.st_size, rank);
}

/* --- joining --- */

/* The kernel marks the word when this thread ends. Only taken, never given back before muster_finalize. */
static int take_life(struct segment *segment)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t *life = (pthread_mutex_t *)&segment->me->life;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	int rc = pthread_mutex_init(life, &attributes);
	if (rc == 0)
		rc = pthread_mutex_lock(life);
	pthread_mutexattr_destroy(&attributes);
	if (rc != 0)
		return error_set(-rc, "cannot take the rank's life word: %s", strerror(rc));
	return 0;
}

int segment_join(struct segment *segment)
{
	uint32_t expected = RANK_STARTED;
	struct timespec now;
	int rc;
	if (!atomic_compare_exchange_strong(&segment->me->presence, &expected, RANK_ATTACHED))
		return error_set(-EALREADY, "rank %u has called muster_init before (process %d)%s", segment->rank,
		                 (int)segment->me->pid,
		                 expected >= RANK_LEFT ? ", and has ended" : ": each rank can do so once");
	segment->me->pid = getpid();
	if ((rc = take_life(segment)) < 0) {
		atomic_store(&segment->me->presence, RANK_STARTED);
		return rc;
	}
	copying_allow(segment->header->supervisor);
	clock_gettime(CLOCK_MONOTONIC, &now);
	segment->me->attach_ticks = ticks_now();
	segment->me->attach_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	segment->me->token = (uintptr_t)&segment->token;
	segment->me->token_value = segment->token;
	atomic_fetch_add(&segment->header->attached, 1);
	futex_wake(&segment->header->attached, INT_MAX);
	return 0;
}

/* --- how this rank does things --- */

static int choose_wait_mode(const struct segment *segment, enum wait_mode *mode)
{
	static const char *const names[] = {[WAIT_SPIN] = "spin", [WAIT_YIELD] = "yield", [WAIT_BLOCK] = "block"};
	const char *wish = getenv("MUSTER_WAIT");
	*mode = segment->me->place.crowded ? WAIT_YIELD : WAIT_SPIN;
	if (wish == NULL || *wish == '\0')
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		*mode = (enum wait_mode)i;
		if (strcmp(wish, names[i]) == 0)
			return 0;
	}
	return error_set(MUSTER_EENVIRONMENT, "MUSTER_WAIT is '%.40s': it can be spin, yield or block", wish);
}

/* seccomp or a kernel without it says so for one's own memory; Yama, where it refuses, when another rank's is read. */
static bool can_read_memory(struct segment *segment)
{
	uint64_t copy;
	struct iovec into = {&copy, sizeof copy}, from = {&segment->token, sizeof segment->token};
	return process_vm_readv(getpid(), &into, 1, &from, 1, 0) == sizeof copy;
}

void segment_close(struct segment *segment)
{
	if (segment->base != NULL)
		munmap(segment->base, segment->bytes);
	free(segment);
}

int segment_open(int fd, uint32_t rank, struct segment **made)
{
	struct segment *segment = calloc(1, sizeof *segment);
	if (segment == NULL)
		return error_set(-ENOMEM, "no memory for a rank");
	int rc = map(segment, fd, rank);
	if (rc < 0) {
		segment_close(segment);
		return rc;
	}
	KNOWN(segment->header != NULL);
	segment->rank = rank;
	segment->rank_count = segment->header->rank_count;
	segment->ranks = segment_at(segment, segment->header->ranks_offset);
	segment->me = &segment->ranks[rank];
	segment->trace = (struct segment_trace *)segment_at(segment, segment->header->traces_offset) + rank;
	if (getrandom(&segment->token, sizeof segment->token, GRND_NONBLOCK) < 0)
		segment->token = (uintptr_t)segment ^ ticks_now();
	segment->reads_memory = can_read_memory(segment);
	rc = choose_wait_mode(segment, &segment->wait_mode);
	if (rc < 0) {
		segment_close(segment);
		return rc;
	}
	*made = segment;
	return 0;
}

/* The size of files is limited for this one, too, and going beyond it is a signal. */
static int choose_alone_bytes(uint64_t *bytes)
{
	enum { ALONE_BYTES = 256 << 20 };
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	uint64_t needed = segment_bytes_needed(1, 1);
	getrlimit(RLIMIT_FSIZE, &limit);
	if (limit.rlim_cur < needed)
		return error_set(-EFBIG,
		                 "cannot make shared memory: it needs %llu bytes, RLIMIT_FSIZE (ulimit -f) is %llu",
		                 (unsigned long long)needed, (unsigned long long)limit.rlim_cur);
	*bytes = limit.rlim_cur < ALONE_BYTES ? limit.rlim_cur / SEGMENT_PAGE * SEGMENT_PAGE : ALONE_BYTES;
	return 0;
}

int segment_make_alone(int *made)
{
	uint64_t bytes = 0;
	int rc = choose_alone_bytes(&bytes);
	if (rc < 0)
		return rc;
	int fd = memfd_create("muster:alone", MFD_CLOEXEC);
	if (fd < 0)
		return error_set(-errno, "cannot make shared memory (memfd_create): %s", strerror(errno));
	struct segment_header *header = MAP_FAILED;
	if (ftruncate(fd, (off_t)bytes) == 0)
		header = mmap(NULL, SEGMENT_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (header == MAP_FAILED) {
		int code = errno;
		close(fd);
		return error_set(-code, "cannot make shared memory: %s", strerror(code));
	}
	segment_header_fill(header, 1, 1, bytes);
	strncpy(header->launcher_version, alone, sizeof header->launcher_version - 1);
	munmap(header, SEGMENT_PAGE);
	*made = fd;
	return 0;
}

const char *segment_advice(const struct segment *segment)
{
	const struct segment_header *header = segment->header;
	if (strncmp(header->launcher_version, alone, sizeof header->launcher_version) == 0)
		return "start the program with muster run, and a spec whose shared_memory says how many it needs";
	return "raise shared_memory in the spec";
}

int segment_tell_full(const struct segment *segment, size_t bytes)
{
	return error_set(-ENOMEM, "no %zu bytes in one piece are left in the job's shared segment of %zu bytes: %s",
	                 bytes, segment->bytes, segment_advice(segment));
}

void segment_announce(struct segment *segment)
{
	atomic_fetch_add(&segment->header->events, 1);
	futex_wake(&segment->header->events, INT_MAX);
}

void segment_tell_leaving(struct segment *segment)
{
	segment->me->end_order = atomic_fetch_add(&segment->header->events, 1) + 1;
	atomic_store(&segment->me->presence, RANK_LEFT);
	segment_announce(segment);
}

void segment_leave(struct segment *segment)
{
	messages_destroy(segment->messages);
	segment_tell_leaving(segment);
	/* Another thread than the one that attached cannot give the life word back: it stays in that thread's list of
	 * robust mutexes, and its memory with it, until that thread ends. */
	if ((atomic_load(&segment->me->life.word) & FUTEX_TID_MASK) == (uint32_t)gettid())
		pthread_mutex_unlock((pthread_mutex_t *)&segment->me->life);
	else
		segment->base = NULL;
	segment_close(segment);
}
