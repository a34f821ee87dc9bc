/* SPDX-License-Identifier: MIT
 *
 * memory_cgroup: groups are made in the nearest directory that takes them and never beyond a limit, and a refusal names
 * the directory and the reason. The control groups are a tree of files in a mount namespace; what the kernel does when
 * a group is made or removed, mkdir and rmdir of this program do.
 */
#include "mount_space.h"

#include "run/memory_cgroup.h"

#include <sys/syscall.h>

enum { RANKS = 3, MOST_FILES = 10, LIMIT_BYTES = 1 << 30 };

struct cgroup_row {
	const char *what;
	const char *cgroup; /* /proc/self/cgroup */
	struct test_file files[MOST_FILES];
	const char *made_in; /* where the groups are; NULL: refused */
	int code;
	const char *says;
};

#define V2_OPEN(directory)                                                                                             \
	{                                                                                                              \
		directory "/cgroup.subtree_control", ""                                                                \
	}
#define V1_OPEN(directory)                                                                                             \
	{                                                                                                              \
		directory "/memory.limit_in_bytes", "9223372036854771712\n"                                            \
	}
#define NEITHER "/v2/box: No such file or directory; run as root, in a cgroup that is delegated to this user, or use "
#define BUSY_WORDS                                                                                                     \
	"/v2/box: Device or resource busy; run as root, in a cgroup that is delegated to this user and has no "

static const struct cgroup_row rows[] = {
	{"version 2, the own group takes children",
         "0::/box\n",
         {V2_OPEN("/v2/box"), V2_OPEN("/v2")},
         "/v2/box",
         0,
         NULL},
	{"version 2, the group above does, and the own has no limits",
         "0::/box\n",
         {{"/v2/box/memory.max", "max\n"},
          {"/v2/box/memory.high", "max\n"},
          {"/v2/box/cpu.max", "max 100000\n"},
          {"/v2/box/cpuset.cpus", "\n"},
          V2_OPEN("/v2")},
         "/v2",
         0,
         NULL},
	{"never beyond memory.max",
         "0::/box\n",
         {{"/v2/box/memory.max", "1000000\n"}, V2_OPEN("/v2")},
         NULL,
         -ENOENT,
         NEITHER},
	{"never beyond memory.high",
         "0::/box\n",
         {{"/v2/box/memory.high", "1\n"}, V2_OPEN("/v2")},
         NULL,
         -ENOENT,
         NEITHER},
	{"never beyond memory.swap.max",
         "0::/box\n",
         {{"/v2/box/memory.swap.max", "0\n"}, V2_OPEN("/v2")},
         NULL,
         -ENOENT,
         NEITHER},
	{"never beyond cpu.max",
         "0::/box\n",
         {{"/v2/box/cpu.max", "50000 100000\n"}, V2_OPEN("/v2")},
         NULL,
         -ENOENT,
         NEITHER},
	{"never beyond pids.max", "0::/box\n", {{"/v2/box/pids.max", "100\n"}, V2_OPEN("/v2")}, NULL, -ENOENT, NEITHER},
	{"never beyond cpuset.cpus",
         "0::/box\n",
         {{"/v2/box/cpuset.cpus", "0-1\n"}, V2_OPEN("/v2")},
         NULL,
         -ENOENT,
         NEITHER},
	{"never beyond cpuset.mems",
         "0::/box\n",
         {{"/v2/box/cpuset.mems", "0\n"}, V2_OPEN("/v2")},
         NULL,
         -ENOENT,
         NEITHER},
	{"version 2, a controller that cannot be enabled is the reason",
         "0::/box\n",
         {{"/v2/box/cgroup.subtree_control/x", ""}, {"/v2/box/pids.max", "100\n"}},
         NULL,
         -EISDIR,
         "/v2/box: Is a directory; run as root"},
	{"version 2, the own group is busy",
         "0::/box\n",
         {V2_OPEN("/v2/box"), {"/v2/box/refuses", "EBUSY"}},
         NULL,
         -EBUSY,
         BUSY_WORDS},
	{"the first refusal is told",
         "0::/box\n",
         {{"/v2/box/refuses", "EBUSY"}, {"/v2/refuses", "EACCES"}},
         NULL,
         -EBUSY,
         BUSY_WORDS},
	{"version 1", "4:memory:/box\n", {V1_OPEN("/v1/box"), V1_OPEN("/v1")}, "/v1/box", 0, NULL},
	{"version 1, there is no need to go further up",
         "4:memory:/box\n",
         {V1_OPEN("/v1/box"), {"/v1/box/refuses", "EACCES"}, V1_OPEN("/v1")},
         NULL,
         -EACCES,
         "/v1/box: Permission denied; run as root, in a cgroup that is delegated to this user, or use "},
	{"both versions, one after the other",
         "4:memory:/box\n0::/box\n",
         {V1_OPEN("/v1/box"), {"/v1/box/refuses", "EACCES"}, V2_OPEN("/v2/box")},
         "/v2/box",
         0,
         NULL},
	{"a limit that is not taken",
         "4:memory:/box\n",
         {{"/v1/box/memory.limit_in_bytes/x", ""}},
         NULL,
         -EISDIR,
         "/v1/box: Is a directory; run as root"},
	{"no control groups of memory",
         "3:cpu:/box\n",
         {{"/nothing", ""}},
         NULL,
         -ENOTSUP,
         "this system has no memory cgroups; use limits.address_space"},
};

