/* SPDX-License-Identifier: MIT
 *
 * core_lease: see core_lease.h.
 */
#include "machine/core_lease.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TURN_AT = LEASE_PLACES * LEASE_STRIDE, TURN_PAUSE_NS = 100000, TURN_PATIENCE_MS = 250 };

#define LEASE_FILE "muster-cores"

/* --- the file --- */

/* Kernels and file systems that know no such files say so in two ways. */
static int open_nameless(int directory)
{
	int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EISDIR)
		errno = EOPNOTSUPP;
	return fd;
}

/* Not to be waited for (a FIFO), not to be followed; what was there before muster is told apart by what it is. */
static int open_file(int directory, enum lease_use use)
{
	int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (use == LEASE_TO_LOOK ? O_RDONLY : O_RDWR);
	int fd = openat(directory, LEASE_FILE, flags);
	if (fd >= 0 || errno != ENOENT || use == LEASE_TO_LOOK)
		return fd;
	if (use == LEASE_TO_TRY)
		return open_nameless(directory);
	/* For all users, whatever the mask says. Whoever was faster made the same file. */
	mode_t mask = umask(0);
	fd = openat(directory, LEASE_FILE, flags | O_CREAT | O_EXCL, 0666);
	umask(mask);
	return fd >= 0 || errno != EEXIST ? fd : openat(directory, LEASE_FILE, flags);
}

/* The one that stands for it in a try has no name. */
static int check_file(int fd, const char *directory, enum lease_use use, struct error *err)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return error_set(err, -errno, "%s/" LEASE_FILE ": %s", directory, strerror(errno));
	bool is_nameless = use == LEASE_TO_TRY && status.st_nlink == 0;
	if (!S_ISREG(status.st_mode) || (status.st_nlink != 1 && !is_nameless))
		return error_set(err, -EPERM, "%s/" LEASE_FILE " is not a plain file with one name", directory);
	return 0;
}

static int set_lock(const struct core_lease *lease, short type, off_t first, off_t count)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = first, .l_len = count};
	return fcntl(lease->fd, F_OFD_SETLK, &lock) < 0 ? -errno : 0;
}

static int open_in(struct core_lease *lease, const char *path, bool is_chosen, enum lease_use use, struct error *err)
{
	struct stat status;
	int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!is_chosen && (fstat(directory, &status) < 0 || (status.st_mode & 01777) != 01777)) {
		close(directory);
		return error_set(err, -ENOENT, "%s is not a place in which every user keeps files", path);
	}
	lease->fd = open_file(directory, use);
	int code = errno;
	close(directory);
	if (lease->fd < 0)
		return error_set(err, -code, "%s/" LEASE_FILE ": %s", path, strerror(code));
	int rc = check_file(lease->fd, path, use, err);
	int locked = rc == 0 && use != LEASE_TO_LOOK ? set_lock(lease, F_UNLCK, TURN_AT, 1) : 0;
	if (locked < 0)
		rc = error_set(err, locked, "%s/" LEASE_FILE " cannot be locked: %s", path, strerror(-locked));
	if (rc < 0)
		core_lease_close(lease);
	return rc;
}

static bool is_taken(int rc)
{
	return rc == -EAGAIN || rc == -EACCES;
}

int core_lease_open(struct core_lease *lease, enum lease_use use, struct error *err)
{
	static const char *const places[] = {"/run/lock", "/dev/shm", "/tmp"};
	const char *chosen = getenv("MUSTER_LEASE_DIR");
	*lease = (struct core_lease){.fd = -1};
	if (chosen != NULL && chosen[0] != '\0')
		return open_in(lease, chosen, true, use, err);
	int rc = -ENOENT;
	for (size_t i = 0; i < sizeof places / sizeof *places && (rc == -ENOENT || rc == -EROFS); i++)
		rc = open_in(lease, places[i], false, use, err);
	return rc;
}

void core_lease_close(struct core_lease *lease)
{
	if (lease->fd >= 0)
		close(lease->fd);
	index_set_finish(&lease->cpus);
	*lease = (struct core_lease){.fd = -1};
}

int core_lease_try(struct error *err)
{
	struct core_lease lease;
	int rc = core_lease_open(&lease, LEASE_TO_TRY, err);
	if (rc == 0)
		core_lease_close(&lease);
	return rc == -EOPNOTSUPP ? 0 : rc; /* nothing is known against it */
}

/* By time, not by tries: among very many locks a single try takes milliseconds. */
void core_lease_take_turn(const struct core_lease *lease)
{
	const struct timespec pause = {.tv_nsec = TURN_PAUSE_NS};
	int64_t until = clock_ms() + TURN_PATIENCE_MS;
	while (is_taken(set_lock(lease, F_WRLCK, TURN_AT, 1)) && clock_ms() < until)
		nanosleep(&pause, NULL);
}

void core_lease_end_turn(const struct core_lease *lease)
{
	set_lock(lease, F_UNLCK, TURN_AT, 1);
}

/* --- looking --- */

static off_t byte_of(uint32_t place, uint32_t cpu)
{
	return (off_t)place * LEASE_STRIDE + cpu;
}

static off_t note_of(uint32_t place, uint32_t cpu)
{
	return ((off_t)cpu * LEASE_PLACES + place) * LEASE_NOTE_BYTES;
}

static void add_hold(const struct core_lease *lease, uint32_t place, uint32_t cpu, struct core_holds *holds)
{
	char note[LEASE_NOTE_BYTES] = {0};
	if (holds->count == holds->capacity) {
		holds->capacity = holds->capacity == 0 ? 16 : holds->capacity * 2;
		holds->items = memory_resized(holds->items, holds->capacity, sizeof *holds->items);
	}
	struct core_hold *hold = &holds->items[holds->count++];
	*hold = (struct core_hold){.cpu = cpu, .place = place};
	if (pread(lease->fd, note, sizeof note, note_of(place, cpu)) == (ssize_t)sizeof note)
		lease_note_read(&hold->note, note);
}

