/* SPDX-License-Identifier: MIT
 *
 * preflight: see preflight.h.
 */
#include "run/preflight.h"

#include "base/error.h"
#include "base/unexpanded.h"
#include "plan/launch_plan.h"
#include "plan/rank_key.h"
#include "run/job_segment.h"
#include "run/rank_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DESCRIPTORS_A_RANK = 3, /* its pidfd and the read ends of two pipes */
	DESCRIPTORS_OF_MUSTER = 32,
	MEMORY_TO_START = 1 << 20, /* four times what was seen to be needed, beside arguments and environment */
};

static int check_directory(const char *path, struct error *err)
{
	struct stat status;
	if (stat(path, &status) < 0)
		return error_set(err, -errno, "cannot enter %s: %s%s", path, strerror(errno),
		                 errno == ENOENT ? unexpanded_hint(path) : "");
	if (!S_ISDIR(status.st_mode))
		return error_set(err, -ENOTDIR, "cannot enter %s: it is not a directory", path);
	if (access(path, X_OK) < 0)
		return error_set(err, -errno, "cannot enter %s: %s", path, strerror(errno));
	return 0;
}

static int check_directories(const struct launch_plan *plan, struct error *err)
{
	const char *last = NULL;
	for (uint32_t r = 0; r < plan->nprocs; r++) {
		const char *path = plan->ranks[r].working_directory;
		if (path == NULL || (last != NULL && strcmp(path, last) == 0))
			continue;
		int rc = check_directory(path, err);
		if (rc < 0) {
			char key[ERROR_KEY_BYTES];
			error_about(err, rank_key(key, plan->spec, plan->ranks[r].rank, RANK_DIRECTORY));
			return rc;
		}
		last = path;
	}
	return 0;
}

/* Files that the rank before does not write to as well: those are open already. What is for the terminal has a log of
 * its own in a detached job. */
static uint64_t files_of(const struct rank_sinks *sinks, const struct rank_sinks *before, bool detached)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < sinks->count; i++) {
		count += detached && sinks->items[i].kind == SINK_TERMINAL;
		if (sinks->items[i].kind != SINK_PATH)
			continue;
		bool shared = before != NULL && i < before->count && before->items[i].kind == SINK_PATH &&
		              strcmp(before->items[i].path, sinks->items[i].path) == 0;
		count += shared ? 0 : 1;
	}
	return count;
}

static uint64_t descriptors_needed(const struct launch_plan *plan)
{
	bool detached = !plan->spec->join;
	uint64_t a_rank = plan->spec->output.raw ? 1 : DESCRIPTORS_A_RANK;
	uint64_t needed = DESCRIPTORS_OF_MUSTER + a_rank * plan->nprocs;
	if (plan->spec->stdin_to == STDIN_ALL)
		needed += plan->nprocs;
	for (uint32_t r = 0; r < plan->nprocs && !plan->spec->output.raw; r++) {
		const struct rank_plan *rank = &plan->ranks[r], *before = r == 0 ? NULL : rank - 1;
		needed += files_of(&rank->stdout_sinks, before == NULL ? NULL : &before->stdout_sinks, detached);
		needed += files_of(&rank->stderr_sinks, before == NULL ? NULL : &before->stderr_sinks, detached);
	}
	return needed;
}

uint64_t preflight_ranks_within(uint64_t open_files)
{
	return open_files < DESCRIPTORS_OF_MUSTER ? 0 : (open_files - DESCRIPTORS_OF_MUSTER) / DESCRIPTORS_A_RANK;
}

static int check_descriptors(const struct launch_plan *plan, struct error *err)
{
	struct rlimit limit;
	uint64_t needed = descriptors_needed(plan);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || needed <= limit.rlim_cur)
		return 0;
	return error_set(err, -EMFILE,
	                 "%" PRIu32 " ranks need %" PRIu64 " open files, but RLIMIT_NOFILE (ulimit -Hn) is %" PRIu64
	                 ": raise it, start fewer ranks, or use --raw, which needs fewer",
	                 plan->nprocs, needed, (uint64_t)limit.rlim_cur);
}

static int64_t bytes_of(char *const *texts)
{
	int64_t bytes = 0;
	for (; texts != NULL && *texts != NULL; texts++)
		bytes += (int64_t)(strlen(*texts) + 1 + sizeof *texts);
	return bytes;
}

/* Until it executes its command, a rank shares muster's memory: for the one that runs out of its limit so early, the
 * kernel would kill muster. */
static int check_memory(const struct launch_plan *plan, struct error *err)
{
	int64_t limit = plan->spec->limits.memory_bytes, job = bytes_of(plan->job_environment);
	for (uint32_t r = 0; limit != NOT_SET && r < plan->nprocs; r++) {
		const struct rank_plan *rank = &plan->ranks[r];
		int64_t needed = MEMORY_TO_START + job + bytes_of(rank->environment) + bytes_of(rank->argv);
		if (limit < needed)
			return error_set_key(err, -ENOMEM, "limits.memory",
			                     "%" PRId64 " bytes are too few for rank %" PRIu32
			                     " to start with: write %" PRId64 "KiB or more",
			                     limit, rank->rank, needed / 1024 + 1);
	}
	return 0;
}

int preflight_check(const struct launch_plan *plan, struct error *err)
{
	int rc = check_directories(plan, err);
	if (rc == 0)
		rc = job_segment_check(plan, err);
	if (rc == 0)
		rc = rank_limits_check(&plan->spec->limits, err);
	if (rc == 0)
		rc = check_memory(plan, err);
	return rc < 0 ? rc : check_descriptors(plan, err);
}
