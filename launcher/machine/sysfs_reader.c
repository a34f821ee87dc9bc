/* SPDX-License-Identifier: MIT
 *
 * sysfs_reader: see sysfs_reader.h. CPUs are bits of one word here, which is why there are 64 at most.
 */
#include "machine/sysfs_reader.h"

#include "base/file_text.h"
#include "base/memory.h"
#include "base/named_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The buffers are small because each page of stack that is touched first costs as much as reading a file. */
enum { CPUS_MAX = 64, PATH_SIZE = 256, TEXT_SIZE = 2048 };

#define CPU_DIRECTORY  "/sys/devices/system/cpu/"
#define NODE_DIRECTORY "/sys/devices/system/node/"

struct sysfs_reading {
	const char *root;
	uint64_t online;
	uint64_t package[CPUS_MAX]; /* by CPU: all CPUs of its package, L3 cache, core */
	uint64_t l3cache[CPUS_MAX];
	uint64_t core[CPUS_MAX];
	uint32_t order[CPUS_MAX]; /* CPUs in hardware order */
	uint32_t count;
	uint64_t node_cpus[CPUS_MAX]; /* by logical number */
	struct numa_node nodes[CPUS_MAX];
	uint32_t node_count;
};

static bool has_bit(uint64_t mask, uint32_t bit)
{
	return (mask >> bit & 1) != 0;
}

static uint32_t lowest(uint64_t mask)
{
	return (uint32_t)__builtin_ctzll(mask);
}

/* The first bytes of a file; false when there is none. */
static bool read_text(const struct sysfs_reading *reading, char text[TEXT_SIZE], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool read_text(const struct sysfs_reading *reading, char text[TEXT_SIZE], const char *format, ...)
{
	char path[PATH_SIZE];
	va_list args;
	int used = snprintf(path, sizeof path, "%s", reading->root);
	if (used < 0 || (size_t)used >= sizeof path)
		return false;
	va_start(args, format);
	int more = vsnprintf(path + used, sizeof path - (size_t)used, format, args);
	va_end(args);
	if (more < 0 || more >= PATH_SIZE - used)
		return false;
	return file_text_read(path, text, TEXT_SIZE) >= 0;
}

static bool is_there(const struct sysfs_reading *reading, const char *name)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof path, "%s%s", reading->root, name);
	return access(path, F_OK) == 0;
}

/* "0-3,8" as a mask; false for what is not such a list, is empty, or does not fit. */
static bool parse_mask(const char *text, uint64_t *mask)
{
	*mask = 0;
	for (const char *at = text;;) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;
		if (end == at)
			return false;
		if (*end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
			if (end == at)
				return false;
		}
		if (last >= CPUS_MAX || first > last)
			return false;
		*mask |= (UINT64_MAX >> (63 - (last - first))) << first;
		if (*end != ',')
			return *end == '\n' || *end == '\0';
		at = end + 1;
	}
}

static bool read_online(struct sysfs_reading *reading, const struct index_set *affinity)
{
	char text[TEXT_SIZE];
	uint64_t present;
	if (!read_text(reading, text, CPU_DIRECTORY "online") || !parse_mask(text, &reading->online) ||
	    !read_text(reading, text, CPU_DIRECTORY "present") || !parse_mask(text, &present))
		return false;
	uint64_t allowed = 0;
	for (index_set_each(affinity, cpu)) {
		if (cpu >= CPUS_MAX)
			return false;
		allowed |= UINT64_C(1) << cpu;
	}
	return present == reading->online && allowed == reading->online;
}

/* One level: each CPU's object is read from one of its members only, the kernel says the same to all. */
static bool read_level(struct sysfs_reading *reading, uint64_t objects[CPUS_MAX], const char *file,
                       const char *older_file)
{
	char text[TEXT_SIZE];
	uint64_t seen = 0;
	for (uint64_t rest = reading->online; rest != 0; rest = reading->online & ~seen) {
		uint32_t cpu = lowest(rest);
		uint64_t object;
		if (!read_text(reading, text, CPU_DIRECTORY "cpu%" PRIu32 "/%s", cpu, file) &&
		    (older_file == NULL ||
		     !read_text(reading, text, CPU_DIRECTORY "cpu%" PRIu32 "/%s", cpu, older_file)))
			return false;
		if (!parse_mask(text, &object) || !has_bit(object, cpu) || (object & ~reading->online) != 0 ||
		    (object & seen) != 0)
			return false;
		for (uint64_t members = object; members != 0; members &= members - 1)
			objects[lowest(members)] = object;
		seen |= object;
	}
	return true;
}

