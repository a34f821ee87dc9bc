/* SPDX-License-Identifier: MIT
 *
 * job_cgroup: see job_cgroup.h. The files are those of the kernel's Documentation/admin-guide/cgroup-v2.rst.
 */
#include "run/job_cgroup.h"

#include "base/memory.h"
#include "machine/cgroup_path.h"
#include "run/cgroup_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	LINGER_LOOKS = 10, /* a group may look populated for an instant after its last process was reaped */
	LINGER_MS = 1,
	FREEZE_LOOKS = 200,
	DEPTH_MAX = 16,
	MAKE_TRIES = 3,
};

#define NAME_PREFIX "muster." /* not that of memory groups, which nobody locks */

struct search {
	const char *job_id;
	char *made;
	bool seen; /* the process's own group: no other one is asked */
};

/* Ranks will be moved from here to there: the kernel asks for the right to write to both. */
static bool may_enter_from(const char *own)
{
	char path[PATH_MAX + 32];
	snprintf(path, sizeof path, "%s/cgroup.procs", own);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static void try_own_group(const struct cgroup_visit *visit, void *context)
{
	struct search *search = context;
	char directory[PATH_MAX];
	if (!visit->is_version_2 || search->seen)
		return;
	search->seen = true;
	int length = snprintf(directory, sizeof directory, "%s/" NAME_PREFIX "%s", visit->directory, search->job_id);
	if (length >= (int)sizeof directory - 64 || !may_enter_from(visit->directory))
		return;
	if (mkdir(directory, 0755) == 0)
		search->made = memory_copy_text(directory);
}

static int open_locked(const char *directory, int kind)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || flock(fd, kind | LOCK_NB) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A later job may be quick to clear the group before it is locked. */
bool job_cgroup_make(struct job_cgroup *group, const char *job_id)
{
	for (int tries = 0; tries < MAKE_TRIES; tries++) {
		struct search search = {.job_id = job_id};
		cgroup_path_walk("", NULL, try_own_group, &search);
		if (search.made == NULL)
			return false;
		int lock = open_locked(search.made, LOCK_SH);
		if (lock >= 0) {
			*group = (struct job_cgroup){search.made, lock};
			return true;
		}
		rmdir(search.made); /* there may be no descriptors left */
		free(search.made);
	}
	return false;
}

static bool is_none(const struct job_cgroup *group)
{
	return group == NULL || group->directory == NULL;
}

int job_cgroup_descriptor(const struct job_cgroup *group)
{
	return is_none(group) ? -1 : group->lock;
}

int job_cgroup_make_below(const struct job_cgroup *group, uint32_t incarnation)
{
	char name[32];
	if (is_none(group))
		return -1;
	snprintf(name, sizeof name, "%u", incarnation - 1);
	unlinkat(group->lock, name, AT_REMOVEDIR);
	snprintf(name, sizeof name, "%u", incarnation);
	if (mkdirat(group->lock, name, 0755) < 0)
		return -1;
	return openat(group->lock, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool event_is_set(const char *directory, const char *line)
{
	char text[256];
	return cgroup_file_read(directory, "cgroup.events", text, sizeof text) > 0 && strstr(text, line) != NULL;
}

bool job_cgroup_is_empty(const struct job_cgroup *group)
{
	if (is_none(group))
		return true;
	for (int look = 0; event_is_set(group->directory, "populated 1"); look++) {
		if (look == LINGER_LOOKS)
			return false;
		poll(NULL, 0, LINGER_MS);
	}
	return true;
}

/* --- the groups below it --- */

typedef void group_visitor(const char *directory, void *context);

/* Those below a group before the group itself. */
static void walk(const char *directory, int depth, group_visitor *visitor, void *context)
{
	char below[PATH_MAX];
	DIR *entries = depth < DEPTH_MAX ? opendir(directory) : NULL;
	for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof below, "%s/%s", directory, entry->d_name) < (int)sizeof below)
			walk(below, depth + 1, visitor, context);
	}
	if (entries != NULL)
		closedir(entries);
	visitor(directory, context);
}

static FILE *open_processes(const char *directory)
{
	char path[PATH_MAX + 32];
	snprintf(path, sizeof path, "%s/cgroup.procs", directory);
	return fopen(path, "re");
}

static void count_in(const char *directory, void *context)
{
	uint32_t *count = context;
	int pid;
	FILE *processes = open_processes(directory);
	while (processes != NULL && fscanf(processes, "%d", &pid) == 1)
		(*count)++;
	if (processes != NULL)
		fclose(processes);
}

uint32_t job_cgroup_count(const struct job_cgroup *group)
{
	uint32_t count = 0;
	if (!is_none(group))
		walk(group->directory, 0, count_in, &count);
	return count;
}

/* --- killing --- */

/* Frozen, a process neither ends of itself nor gives its number away: it is still the one that the group lists. */
static void kill_in(const char *directory, void *context)
{
	int pid;
	(void)context;
	FILE *processes = open_processes(directory);
	while (processes != NULL && fscanf(processes, "%d", &pid) == 1)
		if (pid > 0) /* 0: of a pid namespace that is not below ours */
			kill(pid, SIGKILL);
	if (processes != NULL)
		fclose(processes);
}

static void kill_frozen(const char *directory)
{
	if (cgroup_file_write(directory, "cgroup.freeze", "1") < 0)
		return;
	bool frozen = false;
	for (int look = 0; look < FREEZE_LOOKS && !frozen; look++) {
		frozen = event_is_set(directory, "frozen 1");
		if (!frozen)
			poll(NULL, 0, LINGER_MS);
	}
	if (frozen)
		walk(directory, 0, kill_in, NULL);
	cgroup_file_write(directory, "cgroup.freeze", "0");
}

void job_cgroup_kill(const struct job_cgroup *group)
{
	if (!is_none(group) && cgroup_file_write(group->directory, "cgroup.kill", "1") < 0)
		kill_frozen(group->directory);
}

/* --- the end --- */

static void remove_one(const char *directory, void *context)
{
	(void)context;
	rmdir(directory);
}

void job_cgroup_remove(const struct job_cgroup *group)
{
	if (is_none(group) || rmdir(group->directory) == 0 || errno == ENOENT)
		return;
	if (job_cgroup_is_empty(group))
		walk(group->directory, 0, remove_one, NULL);
}

static void reclaim_one(const char *directory)
{
	int lock = open_locked(directory, LOCK_EX);
	if (lock < 0)
		return;
	char *copy = strdup(directory);
	const struct job_cgroup stale = {copy, lock};
	job_cgroup_kill(&stale);
	job_cgroup_remove(&stale);
	free(copy);
	close(lock);
}

void job_cgroup_reclaim(const struct job_cgroup *group)
{
	char place[PATH_MAX], directory[PATH_MAX];
	if (is_none(group))
		return;
	snprintf(place, sizeof place, "%s", group->directory);
	*strrchr(place, '/') = '\0';
	DIR *entries = opendir(place);
	for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
		if (entry->d_type == DT_DIR && strncmp(entry->d_name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 &&
		    snprintf(directory, sizeof directory, "%s/%s", place, entry->d_name) < (int)sizeof directory)
			reclaim_one(directory);
	if (entries != NULL)
		closedir(entries);
}

void job_cgroup_finish(struct job_cgroup *group)
{
	if (group->directory != NULL)
		close(group->lock);
	free(group->directory);
	*group = (struct job_cgroup){0};
}
