/* SPDX-License-Identifier: MIT
 *
 * group_limit: of all control groups on the way up, the one that leaves least counts, in either version. Each case is a
 * tree of files of its own.
 */
#include "test_directory.h"

#include "machine/group_limit.h"

#include <stdlib.h>

enum { MOST_FILES = 10 };

struct limit_case {
	const char *name;
	struct test_file files[MOST_FILES];
	uint64_t limit, used;
	const char *source;
};

#define CGROUP    "/proc/self/cgroup"
#define MOUNTINFO "/proc/self/mountinfo"
#define V2_MOUNT  "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MEMORY "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
#define V1_PIDS   "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
#define BOX       "/sys/fs/cgroup/pod/box/"
#define POD       "/sys/fs/cgroup/pod/"

static const struct limit_case memory_cases[] = {
	{"version 2, no limit",
         {{CGROUP, "0::/pod/box\n"}, {MOUNTINFO, V2_MOUNT}, {BOX "memory.max", "max\n"}},
         0,
         0,
         NULL},
	{"version 2, cached files are free",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, V2_MOUNT},
          {BOX "memory.max", "1000000\n"},
          {BOX "memory.current", "700000\n"},
          {BOX "memory.stat", "anon 100000\ninactive_file 500000\nactive_file 100000\n"}},
         1000000,
         200000,
         BOX "memory.max"},
	{"version 2, a group above leaves less",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, V2_MOUNT},
          {BOX "memory.max", "1000000\n"},
          {BOX "memory.current", "0\n"},
          {POD "memory.max", "5000000\n"},
          {POD "memory.current", "4500000\n"}},
         5000000,
         4500000,
         POD "memory.max"},
	{"version 2, what holds processes back counts as what kills them",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, V2_MOUNT},
          {BOX "memory.max", "1000000\n"},
          {BOX "memory.high", "600000\n"},
          {BOX "memory.current", "100000\n"}},
         600000,
         100000,
         BOX "memory.high"},
	{"version 2, more is used than is allowed",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, V2_MOUNT},
          {BOX "memory.max", "1000\n"},
          {BOX "memory.current", "2000\n"}},
         1000,
         2000,
         BOX "memory.max"},
	{"version 1, no limit is a large number",
         {{CGROUP, "4:memory:/box\n"},
          {MOUNTINFO, V1_MEMORY},
          {"/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n"}},
         0,
         0,
         NULL},
	{"version 1",
         {{CGROUP, "4:memory:/box\n0::/\n"},
          {MOUNTINFO, V1_MEMORY},
          {"/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "67108864\n"},
          {"/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "10000000\n"},
          {"/sys/fs/cgroup/memory/box/memory.stat", "cache 1\ninactive_file 5\ntotal_inactive_file 4000000\n"}},
         67108864,
         6000000,
         "/sys/fs/cgroup/memory/box/memory.limit_in_bytes"},
	{"nonsense limits nothing",
         {{CGROUP, "0::/pod/box\n"}, {MOUNTINFO, V2_MOUNT}, {BOX "memory.max", "lots\n"}, {POD "memory.max", ""}},
         0,
         0,
         NULL},
	{"no control groups", {{MOUNTINFO, "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"}}, 0, 0, NULL},
};

static const struct limit_case process_cases[] = {
	{"version 2, the group with least room",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, V2_MOUNT},
          {BOX "pids.max", "100\n"},
          {BOX "pids.current", "3\n"},
          {POD "pids.max", "1000\n"},
          {POD "pids.current", "950\n"}},
         1000,
         950,
         POD "pids.max"},
	{"version 1",
         {{CGROUP, "8:pids:/box\n"},
          {MOUNTINFO, V1_PIDS},
          {"/sys/fs/cgroup/pids/box/pids.max", "20\n"},
          {"/sys/fs/cgroup/pids/box/pids.current", "7\n"}},
         20,
         7,
         "/sys/fs/cgroup/pids/box/pids.max"},
	{"no limit", {{CGROUP, "0::/pod/box\n"}, {MOUNTINFO, V2_MOUNT}, {BOX "pids.max", "max\n"}}, 0, 0, NULL},
};

static void check(const struct limit_case *one, struct group_limit find(const char *root))
{
	char *root = test_directory_make();
	test_directory_put_files(root, one->files, MOST_FILES);
	struct group_limit limit = find(root);
	print_message("case: %s\n", one->name);
	if (one->source == NULL) {
		assert_null(limit.source);
		assert_true(group_limit_room(&limit) == UINT64_MAX);
	} else {
		assert_string_equal(limit.source, one->source);
		assert_int_equal(limit.limit, one->limit);
		assert_int_equal(limit.used, one->used);
		assert_int_equal(group_limit_room(&limit), one->limit > one->used ? one->limit - one->used : 0);
	}
	free(limit.source);
	test_directory_remove(root);
}

static void the_least_room_for_memory_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(memory_cases); i++)
		check(&memory_cases[i], group_limit_memory);
}

static void the_least_room_for_processes_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(process_cases); i++)
		check(&process_cases[i], group_limit_processes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_room_for_memory_counts),
		cmocka_unit_test(the_least_room_for_processes_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