static bool third_cache_is_l3(const struct sysfs_reading *reading)
{
	char text[TEXT_SIZE];
	return read_text(reading, text, CPU_DIRECTORY "cpu%" PRIu32 "/cache/index3/level", lowest(reading->online)) &&
	       strcmp(text, "3\n") == 0;
}

/* Cores within caches within packages: then ordering by lowest members is the order of hwloc's tree. */
static bool levels_are_nested(const struct sysfs_reading *reading)
{
	for (uint64_t rest = reading->online; rest != 0; rest &= rest - 1) {
		uint32_t cpu = lowest(rest);
		if ((reading->core[cpu] & ~reading->l3cache[cpu]) != 0 ||
		    (reading->l3cache[cpu] & ~reading->package[cpu]) != 0)
			return false;
	}
	return true;
}

static bool read_levels(struct sysfs_reading *reading)
{
	return third_cache_is_l3(reading) &&
	       read_level(reading, reading->package, "topology/package_cpus_list", "topology/core_siblings_list") &&
	       read_level(reading, reading->l3cache, "cache/index3/shared_cpu_list", NULL) &&
	       read_level(reading, reading->core, "topology/core_cpus_list", "topology/thread_siblings_list") &&
	       levels_are_nested(reading);
}

/* A file that every CPU has with the same content, or none. */
static bool is_alike(const struct sysfs_reading *reading, const char *file)
{
	char first[TEXT_SIZE] = "", text[TEXT_SIZE];
	bool there = read_text(reading, first, CPU_DIRECTORY "cpu%" PRIu32 "/%s", lowest(reading->online), file);
	for (uint64_t rest = reading->online & (reading->online - 1); rest != 0; rest &= rest - 1) {
		bool here = read_text(reading, text, CPU_DIRECTORY "cpu%" PRIu32 "/%s", lowest(rest), file);
		if (here != there || (here && strcmp(first, text) != 0))
			return false;
	}
	return true;
}

static bool cores_are_alike(const struct sysfs_reading *reading)
{
	if (is_there(reading, "/sys/devices/cpu_atom") || is_there(reading, "/sys/devices/cpu_core") ||
	    !is_alike(reading, "cpu_capacity"))
		return false;
	char first[64];
	snprintf(first, sizeof first, CPU_DIRECTORY "cpu%" PRIu32 "/cpufreq", lowest(reading->online));
	return !is_there(reading, first) ||
	       (is_alike(reading, "cpufreq/cpuinfo_max_freq") && is_alike(reading, "cpufreq/base_frequency"));
}

static bool comes_before(const struct sysfs_reading *reading, uint32_t one, uint32_t other)
{
	if (reading->package[one] != reading->package[other])
		return lowest(reading->package[one]) < lowest(reading->package[other]);
	if (reading->l3cache[one] != reading->l3cache[other])
		return lowest(reading->l3cache[one]) < lowest(reading->l3cache[other]);
	if (reading->core[one] != reading->core[other])
		return lowest(reading->core[one]) < lowest(reading->core[other]);
	return one < other;
}

static void order_cpus(struct sysfs_reading *reading)
{
	for (uint64_t rest = reading->online; rest != 0; rest &= rest - 1) {
		uint32_t cpu = lowest(rest), at = reading->count++;
		for (; at > 0 && comes_before(reading, cpu, reading->order[at - 1]); at--)
			reading->order[at] = reading->order[at - 1];
		reading->order[at] = cpu;
	}
}

static bool read_memory(const struct sysfs_reading *reading, struct numa_node *node)
{
	char text[TEXT_SIZE];
	if (!read_text(reading, text, NODE_DIRECTORY "node%" PRIu32 "/meminfo", node->os_index))
		return false;
	const char *total = strstr(text, "MemTotal:");
	if (total == NULL)
		return false;
	node->memory_bytes = strtoull(total + strlen("MemTotal:"), NULL, 10) << 10;
	return true;
}

static bool read_node(const struct sysfs_reading *reading, uint32_t number, struct numa_node *node, uint64_t *cpus)
{
	char text[TEXT_SIZE];
	*node = (struct numa_node){.os_index = number, .allowed = true};
	return read_text(reading, text, NODE_DIRECTORY "node%" PRIu32 "/cpulist", number) && parse_mask(text, cpus) &&
	       (*cpus & ~reading->online) == 0 && read_memory(reading, node);
}

