/* SPDX-License-Identifier: MIT
 *
 * job_segment: see job_segment.h. It must cost the launch next to nothing: one page is written for the header, and of
 * the table of ranks only what is not zero.
 */
#include "run/job_segment.h"

#include "base/error.h"
#include "plan/launch_plan.h"
#include "run/job_result.h"
#include "segment_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

enum { NAME_BYTES = 128, MIB = 1 << 20, NOT_EXECUTED = 127 };

/* --- size --- */

static uint64_t bytes_needed(const struct launch_plan *plan)
{
	return segment_round(segment_bytes_needed(plan->nprocs, plan->domain_count), SEGMENT_PAGE);
}

int job_segment_check(const struct launch_plan *plan, struct error *err)
{
	uint64_t needed = bytes_needed(plan);
	uint64_t given = (uint64_t)plan->spec->shared_memory_bytes;
	if (!plan->spec->shared_memory_given || given >= needed)
		return 0;
	return error_set_key(err, -EINVAL, "shared_memory",
	                     "%" PRIu64 " bytes are too few for %" PRIu32 " rank%s, which need%s %" PRIu64
	                     "MiB: give that, or leave shared_memory out",
	                     given, plan->nprocs, plan->nprocs == 1 ? "" : "s", plan->nprocs == 1 ? "s" : "",
	                     (needed + MIB - 1) / MIB);
}

/* The size of files is limited for this one, too, and going beyond it is a signal. */
static int choose_bytes(const struct launch_plan *plan, uint64_t *bytes, struct error *err)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	uint64_t needed = bytes_needed(plan);
	uint64_t wanted = segment_round((uint64_t)plan->spec->shared_memory_bytes, SEGMENT_PAGE);
	wanted = wanted > needed ? wanted : needed;
	getrlimit(RLIMIT_FSIZE, &limit);
	uint64_t least = plan->spec->shared_memory_given ? wanted : needed;
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < least)
		return error_set(err, -EFBIG,
		                 "no shared segment: it needs %" PRIu64
		                 " bytes, but RLIMIT_FSIZE (ulimit -f) is %" PRIu64,
		                 least, (uint64_t)limit.rlim_cur);
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < wanted)
		wanted = limit.rlim_cur / SEGMENT_PAGE * SEGMENT_PAGE;
	*bytes = wanted;
	return 0;
}

/* --- making it --- */

/* Above the number that it gets in ranks: to duplicate a descriptor onto itself is an error. */
static int move_up(int fd)
{
	if (fd < 0 || fd > SEGMENT_DESCRIPTOR)
		return fd;
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, SEGMENT_DESCRIPTOR + 1);
	int code = errno;
	close(fd);
	errno = code;
	return moved;
}

static int open_memory(const char *job_id)
{
	char name[NAME_BYTES];
	snprintf(name, sizeof name, "muster:%s", job_id);
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return move_up(fd);
}

