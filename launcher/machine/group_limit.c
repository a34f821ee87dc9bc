/* SPDX-License-Identifier: MIT
 *
 * group_limit: see group_limit.h. The files are those of the kernel's Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst. Those of the top group are missing, or without limit.
 */
#include "machine/group_limit.h"

#include "base/named_line.h"
#include "base/text.h"
#include "machine/cgroup_path.h"
#include "machine/small_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NO_LIMIT (UINT64_C(1) << 60) /* version 1 writes the largest number of pages that it has */

struct limit_files {
	const char *controller;
	const char *used;                     /* version 2 */
	const char *older_limit, *older_used; /* version 1 */
};

struct search {
	const char *root;
	const struct limit_files *files;
	const char *limit_name; /* in version 2, which has two of memory */
	struct group_limit least;
};

static char *read_in(const struct search *search, const char *directory, const char *name)
{
	struct text path = {0};
	text_add_format(&path, "%s/%s", directory, name);
	char *content = small_file_read(search->root, path.bytes);
	text_finish(&path);
	return content;
}

static bool read_number(const struct search *search, const char *directory, const char *name, uint64_t *number)
{
	char *content = read_in(search, directory, name), *end = content;
	if (content != NULL)
		*number = strtoull(content, &end, 10);
	bool is_one = end != content;
	free(content);
	return is_one;
}

/* Files in memory that nobody used lately go before anybody is killed. */
static uint64_t cached_bytes(const struct search *search, const struct cgroup_visit *visit)
{
	const char *name = visit->is_version_2 ? "inactive_file " : "total_inactive_file ";
	char *content = read_in(search, visit->directory, "memory.stat");
	int64_t bytes = content != NULL ? named_line_number(content, name) : 0;
	free(content);
	return bytes > 0 ? (uint64_t)bytes : 0;
}

uint64_t group_limit_room(const struct group_limit *limit)
{
	if (limit->source == NULL)
		return UINT64_MAX;
	return limit->limit > limit->used ? limit->limit - limit->used : 0;
}

static void look(const struct cgroup_visit *visit, void *context)
{
	struct search *search = context;
	const struct limit_files *files = search->files;
	const char *name = visit->is_version_2 ? search->limit_name : files->older_limit;
	struct text source = {0};
	struct group_limit seen = {0};
	if (!read_number(search, visit->directory, name, &seen.limit) || seen.limit >= NO_LIMIT)
		return;
	read_number(search, visit->directory, visit->is_version_2 ? files->used : files->older_used, &seen.used);
	if (strcmp(files->controller, "memory") == 0) {
		uint64_t cached = cached_bytes(search, visit);
		seen.used -= cached < seen.used ? cached : seen.used;
	}
	text_add_format(&source, "%s/%s", visit->directory, name);
	seen.source = source.bytes;
	if (group_limit_room(&seen) < group_limit_room(&search->least)) {
		free(search->least.source);
		search->least = seen;
	} else {
		text_finish(&source);
	}
}

static struct group_limit find(const char *root, const struct limit_files *files, const char *limit_name)
{
	struct search search = {.root = root, .files = files, .limit_name = limit_name};
	cgroup_path_walk(root, files->controller, look, &search);
	return search.least;
}

struct group_limit group_limit_memory(const char *root)
{
	static const struct limit_files files = {"memory", "memory.current", "memory.limit_in_bytes",
	                                         "memory.usage_in_bytes"};
	struct group_limit most = find(root, &files, "memory.max"), high = find(root, &files, "memory.high");
	bool is_most = group_limit_room(&most) <= group_limit_room(&high);
	free(is_most ? high.source : most.source);
	return is_most ? most : high;
}

struct group_limit group_limit_processes(const char *root)
{
	static const struct limit_files files = {"pids", "pids.current", "pids.max", "pids.current"};
	return find(root, &files, "pids.max");
}