/* --- the kernel's part --- */

static int groups_allowed = 1000;

static bool has(const char *directory, size_t length, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%.*s/%s", (int)length, directory, name);
	return access(path, F_OK) == 0;
}

static bool says(const char *directory, size_t length, const char *name, const char *word)
{
	char path[512], text[64] = "";
	snprintf(path, sizeof path, "%.*s/%s", (int)length, directory, name);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	bool said = fgets(text, sizeof text, file) != NULL && strstr(text, word) != NULL;
	fclose(file);
	return said;
}

static void make_file(const char *directory, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static int refusal(const char *parent, size_t length)
{
	if (groups_allowed-- <= 0)
		return ENOSPC;
	if (says(parent, length, "refuses", "EBUSY"))
		return EBUSY;
	return says(parent, length, "refuses", "EACCES") ? EACCES : 0;
}

int mkdir(const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	bool is_group = slash != NULL && strncmp(slash, "/muster-job-", 12) == 0;
	size_t length = slash == NULL ? 0 : (size_t)(slash - path);
	errno = is_group ? refusal(path, length) : 0;
	if (errno != 0 || syscall(SYS_mkdirat, AT_FDCWD, path, mode) < 0)
		return -1;
	if (!is_group)
		return 0;
	make_file(path, "cgroup.procs");
	if (has(path, length, "memory.limit_in_bytes/x")) {
		char limit[512];
		snprintf(limit, sizeof limit, "%s/memory.limit_in_bytes", path);
		syscall(SYS_mkdirat, AT_FDCWD, limit, mode);
	} else if (has(path, length, "memory.limit_in_bytes")) {
		make_file(path, "memory.limit_in_bytes");
	}
	if (says(path, length, "cgroup.subtree_control", "+memory")) {
		make_file(path, "memory.max");
		make_file(path, "memory.oom.group");
	}
	return 0;
}

int rmdir(const char *path)
{
	static const char *const files[] = {"cgroup.procs", "memory.limit_in_bytes", "memory.max", "memory.oom.group"};
	char file[512];
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(file, sizeof file, "%s/%s", path, files[i]);
		remove(file);
	}
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

/* --- the tests --- */

static void lay_out(struct run_fixture *f, const struct cgroup_row *row)
{
	char mounts[512];
	fixture_begin(f, 1);
	test_directory_put_files(f->directory, row->files, MOST_FILES);
	snprintf(mounts, sizeof mounts,
	         "30 23 0:26 / %s/v1 rw - cgroup cgroup rw,memory\n31 23 0:27 / %s/v2 rw - cgroup2 cgroup2 rw\n",
	         f->directory, f->directory);
	test_directory_put(f->directory, row->cgroup, "/cgroup");
	test_directory_put(f->directory, mounts, "/mountinfo");
	child_must(mount_space_enter());
	mount_space_lay(fixture_path(f, "cgroup"), "/proc/self/cgroup");
	mount_space_lay(fixture_path(f, "mountinfo"), "/proc/self/mountinfo");
}

static void must_be(const struct cgroup_row *row, bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s\n", row->what, what);
	_exit(1);
}

static bool group_exists(const struct run_fixture *f, const char *parent, uint32_t rank)
{
	char path[256];
	snprintf(path, sizeof path, "%s%s/muster-job-%u", f->directory, parent, rank);
	return access(path, F_OK) == 0;
}

static void must_hold_ranks(struct run_fixture *f, const struct cgroup_row *row, struct memory_cgroups *groups)
{
	bool is_version_2 = strncmp(row->made_in, "/v2", 3) == 0;
	for (uint32_t r = 0; r < RANKS; r++) {
		char group[256], number[16];
		int door = -1;
		struct error err;
		must_be(row, group_exists(f, row->made_in, r), "a group is not there");
		snprintf(group, sizeof group, "%s%s/muster-job-%u", f->directory, row->made_in, r);
		snprintf(number, sizeof number, "%d", LIMIT_BYTES);
		must_be(row, says(group, strlen(group), is_version_2 ? "memory.max" : "memory.limit_in_bytes", number),
		        "a group is not limited");
		must_be(row, !is_version_2 || says(group, strlen(group), "memory.oom.group", "1"),
		        "a rank would lose a child alone");
		must_be(row, memory_cgroup_open(groups, r, &door, &err) == 0 && write(door, "0", 1) == 1,
		        "a group cannot be entered");
		close(door);
	}
}

static void make_groups(void *context)
{
	const struct cgroup_row *row = context;
	struct run_fixture f;
	struct memory_cgroups groups = {0};
	struct error err = {0};
	lay_out(&f, row);
	int rc = memory_cgroups_make(&groups, "job", RANKS, LIMIT_BYTES, &err);
	must_be(row, rc == row->code, err.text);
	if (row->made_in == NULL)
		must_be(row, strstr(err.text, row->says) != NULL, err.text);
	else
		must_hold_ranks(&f, row, &groups);
	memory_cgroups_remove(&groups);
	memory_cgroups_remove(&groups); /* twice is allowed */
	static const char *const parents[] = {"/v1/box", "/v1", "/v2/box", "/v2"};
	for (size_t i = 0; i < COUNT_OF(parents); i++)
		must_be(row, !group_exists(&f, parents[i], 0), "a group was left behind");
	fixture_end(&f);
}

static void groups_are_made_in_the_nearest_directory_that_takes_them_and_never_beyond_a_limit(void **state)
{
	(void)state;
	mount_space_or_skip();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cgroup_row row = rows[i];
		fixture_in_child(make_groups, &row);
	}
}

