/* SPDX-License-Identifier: MIT
 *
 * sysfs_reader: it finds what hwloc finds, on this machine and on trees of files that are like /sys of others; and it
 * declines what is unusual.
 */
#include "test_directory.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "machine/allowance.h"
#include "machine/machine.h"
#include "machine/machine_table.h"
#include "machine/sysfs_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS = 16 };

/* A made-up machine: for each CPU the number of its package, cache, core and node. */
struct tree {
	const char *name;
	uint32_t cpu_count;
	uint8_t package[CPUS];
	uint8_t l3cache[CPUS];
	uint8_t core[CPUS];
	uint8_t node[CPUS];
};

static const struct tree trees[] = {
	{"two cores", 2, {0, 0}, {0, 0}, {0, 1}, {0, 0}},
	{"one CPU", 1, {0}, {0}, {0}, {0}},
	{"two packages, threads numbered last, as Intel does",
         8,
         {0, 0, 1, 1, 0, 0, 1, 1},
         {0, 0, 1, 1, 0, 0, 1, 1},
         {0, 1, 2, 3, 0, 1, 2, 3},
         {0, 0, 1, 1, 0, 0, 1, 1}},
	{"packages in turn, as some firmware numbers",
         8,
         {0, 1, 0, 1, 0, 1, 0, 1},
         {0, 1, 0, 1, 0, 1, 0, 1},
         {0, 1, 2, 3, 0, 1, 2, 3},
         {0, 1, 0, 1, 0, 1, 0, 1}},
	{"two caches a package, one node for both packages",
         16,
         {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1},
         {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3},
         {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7},
         {0}},
	{"two nodes within a cache", 8, {0}, {0}, {0, 1, 2, 3, 4, 5, 6, 7}, {0, 0, 0, 0, 1, 1, 1, 1}},
	{"nodes numbered the other way round", 4, {0, 0, 1, 1}, {0, 0, 1, 1}, {0, 1, 2, 3}, {1, 1, 0, 0}},
	{"packages of different sizes",
         6,
         {0, 0, 0, 0, 1, 1},
         {0, 0, 0, 0, 1, 1},
         {0, 0, 1, 1, 2, 3},
         {0, 0, 0, 0, 1, 1}},
};

/* The CPUs with the same number in `of` as `cpu`, as the kernel's list and as its mask. */
static void put_members(const char *root, const struct tree *tree, const uint8_t of[CPUS], uint32_t cpu,
                        const char *list_file, const char *mask_file)
{
	struct index_set members = {0};
	char list[128], mask[32];
	uint32_t bits = 0;
	for (uint32_t other = 0; other < tree->cpu_count; other++) {
		if (of[other] != of[cpu])
			continue;
		index_set_add(&members, other);
		bits |= 1u << other;
	}
	index_set_format(&members, list, sizeof list - 1);
	strcat(list, "\n");
	snprintf(mask, sizeof mask, "%x\n", bits);
	test_directory_put(root, list, "%s", list_file);
	test_directory_put(root, mask, "%s", mask_file);
	index_set_finish(&members);
}

static void put_cpu(const char *root, const struct tree *tree, uint32_t cpu)
{
	static const char *const levels[] = {"topology/package_cpus", "cache/index3/shared_cpu", "topology/core_cpus"};
	const uint8_t *objects[] = {tree->package, tree->l3cache, tree->core};
	char number[16];
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		char list_file[128], mask_file[128];
		snprintf(list_file, sizeof list_file, "/sys/devices/system/cpu/cpu%u/%s_list", cpu, levels[i]);
		snprintf(mask_file, sizeof mask_file, "/sys/devices/system/cpu/cpu%u/%s%s", cpu, levels[i],
		         i == 1 ? "_map" : "");
		put_members(root, tree, objects[i], cpu, list_file, mask_file);
	}
	snprintf(number, sizeof number, "%u\n", tree->package[cpu]);
	test_directory_put(root, number, "/sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
	snprintf(number, sizeof number, "%u\n", tree->core[cpu]);
	test_directory_put(root, number, "/sys/devices/system/cpu/cpu%u/topology/core_id", cpu);
	test_directory_put(root, "3\n", "/sys/devices/system/cpu/cpu%u/cache/index3/level", cpu);
	test_directory_put(root, "Unified\n", "/sys/devices/system/cpu/cpu%u/cache/index3/type", cpu);
	test_directory_put(root, "32768K\n", "/sys/devices/system/cpu/cpu%u/cache/index3/size", cpu);
	test_directory_put(root, "1024\n", "/sys/devices/system/cpu/cpu%u/cpu_capacity", cpu);
}