/* One lock of others that lies in the range, cut to it. The kernel names any of them, not the lowest. False: none. */
static int find_lock(const struct core_lease *lease, off_t *first, off_t *last)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = *first, .l_len = *last - *first + 1};
	if (fcntl(lease->fd, F_OFD_GETLK, &lock) < 0)
		return -errno;
	if (lock.l_type == F_UNLCK)
		return 0;
	off_t end = lock.l_len == 0 ? *last : lock.l_start + lock.l_len - 1;
	*first = lock.l_start > *first ? lock.l_start : *first;
	*last = end < *last ? end : *last;
	return 1;
}

/* Each question either closes a gap or finds a CPU, however many locks there are. */
static int look_at_place(const struct core_lease *lease, uint32_t place, uint32_t cpu_limit, struct core_holds *holds)
{
	struct index_set held = {0};
	int rc = 0;
	for (uint32_t cpu = 0; rc >= 0 && cpu < cpu_limit;) {
		uint32_t next = index_set_has(&held, cpu) ? cpu : index_set_next(&held, cpu);
		if (next == cpu) {
			cpu++;
			continue;
		}
		off_t first = byte_of(place, cpu), last = byte_of(place, next < cpu_limit ? next - 1 : cpu_limit - 1);
		off_t end = last;
		rc = find_lock(lease, &first, &last);
		if (rc > 0)
			index_set_add_range(&held, (uint32_t)(first - byte_of(place, 0)),
			                    (uint32_t)(last - byte_of(place, 0)));
		else
			cpu = (uint32_t)(end - byte_of(place, 0)) + 1;
	}
	for (index_set_each(&held, cpu))
		add_hold(lease, place, cpu, holds);
	index_set_finish(&held);
	return rc;
}

int core_lease_look(const struct core_lease *lease, uint32_t cpu_limit, struct core_holds *holds)
{
	off_t first = 0, last = TURN_AT - 1;
	holds->count = 0;
	int rc = find_lock(lease, &first, &last); /* mostly there is nobody else */
	for (uint32_t place = 0; rc > 0 && place < LEASE_PLACES; place++) {
		int looked = look_at_place(lease, place, cpu_limit, holds);
		rc = looked < 0 ? looked : rc;
	}
	return rc < 0 ? rc : 0;
}

void core_holds_finish(struct core_holds *holds)
{
	free(holds->items);
	*holds = (struct core_holds){0};
}

int core_lease_list(uint32_t cpu_limit, struct core_holds *holds, struct error *err)
{
	struct core_lease lease;
	holds->count = 0;
	int rc = core_lease_open(&lease, LEASE_TO_LOOK, err);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = core_lease_look(&lease, cpu_limit, holds);
	core_lease_close(&lease);
	return rc < 0 ? error_set(err, rc, "cannot see who holds cores: %s", strerror(-rc)) : 0;
}

/* --- taking --- */

_Static_assert(LEASE_PLACES <= 16, "places of a CPU are kept in 16 bits");

/* The first place on the CPU that nobody was seen on, or else the one that many may have. */
static uint32_t free_place(const uint16_t *busy, uint32_t cpu)
{
	uint32_t place = 0;
	while (place < LEASE_PLACE_OF_MANY && (busy[cpu] >> place & 1) != 0)
		place++;
	return place;
}

/* Neighbours that have the same place free are locked by one call. */
static int lock_all(const struct core_lease *lease, const struct index_set *cpus, const uint16_t *busy)
{
	int rc = 0;
	for (uint32_t cpu = index_set_first(cpus); rc == 0 && cpu != INDEX_SET_NONE;) {
		uint32_t place = free_place(busy, cpu), end = cpu + 1;
		while (index_set_has(cpus, end) && free_place(busy, end) == place)
			end++;
		short type = place == LEASE_PLACE_OF_MANY ? F_RDLCK : F_WRLCK;
		rc = set_lock(lease, type, byte_of(place, cpu), end - cpu);
		cpu = index_set_next(cpus, end - 1);
	}
	if (rc < 0)
		set_lock(lease, F_UNLCK, 0, TURN_AT);
	return is_taken(rc) ? -EAGAIN : rc;
}

/* A note that cannot be written (a full disk) leaves the job without a name, or with another's. */
static void write_notes(const struct core_lease *lease, const struct index_set *cpus, const uint16_t *busy,
                        const struct lease_note *note)
{
	char bytes[LEASE_NOTE_BYTES];
	lease_note_write(bytes, note);
	for (index_set_each(cpus, cpu))
		(void)!pwrite(lease->fd, bytes, sizeof bytes, note_of(free_place(busy, cpu), cpu));
}

int core_lease_take(struct core_lease *lease, const struct index_set *cpus, const struct core_holds *seen,
                    const struct lease_note *note)
{
	uint32_t limit = index_set_last(cpus) + 1;
	uint16_t *busy = memory_zeroed(limit * sizeof *busy);
	for (uint32_t i = 0; i < seen->count; i++)
		if (seen->items[i].cpu < limit)
			busy[seen->items[i].cpu] = (uint16_t)(busy[seen->items[i].cpu] | 1u << seen->items[i].place);
	int rc = lock_all(lease, cpus, busy);
	if (rc == 0) {
		write_notes(lease, cpus, busy, note);
		index_set_copy(&lease->cpus, cpus);
	}
	free(busy);
	return rc;
}
