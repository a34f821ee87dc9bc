/* SPDX-License-Identifier: MIT
 *
 * memory_cgroup: see memory_cgroup.h. The files are those of the kernel's Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst.
 */
#include "run/memory_cgroup.h"

#include "base/error.h"
#include "base/memory.h"
#include "machine/cgroup_path.h"
#include "run/cgroup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A search up the path for a directory that takes groups. */
struct search {
	const char *job_id;
	int64_t bytes;
	char *prefix;      /* found */
	bool is_version_2; /* of the hierarchy being searched */
	bool found_version_2;
	bool ended; /* the rest of this hierarchy lies beyond limits of ours */
	int code;   /* why not: the first refusal */
	char refused[PATH_MAX];
};

static int set_limit(const char *directory, int64_t bytes)
{
	char text[32];
	snprintf(text, sizeof text, "%" PRId64, bytes);
	int rc = cgroup_file_write(directory, "memory.max", text);
	if (rc == -ENOENT)
		return cgroup_file_write(directory, "memory.limit_in_bytes", text);
	if (rc == 0)
		cgroup_file_write(directory, "memory.oom.group", "1"); /* a rank that lost a child to it is no use */
	return rc;
}

static int make_group(const char *directory, int64_t bytes)
{
	if (mkdir(directory, 0755) < 0)
		return -errno;
	int rc = set_limit(directory, bytes);
	if (rc < 0)
		rmdir(directory);
	return rc;
}

/* True when the file says something else than `unlimited`; a file that is not there limits nothing. */
static bool file_limits(const char *directory, const char *name, const char *unlimited)
{
	char text[32];
	if (cgroup_file_read(directory, name, text, sizeof text) < 0)
		return false;
	text[strcspn(text, " \n")] = '\0';
	return strcmp(text, unlimited) != 0;
}

/* What a rank would get away from if its group were made further up. With version 1 there is no need to go there: what
 * has processes may have children. */
static bool has_limits(const struct cgroup_visit *visit)
{
	static const char *const files[] = {"memory.max", "memory.high", "memory.swap.max", "cpu.max", "pids.max"};
	if (!visit->is_version_2)
		return true;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (file_limits(visit->directory, files[i], "max"))
			return true;
	return file_limits(visit->directory, "cpuset.cpus", "") || file_limits(visit->directory, "cpuset.mems", "");
}

static void note_refusal(struct search *search, const struct cgroup_visit *visit, int code)
{
	search->ended = has_limits(visit);
	if (search->code != 0)
		return;
	search->code = code;
	snprintf(search->refused, sizeof search->refused, "%s", visit->directory);
}

static void try_directory(const struct cgroup_visit *visit, void *context)
{
	struct search *search = context;
	char directory[PATH_MAX];
	int enabled = 0;
	if (search->is_version_2 != visit->is_version_2)
		search->ended = false; /* another hierarchy */
	search->is_version_2 = visit->is_version_2;
	if (search->prefix != NULL || search->ended)
		return;
	if (visit->is_version_2) /* may be on already, or not allowed */
		enabled = cgroup_file_write(visit->directory, "cgroup.subtree_control", "+memory");
	snprintf(directory, sizeof directory, "%s/muster-%s-0", visit->directory, search->job_id);
	int rc = make_group(directory, search->bytes);
	if (rc < 0) {
		/* A group without the files has no controller, and the reason is that it could not be enabled. */
		note_refusal(search, visit, rc == -ENOENT && enabled < 0 ? enabled : rc);
		return;
	}
	directory[strlen(directory) - 1] = '\0';
	search->prefix = memory_copy_text(directory);
	search->found_version_2 = visit->is_version_2;
}

static void directory_of(const struct memory_cgroups *groups, uint32_t local_rank, char *to, size_t size)
{
	snprintf(to, size, "%s%" PRIu32, groups->prefix, local_rank);
}

static int make_rest(struct memory_cgroups *groups, uint32_t count, int64_t bytes, struct error *err)
{
	char directory[PATH_MAX];
	for (groups->count = 1; groups->count < count; groups->count++) {
		directory_of(groups, groups->count, directory, sizeof directory);
		int rc = make_group(directory, bytes);
		if (rc < 0)
			return error_set_key(err, rc, "limits.memory", "cannot make the memory cgroup %s: %s",
			                     directory, strerror(-rc));
	}
	return 0;
}

int memory_cgroups_make(struct memory_cgroups *groups, const char *job_id, uint32_t count, int64_t bytes,
                        struct error *err)
{
	struct search search = {.job_id = job_id, .bytes = bytes};
	cgroup_path_walk("", "memory", try_directory, &search);
	if (search.prefix == NULL && search.code == 0)
		return error_set_key(err, -ENOTSUP, "limits.memory",
		                     "this system has no memory cgroups; use limits.address_space");
	if (search.prefix == NULL)
		return error_set_key(err, search.code, "limits.memory",
		                     "no memory cgroup can be made in %.300s: %s; run as root, in a cgroup that is "
		                     "delegated to this user%s, or use limits.address_space",
		                     search.refused, strerror(-search.code),
		                     search.code == -EBUSY ? " and has no limits of its own that ranks would leave"
		                                           : "");
	groups->prefix = search.prefix;
	groups->is_version_2 = search.found_version_2;
	int rc = make_rest(groups, count, bytes, err);
	if (rc < 0)
		memory_cgroups_remove(groups);
	return rc;
}

int memory_cgroup_open(const struct memory_cgroups *groups, uint32_t local_rank, int *fd, struct error *err)
{
	char directory[PATH_MAX], path[PATH_MAX + 32];
	*fd = -1;
	if (groups->prefix == NULL)
		return 0;
	directory_of(groups, local_rank, directory, sizeof directory);
	snprintf(path, sizeof path, "%s/cgroup.procs", directory);
	*fd = open(path, O_WRONLY | O_CLOEXEC);
	return *fd < 0 ? error_set(err, -errno, "limits.memory: cannot use %s: %s", path, strerror(errno)) : 0;
}

void memory_cgroups_remove(struct memory_cgroups *groups)
{
	char directory[PATH_MAX];
	for (uint32_t r = 0; r < groups->count; r++) {
		directory_of(groups, r, directory, sizeof directory);
		rmdir(directory);
	}
	free(groups->prefix);
	*groups = (struct memory_cgroups){0};
}