static uint32_t put_nodes(const char *root, const struct tree *tree)
{
	uint32_t nodes = 0;
	char list[32], memory[128];
	for (uint32_t cpu = 0; cpu < tree->cpu_count; cpu++) {
		uint32_t node = tree->node[cpu];
		char list_file[128], mask_file[128];
		snprintf(list_file, sizeof list_file, "/sys/devices/system/node/node%u/cpulist", node);
		snprintf(mask_file, sizeof mask_file, "/sys/devices/system/node/node%u/cpumap", node);
		put_members(root, tree, tree->node, cpu, list_file, mask_file);
		snprintf(memory, sizeof memory, "Node %u MemTotal:       %u kB\nNode %u MemFree: 1 kB\n", node,
		         1048576 + node, node);
		test_directory_put(root, memory, "/sys/devices/system/node/node%u/meminfo", node);
		nodes = node + 1 > nodes ? node + 1 : nodes;
	}
	snprintf(list, sizeof list, nodes == 1 ? "0\n" : "0-%u\n", nodes - 1);
	test_directory_put(root, list, "/sys/devices/system/node/online");
	return nodes;
}

static char *make_tree(const struct tree *tree)
{
	char *root = test_directory_make();
	char list[32];
	snprintf(list, sizeof list, tree->cpu_count == 1 ? "0\n" : "0-%u\n", tree->cpu_count - 1);
	test_directory_put(root, list, "/sys/devices/system/cpu/online");
	test_directory_put(root, list, "/sys/devices/system/cpu/present");
	test_directory_put(root, "processor : 0\n", "/proc/cpuinfo");
	for (uint32_t cpu = 0; cpu < tree->cpu_count; cpu++)
		put_cpu(root, tree, cpu);
	snprintf(list, sizeof list, "0-%u", put_nodes(root, tree) - 1);
	struct text status = {0};
	text_add_format(&status, "Name:\tx\nMems_allowed_list:\t%s\n", list);
	test_directory_put(root, status.bytes, "/proc/self/status");
	text_finish(&status);
	return root;
}

static struct index_set mask_of(uint32_t cpu_count)
{
	struct index_set mask = {0};
	index_set_add_range(&mask, 0, cpu_count - 1);
	return mask;
}

static void assert_same(const struct machine *one, const struct machine *other)
{
	assert_string_equal(one->description, other->description);
	assert_int_equal(one->thread_count, other->thread_count);
	assert_int_equal(one->core_count, other->core_count);
	assert_int_equal(one->l3cache_count, other->l3cache_count);
	assert_int_equal(one->package_count, other->package_count);
	assert_int_equal(one->kind_count, other->kind_count);
	assert_int_equal(one->node_count, other->node_count);
	assert_true(index_set_equal(&one->allowed, &other->allowed));
	for (uint32_t i = 0; i < one->thread_count; i++)
		assert_memory_equal(&one->threads[i], &other->threads[i], sizeof one->threads[i]);
	for (uint32_t i = 0; i < one->node_count; i++) {
		assert_int_equal(one->nodes[i].os_index, other->nodes[i].os_index);
		assert_int_equal(one->nodes[i].memory_bytes, other->nodes[i].memory_bytes);
		assert_int_equal(one->nodes[i].allowed, other->nodes[i].allowed);
	}
}

static void ask_hwloc(struct machine *machine, const char *root, const struct index_set *mask)
{
	struct error err = {0};
	*machine = (struct machine){0};
	if (root[0] != '\0') {
		setenv("HWLOC_FSROOT", root, 1);
		setenv("HWLOC_THISSYSTEM", "1", 1);
	}
	assert_int_equal(machine_read_by_hwloc(machine, mask, &err), 0);
	unsetenv("HWLOC_FSROOT");
	unsetenv("HWLOC_THISSYSTEM");
}

static bool compare(const char *root, const struct index_set *mask)
{
	struct found_machine found;
	struct machine by_sysfs = {0}, by_hwloc;
	if (!sysfs_reader_find(root, mask, &found))
		return false;
	machine_table_fill(&by_sysfs, &found, mask);
	found_machine_finish(&found);
	ask_hwloc(&by_hwloc, root, mask);
	assert_same(&by_sysfs, &by_hwloc);
	machine_finish(&by_sysfs);
	machine_finish(&by_hwloc);
	return true;
}

static void this_machine_is_as_hwloc_sees_it(void **state)
{
	(void)state;
	struct index_set mask = {0};
	assert_int_equal(allowance_affinity(&mask, NULL), 0);
	bool compared = compare("", &mask);
	index_set_finish(&mask);
	if (!compared) {
		print_message("this machine is one that the short reader declines\n");
		skip();
	}
}

static void made_up_machines_are_as_hwloc_sees_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(trees); i++) {
		char *root = make_tree(&trees[i]);
		struct index_set mask = mask_of(trees[i].cpu_count);
		print_message("  %s\n", trees[i].name);
		assert_true(compare(root, &mask));
		index_set_finish(&mask);
		test_directory_remove(root);
	}
}

struct change {
	const char *what;
	const char *path;
	const char *content; /* NULL: the file is removed */
};

#define CPU0  "/sys/devices/system/cpu/cpu0/"
#define NODE0 "/sys/devices/system/node/node0/"

