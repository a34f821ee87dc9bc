/* SPDX-License-Identifier: MIT
 *
 * allowance: the CPU quota is the smallest on the whole way up, whatever kind of control groups there are and however
 * they are mounted. Each case is a tree of files of its own, made below a directory that stands for the root.
 */
#include "test_directory.h"

#include "base/memory.h"
#include "base/text.h"
#include "machine/allowance.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 12 };

struct quota_case {
	const char *name;
	struct test_file files[MOST_FILES];
	uint32_t millicpus;
	const char *source;
};

#define CGROUP    "/proc/self/cgroup"
#define MOUNTINFO "/proc/self/mountinfo"
#define V2_MOUNT  "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_DOCKER                                                                                                      \
	"32 31 0:29 /docker/c0ffee /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define HYBRID_MOUNTS                                                                                                  \
	V1_MOUNT "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"                                       \
		 "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

static const struct quota_case cases[] = {
	{"version 2, no quota",
         {{CGROUP, "0::/box\n"}, {MOUNTINFO, V2_MOUNT}, {"/sys/fs/cgroup/box/cpu.max", "max 100000\n"}},
         0,
         NULL},
	{"version 2, a quota of half a CPU",
         {{CGROUP, "0::/box\n"}, {MOUNTINFO, V2_MOUNT}, {"/sys/fs/cgroup/box/cpu.max", "50000 100000\n"}},
         500,
         "/sys/fs/cgroup/box/cpu.max"},
	{"version 2, the smallest is above the own group",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, V2_MOUNT},
          {"/sys/fs/cgroup/pod/box/cpu.max", "400000 100000\n"},
          {"/sys/fs/cgroup/pod/cpu.max", "150000 100000\n"}},
         1500,
         "/sys/fs/cgroup/pod/cpu.max"},
	{"version 2, the smallest is the own group's",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, V2_MOUNT},
          {"/sys/fs/cgroup/pod/box/cpu.max", "100000 100000\n"},
          {"/sys/fs/cgroup/pod/cpu.max", "150000 100000\n"}},
         1000,
         "/sys/fs/cgroup/pod/box/cpu.max"},
	{"version 2, in a cgroup namespace the own group is the root",
         {{CGROUP, "0::/\n"}, {MOUNTINFO, V2_MOUNT}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}},
         2000,
         "/sys/fs/cgroup/cpu.max"},
	{"version 2, the own group lies outside the namespace: the mount point is all there is to ask",
         {{CGROUP, "0::/../elsewhere\n"}, {MOUNTINFO, V2_MOUNT}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}},
         2000,
         "/sys/fs/cgroup/cpu.max"},
	{"version 2, a part of the hierarchy is bound to the mount point",
         {{CGROUP, "0::/pod/box\n"},
          {MOUNTINFO, "30 23 0:26 /pod /groups rw - cgroup2 cgroup2 rw\n"},
          {"/groups/box/cpu.max", "300000 100000\n"},
          {"/groups/cpu.max", "250000 100000\n"}},
         2500,
         "/groups/cpu.max"},
	{"version 2, another group whose name begins alike is not the own",
         {{CGROUP, "0::/podium/box\n"},
          {MOUNTINFO, "30 23 0:26 /pod /groups rw - cgroup2 cgroup2 rw\n"},
          {"/groups/ium/box/cpu.max", "10000 100000\n"}},
         0,
         NULL},
	{"version 2, blanks in names are written as octal",
         {{CGROUP, "0::/a b\n"},
          {MOUNTINFO, "30 23 0:26 / /sys/fs/my\\040groups rw - cgroup2 cgroup2 rw\n"},
          {"/sys/fs/my groups/a b/cpu.max", "100000 100000\n"}},
         1000,
         "/sys/fs/my groups/a b/cpu.max"},
	{"version 1, no quota",
         {{CGROUP, "4:cpu,cpuacct:/box\n"},
          {MOUNTINFO, V1_MOUNT},
          {"/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n"}},
         0,
         NULL},
	{"version 1, the smallest is above",
         {{CGROUP, "9:name=systemd:/x\n4:cpu,cpuacct:/pod/box\n"},
          {MOUNTINFO, V1_MOUNT},
          {"/sys/fs/cgroup/cpu,cpuacct/pod/box/cpu.cfs_quota_us", "-1\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/pod/box/cpu.cfs_period_us", "100000\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us", "25000\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us", "20000\n"}},
         1250,
         "/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us"},
	{"version 1, a container without a namespace sees its group at the mount point",
         {{CGROUP, "4:cpu,cpuacct:/docker/c0ffee\n"},
          {MOUNTINFO, V1_DOCKER},
          {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}},
         2500,
         "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us"},
	{"both versions, the quota in version 1",
         {{CGROUP, "1:cpu,cpuacct:/box\n0::/box\n"},
          {MOUNTINFO, HYBRID_MOUNTS},
          {"/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "100000\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n"}},
         1000,
         "/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us"},
	{"both versions, the smaller of two",
         {{CGROUP, "1:cpu,cpuacct:/box\n0::/box\n"},
          {MOUNTINFO, HYBRID_MOUNTS},
          {"/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "300000\n"},
          {"/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n"},
          {"/sys/fs/cgroup/unified/box/cpu.max", "200000 100000\n"}},
         2000,
         "/sys/fs/cgroup/unified/box/cpu.max"},
	{"a controller whose name begins alike is another",
         {{CGROUP, "4:cpuacct:/box\n3:cpu:/other\n"},
          {MOUNTINFO, "32 31 0:29 / /cpuacct rw - cgroup cgroup rw,cpuacct\n"},
          {"/cpuacct/box/cpu.cfs_quota_us", "1000\n"},
          {"/cpuacct/box/cpu.cfs_period_us", "100000\n"}},
         0,
         NULL},
	{"a group that was removed while the process was in it",
         {{CGROUP, "0::/gone (deleted)\n"}, {MOUNTINFO, V2_MOUNT}, {"/sys/fs/cgroup/cpu.max", "max 100000\n"}},
         0,
         NULL},
	{"a tiny quota is not none",
         {{CGROUP, "0::/box\n"}, {MOUNTINFO, V2_MOUNT}, {"/sys/fs/cgroup/box/cpu.max", "1 1000000\n"}},
         1,
         "/sys/fs/cgroup/box/cpu.max"},
	{"nonsense is not a quota",
         {{CGROUP, "0::/box\nnonsense\n:\n"},
          {MOUNTINFO, V2_MOUNT "short - cgroup2\n - \n1 2 3 - cgroup2 x y\n"},
          {"/sys/fs/cgroup/box/cpu.max", "lots\n"},
          {"/sys/fs/cgroup/cpu.max", "100000 0\n"}},
         0,
         NULL},
	{"no control groups at all", {{MOUNTINFO, "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"}}, 0, NULL},
	{"not even /proc", {{"/nothing", ""}}, 0, NULL},
};

static void the_smallest_quota_on_the_way_up_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *root = test_directory_make();
		test_directory_put_files(root, cases[i].files, MOST_FILES);
		struct cpu_quota quota = allowance_quota(root);
		if (quota.millicpus != cases[i].millicpus)
			print_message("case: %s\n", cases[i].name);
		assert_int_equal(quota.millicpus, cases[i].millicpus);
		if (cases[i].source == NULL)
			assert_null(quota.source);
		else
			assert_string_equal(quota.source, cases[i].source);
		free(quota.source);
		test_directory_remove(root);
	}
}

