/* SPDX-License-Identifier: MIT
 *
 * cgroup_path: see cgroup_path.h.
 *
 * A line of mountinfo is "36 35 0:31 /root /mount/point rw,opts shared:1 - cgroup source rw,cpu,cpuacct"; one of
 * /proc/self/cgroup is "4:cpu,cpuacct:/path", with "0::/path" for version 2. `root` is what of the hierarchy is mounted
 * there, so the directory of a process is the mount point followed by what its path has beyond that root.
 */
#include "machine/cgroup_path.h"

#include "base/memory.h"
#include "base/text.h"
#include "machine/small_file.h"

#include <stdlib.h>
#include <string.h>

struct cgroup_mount {
	char *root;
	char *point;
	char *options;
	bool is_version_2;
};

static bool is_octal(char digit)
{
	return digit >= '0' && digit <= '7';
}

/* The kernel writes blanks, tabs, newlines and backslashes of a path as \ooo. */
static void unescape(char *path)
{
	char *to = path;
	for (const char *from = path; *from != '\0'; to++) {
		if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static bool list_has(const char *list, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = list; at != NULL; at = strchr(at, ','), at = at != NULL ? at + 1 : NULL)
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* Cuts one line of mountinfo into what is needed of it; false when it is not a control group hierarchy. */
static bool read_mount(char *line, struct cgroup_mount *mount)
{
	char *behind = strstr(line, " - ");
	if (behind == NULL)
		return false;
	*behind = '\0';
	char *rest = NULL;
	char *kind = strtok_r(behind + 3, " ", &rest);
	char *source = strtok_r(NULL, " ", &rest);
	char *options = strtok_r(NULL, " ", &rest);
	if (kind == NULL || source == NULL || (strcmp(kind, "cgroup") != 0 && strcmp(kind, "cgroup2") != 0))
		return false;
	char *fields[5];
	char *from = line;
	for (size_t i = 0; i < 5; i++, from = NULL) {
		fields[i] = strtok_r(from, " ", &rest);
		if (fields[i] == NULL)
			return false;
	}
	unescape(fields[3]);
	unescape(fields[4]);
	*mount = (struct cgroup_mount){fields[3], fields[4], options != NULL ? options : fields[4] + strlen(fields[4]),
	                               strcmp(kind, "cgroup2") == 0};
	return true;
}

/* The path of this process in the hierarchy with `controller`, or (NULL) in that of version 2; to be freed. */
static char *own_path(const char *groups, const char *controller)
{
	char *copy = memory_copy_text(groups);
	char *found = NULL;
	char *rest = NULL;
	for (char *line = strtok_r(copy, "\n", &rest); line != NULL && found == NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *names = strchr(line, ':');
		char *path = names != NULL ? strchr(names + 1, ':') : NULL;
		if (path == NULL)
			continue;
		*path++ = '\0';
		names++;
		bool wanted = controller != NULL ? list_has(names, controller) : line[0] == '0' && *names == '\0';
		if (wanted)
			found = memory_copy_text(path);
	}
	free(copy);
	return found;
}

/* What `path` has beyond `root`, starting with '/' or empty; "" when it does not lie below it: then only the mount
 * point can be asked. */
static const char *beyond_root(const char *path, const char *root)
{
	size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
	bool below = strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
	if (!below || strncmp(path + length, "/..", 3) == 0 || strcmp(path + length, "/") == 0)
		return "";
	return path + length;
}

static void walk_up(const struct cgroup_mount *mount, const char *path, cgroup_visitor *visitor, void *context)
{
	struct text directory = {0};
	size_t shortest = strcmp(mount->point, "/") == 0 ? 0 : strlen(mount->point);
	text_add_bytes(&directory, mount->point, shortest);
	text_add(&directory, beyond_root(path, mount->root));
	for (;;) {
		struct cgroup_visit visit = {directory.bytes, mount->is_version_2};
		visitor(&visit, context);
		char *slash = strrchr(directory.bytes + shortest, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
	}
	text_finish(&directory);
}

void cgroup_path_walk(const char *root, const char *controller, cgroup_visitor *visitor, void *context)
{
	char *groups = small_file_read(root, "/proc/self/cgroup");
	char *mounts = small_file_read(root, "/proc/self/mountinfo");
	if (groups != NULL && mounts != NULL) {
		char *version_1 = controller != NULL ? own_path(groups, controller) : NULL;
		char *version_2 = own_path(groups, NULL);
		char *rest = NULL;
		for (char *line = strtok_r(mounts, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
			struct cgroup_mount mount;
			if (!read_mount(line, &mount))
				continue;
			if (mount.is_version_2 && version_2 != NULL)
				walk_up(&mount, version_2, visitor, context);
			else if (!mount.is_version_2 && version_1 != NULL && list_has(mount.options, controller))
				walk_up(&mount, version_1, visitor, context);
		}
		free(version_1);
		free(version_2);
	}
	free(groups);
	free(mounts);
}

bool cgroup_path_is_known(const char *root)
{
	char *groups = small_file_read(root, "/proc/self/cgroup");
	bool is_known = groups != NULL;
	free(groups);
	return is_known;
}