/* False with errno. */
static bool map(struct job_segment *segment)
{
	if (ftruncate(segment->fd, (off_t)segment->bytes) < 0 ||
	    fcntl(segment->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return false;
	void *base = mmap(NULL, segment->mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, segment->fd, 0);
	if (base == MAP_FAILED)
		return false;
	segment->header = base;
	return true;
}

static void fill(struct job_segment *segment, const struct launch_plan *plan, const struct segment_header *header)
{
	*segment->header = *header;
	segment->header->supervisor = getpid();
	strncpy(segment->header->launcher_version, MUSTER_VERSION, sizeof segment->header->launcher_version - 1);
	segment->ranks = (struct segment_rank *)((char *)segment->header + header->ranks_offset);
	for (uint32_t r = 0; r < plan->nprocs; r++) {
		if (plan->ranks[r].crowded)
			segment->ranks[r].place.crowded = 1;
		if (plan->ranks[r].domain != 0)
			segment->ranks[r].place.domain = plan->ranks[r].domain;
	}
}

static int refused(struct job_segment *segment, int code, const char *step, struct error *err)
{
	const char *why = code == EMFILE || code == ENFILE ? ": raise RLIMIT_NOFILE (ulimit -n)"
	                  : code == EPERM || code == ENOSYS
	                          ? ": a seccomp filter of this container refuses it, or the kernel lacks it"
	                  : code == ENOMEM ? ": raise the memory limit"
	                                   : "";
	job_segment_finish(segment);
	return error_set(err, -code, "no shared segment: %s: %s%s", step, strerror(code), why);
}

int job_segment_make(struct job_segment *segment, const struct launch_plan *plan, struct error *err)
{
	struct segment_header header = {0};
	struct job_segment made = JOB_SEGMENT_NONE;
	*segment = made;
	int rc = choose_bytes(plan, &made.bytes, err);
	if (rc < 0)
		return rc;
	segment_header_fill(&header, plan->nprocs, plan->domain_count, made.bytes);
	made.rank_count = plan->nprocs;
	made.domain_count = plan->domain_count;
	made.traces_offset = header.traces_offset;
	made.world_offset = header.world_offset;
	made.mapped_bytes = header.traces_offset;
	made.fd = open_memory(plan->job_id);
	if (made.fd < 0)
		return refused(&made, errno, "memfd_create", err);
	if (!map(&made))
		return refused(&made, errno, "giving it its size", err);
	fill(&made, plan, &header);
	*segment = made;
	return 0;
}

void job_segment_finish(struct job_segment *segment)
{
	if (segment->header != NULL)
		munmap(segment->header, segment->mapped_bytes);
	if (segment->fd >= 0)
		close(segment->fd);
	*segment = JOB_SEGMENT_NONE;
}

/* --- what happens to ranks --- */

bool job_segment_is_used(const struct job_segment *segment)
{
	return segment->fd >= 0 && atomic_load(&segment->header->attached) != 0;
}

/* The number first: who attaches later, and then sleeps on it, has seen the table as it is now. */
void job_segment_wake(const struct job_segment *segment)
{
	atomic_fetch_add(&segment->header->events, 1);
	if (job_segment_is_used(segment))
		syscall(SYS_futex, &segment->header->events, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void job_segment_note_stopping(const struct job_segment *segment)
{
	if (segment->fd < 0 || atomic_load(&segment->header->stopping) != 0)
		return;
	atomic_store(&segment->header->stopping, atomic_fetch_add(&segment->header->events, 1) + 1);
}

static void write_end(struct segment_rank *told, int exit_code, int signal, bool core_dumped)
{
	atomic_store(&told->exit_code, exit_code);
	atomic_store(&told->signal, signal);
	atomic_store(&told->core_dumped, core_dumped);
}

void job_segment_write_end(const struct job_segment *segment, uint32_t local_rank, int status)
{
	struct segment_rank *told = &segment->ranks[local_rank];
	uint32_t attached = RANK_ATTACHED;
	bool signaled = WIFSIGNALED(status);
	if (atomic_load(&told->presence) != attached)
		return;
	write_end(told, signaled ? -1 : WEXITSTATUS(status), signaled ? WTERMSIG(status) : 0,
	          signaled && WCOREDUMP(status));
	atomic_compare_exchange_strong(&told->presence, &attached, RANK_ENDED);
}

void job_segment_note_end(const struct job_segment *segment, uint32_t local_rank, const struct rank_result *rank)
{
	if (segment->fd < 0)
		return;
	struct segment_rank *told = &segment->ranks[local_rank];
	bool left = atomic_load(&told->presence) == RANK_LEFT || (rank->end == RANK_EXITED && rank->exit_code == 0);
	int exit_code = rank->end == RANK_EXITED ? rank->exit_code : rank->end == RANK_SIGNALED ? -1 : NOT_EXECUTED;
	write_end(told, exit_code, rank->end == RANK_SIGNALED ? rank->signal : 0, rank->core_dumped);
	if (atomic_load(&told->end_order) == 0)
		atomic_store(&told->end_order, atomic_fetch_add(&segment->header->events, 1) + 1);
	atomic_store(&told->presence, left ? RANK_LEFT : RANK_ENDED);
	job_segment_wake(segment);
}