static const struct change declined[] = {
	{"a CPU is offline", "/sys/devices/system/cpu/present", "0-4\n"},
	{"more CPUs than bits", "/sys/devices/system/cpu/online", "0-64\n"},
	{"a list that is none", "/sys/devices/system/cpu/online", "all\n"},
	{"a list that runs backwards", "/sys/devices/system/cpu/online", "3-0\n"},
	{"a list that ends early", "/sys/devices/system/cpu/online", "0-\n"},
	{"no list of CPUs", "/sys/devices/system/cpu/online", NULL},
	{"no L3 cache", CPU0 "cache/index3/level", NULL},
	{"the third cache is another", CPU0 "cache/index3/level", "2\n"},
	{"no cores", CPU0 "topology/core_cpus_list", NULL},
	{"a core without itself", CPU0 "topology/core_cpus_list", "1\n"},
	{"a core beyond its cache", CPU0 "topology/core_cpus_list", "0-3\n"},
	{"a cache beyond its package", CPU0 "cache/index3/shared_cpu_list", "0-3\n"},
	{"a CPU that is not online in a core", CPU0 "topology/core_cpus_list", "0,9\n"},
	{"cores of two kinds, by capacity", CPU0 "cpu_capacity", "512\n"},
	{"capacity of some only", CPU0 "cpu_capacity", NULL},
	{"cores of two kinds, by frequency", CPU0 "cpufreq/cpuinfo_max_freq", "3000000\n"},
	{"a hybrid processor", "/sys/devices/cpu_atom/cpus", "2-3\n"},
	{"no NUMA nodes", "/sys/devices/system/node/online", NULL},
	{"a node without CPUs", NODE0 "cpulist", "\n"},
	{"a node across packages in part", NODE0 "cpulist", "0,2\n"},
	{"nodes that overlap", NODE0 "cpulist", "0-3\n"},
	{"CPUs without a node", NODE0 "cpulist", "0\n"},
	{"a node without memory information", NODE0 "meminfo", "Node 0 MemFree: 1 kB\n"},
	{"no memory information", NODE0 "meminfo", NULL},
	{"no word on which nodes are allowed", "/proc/self/status", "Name:\tx\n"},
	{"no status", "/proc/self/status", NULL},
};

static void what_is_unusual_is_declined(void **state)
{
	(void)state;
	static const struct tree tree = {"", 4, {0, 0, 1, 1}, {0, 0, 1, 1}, {0, 1, 2, 3}, {0, 0, 1, 1}};
	struct index_set mask = mask_of(4);
	for (size_t i = 0; i < COUNT_OF(declined); i++) {
		struct found_machine found;
		char *root = make_tree(&tree);
		char path[512];
		snprintf(path, sizeof path, "%s%s", root, declined[i].path);
		if (declined[i].content == NULL)
			assert_int_equal(remove(path), 0);
		else
			test_directory_put(root, declined[i].content, "%s", declined[i].path);
		if (sysfs_reader_find(root, &mask, &found))
			fail_msg("not declined: %s", declined[i].what);
		assert_null(found.threads);
		test_directory_remove(root);
	}
	index_set_finish(&mask);
}

static void a_narrower_mask_and_a_steered_hwloc_are_declined(void **state)
{
	(void)state;
	struct found_machine found;
	char *root = make_tree(&trees[0]);
	struct index_set narrow = mask_of(1), whole = mask_of(2), wide = mask_of(100);
	assert_false(sysfs_reader_find(root, &narrow, &found));
	assert_false(sysfs_reader_find(root, &wide, &found));
	setenv("HWLOC_COMPONENTS", "linux,stop", 1);
	assert_false(sysfs_reader_find(root, &whole, &found));
	unsetenv("HWLOC_COMPONENTS");
	assert_true(sysfs_reader_find(root, &whole, &found));
	found_machine_finish(&found);
	index_set_finish(&narrow);
	index_set_finish(&whole);
	index_set_finish(&wide);
	test_directory_remove(root);
}

static void names_of_older_kernels_are_known(void **state)
{
	(void)state;
	struct found_machine found;
	char *root = make_tree(&trees[0]);
	struct index_set mask = mask_of(2);
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		char from[512], to[512];
		snprintf(from, sizeof from, "%s/sys/devices/system/cpu/cpu%u/topology/core_cpus_list", root, cpu);
		snprintf(to, sizeof to, "%s/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", root, cpu);
		assert_int_equal(rename(from, to), 0);
	}
	assert_true(sysfs_reader_find(root, &mask, &found));
	assert_int_equal(found.thread_count, 2);
	found_machine_finish(&found);
	index_set_finish(&mask);
	test_directory_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_machine_is_as_hwloc_sees_it),
		cmocka_unit_test(made_up_machines_are_as_hwloc_sees_them),
		cmocka_unit_test(what_is_unusual_is_declined),
		cmocka_unit_test(a_narrower_mask_and_a_steered_hwloc_are_declined),
		cmocka_unit_test(names_of_older_kernels_are_known),
	};
	unsetenv("HWLOC_XMLFILE");
	unsetenv("HWLOC_THISSYSTEM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