static void have_no_more_groups(void *unused)
{
	(void)unused;
	struct run_fixture f;
	struct memory_cgroups groups = {0};
	struct error err = {0};
	lay_out(&f, &rows[0]);
	groups_allowed = 2;
	child_must(memory_cgroups_make(&groups, "job", RANKS, LIMIT_BYTES, &err) == -ENOSPC);
	child_must(strcmp(err.key, "limits.memory") == 0 &&
	           strstr(err.text, "cannot make the memory cgroup ") == err.text);
	child_must(strstr(err.text, "/v2/box/muster-job-2: No space left on device") != NULL);
	child_must(groups.prefix == NULL && groups.count == 0);
	for (uint32_t r = 0; r < RANKS; r++)
		child_must(!group_exists(&f, "/v2/box", r));
	fixture_end(&f);
}

static void a_group_that_cannot_be_made_takes_those_before_it_along(void **state)
{
	(void)state;
	mount_space_or_skip();
	fixture_in_child(have_no_more_groups, NULL);
}

static void without_groups_there_is_no_door(void **state)
{
	(void)state;
	struct memory_cgroups groups = {0};
	struct error err;
	int door = 7;
	assert_int_equal(memory_cgroup_open(&groups, 0, &door, &err), 0);
	assert_int_equal(door, -1);
}

static void a_group_that_was_removed_meanwhile_is_named(void **state)
{
	(void)state;
	char prefix[] = "/no/such/muster-job-";
	const struct memory_cgroups groups = {.prefix = prefix, .count = RANKS};
	struct error err;
	int door = 7;
	assert_int_equal(memory_cgroup_open(&groups, 2, &door, &err), -ENOENT);
	assert_string_equal(err.text,
	                    "limits.memory: cannot use /no/such/muster-job-2/cgroup.procs: No such file or directory");
	assert_int_equal(door, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_made_in_the_nearest_directory_that_takes_them_and_never_beyond_a_limit),
		cmocka_unit_test(a_group_that_cannot_be_made_takes_those_before_it_along),
		cmocka_unit_test(without_groups_there_is_no_door),
		cmocka_unit_test(a_group_that_was_removed_meanwhile_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