static void the_cpuset_is_named_by_its_nearest_file(void **state)
{
	(void)state;
	static const struct test_file files[] = {
		{CGROUP, "3:cpuset:/pod/box\n0::/pod\n"},
		{MOUNTINFO, "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"},
		{"/sys/fs/cgroup/cpuset/pod/cpuset.cpus", "0-3\n"},
		{"/sys/fs/cgroup/cpuset/pod/box/cpuset.cpus", "0-1\n"},
	};
	char *root = test_directory_make();
	test_directory_put_files(root, files, COUNT_OF(files));
	struct index_set cpus = {0};
	char *source = allowance_cpuset(root, &cpus);
	assert_string_equal(source, "/sys/fs/cgroup/cpuset/pod/box/cpuset.cpus");
	assert_true(index_set_count(&cpus) == 2 && index_set_has(&cpus, 0) && index_set_has(&cpus, 1));
	free(source);
	index_set_finish(&cpus);
	test_directory_remove(root);
}

static void without_a_cpuset_there_is_nothing_to_name(void **state)
{
	(void)state;
	struct index_set cpus = {0};
	index_set_add(&cpus, 1);
	assert_null(allowance_cpuset("/nonexistent", &cpus));
	assert_true(index_set_is_empty(&cpus));
	index_set_finish(&cpus);
}

static void the_affinity_mask_of_this_process_is_read(void **state)
{
	(void)state;
	struct index_set cpus = {0};
	assert_int_equal(allowance_affinity(&cpus, NULL), 0);
	assert_true(index_set_count(&cpus) >= 1);
	for (index_set_each(&cpus, cpu)) {
		cpu_set_t one;
		CPU_ZERO(&one);
		CPU_SET(cpu % CPU_SETSIZE, &one);
		if (cpu < CPU_SETSIZE)
			assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
		break;
	}
	struct index_set narrowed = {0};
	assert_int_equal(allowance_affinity(&narrowed, NULL), 0);
	assert_int_equal(index_set_count(&narrowed), 1);
	assert_int_equal(index_set_first(&narrowed), index_set_first(&cpus));
	index_set_finish(&narrowed);
	index_set_finish(&cpus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_quota_on_the_way_up_counts),
		cmocka_unit_test(the_cpuset_is_named_by_its_nearest_file),
		cmocka_unit_test(without_a_cpuset_there_is_nothing_to_name),
		cmocka_unit_test(the_affinity_mask_of_this_process_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