static bool allow_nodes(struct sysfs_reading *reading)
{
	char text[TEXT_SIZE];
	uint64_t allowed;
	if (reading->node_count == 1) /* it could not run without any */
		return true;
	if (!read_text(reading, text, "/proc/self/status"))
		return false;
	const char *list = named_line(text, "Mems_allowed_list:");
	if (list == NULL || !parse_mask(list, &allowed))
		return false;
	for (uint32_t i = 0; i < reading->node_count; i++)
		reading->nodes[i].allowed = has_bit(allowed, reading->nodes[i].os_index);
	return true;
}

/* Nodes in the order of their first CPU in hardware order, each an unbroken run of it. */
static bool nodes_are_runs(const struct sysfs_reading *reading, const uint64_t cpus[CPUS_MAX], uint32_t *numbers)
{
	uint64_t done = 0;
	uint32_t found = 0;
	for (uint32_t i = 0; i < reading->count; i++) {
		uint32_t cpu = reading->order[i], node = 0;
		while (node < CPUS_MAX && !has_bit(cpus[node], cpu))
			node++;
		if (node == CPUS_MAX)
			return false;
		if (found > 0 && numbers[found - 1] == node)
			continue;
		if (has_bit(done, node))
			return false;
		done |= UINT64_C(1) << node;
		numbers[found++] = node;
	}
	return true;
}

static bool read_nodes(struct sysfs_reading *reading)
{
	char text[TEXT_SIZE];
	uint64_t online, cpus[CPUS_MAX] = {0}, seen = 0;
	struct numa_node nodes[CPUS_MAX];
	uint32_t numbers[CPUS_MAX] = {0};
	if (!read_text(reading, text, NODE_DIRECTORY "online") || !parse_mask(text, &online))
		return false;
	for (uint64_t rest = online; rest != 0; rest &= rest - 1) {
		uint32_t number = lowest(rest);
		if (!read_node(reading, number, &nodes[number], &cpus[number]) || (cpus[number] & seen) != 0)
			return false;
		seen |= cpus[number];
	}
	if (!nodes_are_runs(reading, cpus, numbers))
		return false;
	reading->node_count = (uint32_t)__builtin_popcountll(online);
	for (uint32_t i = 0; i < reading->node_count; i++) {
		reading->nodes[i] = nodes[numbers[i]];
		reading->node_cpus[i] = cpus[numbers[i]];
	}
	return allow_nodes(reading);
}

static uint32_t node_of(const struct sysfs_reading *reading, uint32_t cpu)
{
	uint32_t node = 0;
	while (!has_bit(reading->node_cpus[node], cpu))
		node++;
	return node;
}

/* Objects are told apart by their lowest CPU; 0 means "none" there, hence + 1. */
static void hand_over(const struct sysfs_reading *reading, struct found_machine *found)
{
	*found = (struct found_machine){.kind_count = 1, .node_count = reading->node_count};
	found->threads = memory_zeroed(reading->count * sizeof *found->threads);
	found->nodes = memory_zeroed(reading->node_count * sizeof *found->nodes);
	memcpy(found->nodes, reading->nodes, reading->node_count * sizeof *found->nodes);
	for (uint32_t i = 0; i < reading->count; i++) {
		uint32_t cpu = reading->order[i];
		found->threads[found->thread_count++] = (struct found_thread){
			.cpu = cpu,
			.core = lowest(reading->core[cpu]) + 1,
			.l3cache = lowest(reading->l3cache[cpu]) + 1,
			.package = lowest(reading->package[cpu]) + 1,
			.numa = node_of(reading, cpu),
		};
		index_set_add(&found->cpuset, cpu);
	}
}

/* Somebody steers hwloc: then hwloc is to be asked. */
static bool hwloc_is_steered(void)
{
	static const char *const names[] = {"HWLOC_THISSYSTEM", "HWLOC_COMPONENTS", "HWLOC_CPUKINDS_RANKING",
	                                    "HWLOC_CPUKINDS_MAXFREQ", "HWLOC_CPUKINDS_HOMOGENEOUS"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]) != NULL)
			return true;
	return false;
}

bool sysfs_reader_find(const char *root, const struct index_set *affinity, struct found_machine *found)
{
	struct sysfs_reading reading = {.root = root};
	*found = (struct found_machine){0};
	if (hwloc_is_steered() || !read_online(&reading, affinity) || !read_levels(&reading) ||
	    !cores_are_alike(&reading))
		return false;
	order_cpus(&reading);
	if (!read_nodes(&reading))
		return false;
	hand_over(&reading, found);
	return true;
}
