/* SPDX-License-Identifier: MIT
 *
 * machine: see machine.h. The only file that includes hwloc.
 *
 * hwloc is asked for packages, L3 caches, cores and hardware threads and nothing else: no I/O devices, no plugins, no
 * x86 instructions (each CPUID is a trap in a virtual machine). Resources that may not be used are kept, so that the
 * plan can say why. Nothing here depends on structures that hwloc 3 changes but for one call, marked. Small machines
 * without anything unusual are read by sysfs_reader, without hwloc.
 */
#include "machine/machine.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/printable.h"
#include "machine/allowance.h"
#include "machine/group_limit.h"
#include "machine/hwloc_quiet.h"
#include "machine/isolated_load.h"
#include "machine/machine_holders.h"
#include "machine/machine_table.h"
#include "machine/small_file.h"
#include "machine/sysfs_reader.h"

#include <ctype.h>
#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

/* As many as Linux can be configured for on x86; hwloc needs seconds to build that, and minutes for twice as many. */
enum { SYNTHETIC_CPUS_MAX = 8192 };

static const hwloc_obj_type_t kept_types[] = {HWLOC_OBJ_PACKAGE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_CORE};

/* Groups hold NUMA nodes that are no other object's: without them such a node would seem local to all CPUs. */
static int prepare(hwloc_topology_t topology)
{
	int rc = hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
	if (rc == 0)
		rc = hwloc_topology_set_type_filter(topology, HWLOC_OBJ_GROUP, HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
	for (size_t i = 0; rc == 0 && i < sizeof kept_types / sizeof *kept_types; i++)
		rc = hwloc_topology_set_type_filter(topology, kept_types[i], HWLOC_TYPE_FILTER_KEEP_ALL);
	/* Fails where hwloc has none, on other processors: then there is nothing to leave out. */
	(void)hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
	if (rc == 0)
		rc = hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
		                                                HWLOC_TOPOLOGY_FLAG_NO_DISTANCES |
		                                                HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS);
	return rc;
}

static void copy_bitmap(struct index_set *to, hwloc_const_bitmap_t from)
{
	for (int index = hwloc_bitmap_first(from); index >= 0 && index <= (int)INDEX_SET_MAX;
	     index = hwloc_bitmap_next(from, index))
		index_set_add(to, (uint32_t)index);
}

static uintptr_t ancestor_key(hwloc_obj_t object, hwloc_obj_type_t type)
{
	while (object != NULL && object->type != type)
		object = object->parent;
	return (uintptr_t)object;
}

static int find_threads(struct found_machine *found, hwloc_topology_t topology, struct error *err)
{
	int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
	if (count <= 0)
		return error_set(err, -EINVAL, "the topology has no hardware threads");
	found->threads = memory_zeroed((size_t)count * sizeof *found->threads);
	for (hwloc_obj_t pu = NULL; (pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu)) != NULL;) {
		if (pu->os_index > INDEX_SET_MAX)
			return error_set(err, -ERANGE, "the topology has a CPU %u: %u is the highest that muster knows",
			                 pu->os_index, INDEX_SET_MAX);
		found->threads[found->thread_count++] =
			(struct found_thread){.cpu = pu->os_index,
		                              .core = ancestor_key(pu, HWLOC_OBJ_CORE),
		                              .l3cache = ancestor_key(pu, HWLOC_OBJ_L3CACHE),
		                              .package = ancestor_key(pu, HWLOC_OBJ_PACKAGE),
		                              .numa = NO_OBJECT};
	}
	return 0;
}

/* A thread's node is the smallest that it lies in; of equal ones (fast and ordinary memory) the first, which is the
 * ordinary one. */
static void set_local_node(struct found_machine *found, uint32_t node, hwloc_const_bitmap_t cpus, uint32_t *weights)
{
	int weight = hwloc_bitmap_weight(cpus);
	if (weight <= 0)
		return;
	for (uint32_t i = 0; i < found->thread_count; i++) {
		if (!hwloc_bitmap_isset(cpus, found->threads[i].cpu) || weights[i] <= (uint32_t)weight)
			continue;
		weights[i] = (uint32_t)weight;
		found->threads[i].numa = node;
	}
}

static int find_nodes(struct found_machine *found, hwloc_topology_t topology, struct error *err)
{
	int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
	if (count <= 0)
		return 0;
	hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_nodeset(topology);
	uint32_t *weights = memory_zeroed(found->thread_count * sizeof *weights);
	memset(weights, 0xff, found->thread_count * sizeof *weights);
	found->nodes = memory_zeroed((size_t)count * sizeof *found->nodes);
	int rc = 0;
	for (hwloc_obj_t node = NULL;
	     (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != NULL;) {
		if (node->os_index > INDEX_SET_MAX) {
			rc = error_set(err, -ERANGE,
			               "the topology has a NUMA node %u: %u is the highest that muster knows",
			               node->os_index, INDEX_SET_MAX);
			break;
		}
		set_local_node(found, found->node_count, node->cpuset, weights);
		found->nodes[found->node_count++] = (struct numa_node){
			node->os_index, node->attr->numanode.local_memory, hwloc_bitmap_isset(allowed, node->os_index)};
	}
	free(weights);
	return rc;
}

/* The one call whose arguments hwloc 3 changed. */
static int kind_cpus(hwloc_topology_t topology, unsigned kind, hwloc_bitmap_t cpus, int *efficiency)
{
#if HWLOC_API_VERSION >= 0x00030000
	return hwloc_cpukinds_get_info(topology, kind, cpus, efficiency, NULL, 0);
#else
	return hwloc_cpukinds_get_info(topology, kind, cpus, efficiency, NULL, NULL, 0);
#endif
}

/* Kinds that hwloc could not rank, or that leave threads out, tell nothing about which cores are the fast ones. */
static bool read_kinds(struct found_machine *found, hwloc_topology_t topology, unsigned count, hwloc_bitmap_t cpus)
{
	uint32_t covered = 0;
	for (unsigned kind = 0; kind < count; kind++) {
		int efficiency = -1;
		if (kind_cpus(topology, kind, cpus, &efficiency) < 0 || efficiency < 0)
			return false;
		for (uint32_t i = 0; i < found->thread_count; i++) {
			if (!hwloc_bitmap_isset(cpus, found->threads[i].cpu))
				continue;
			found->threads[i].kind = kind;
			covered++;
		}
	}
	return covered == found->thread_count;
}

static void find_kinds(struct found_machine *found, hwloc_topology_t topology)
{
	found->kind_count = 1;
	int count = hwloc_cpukinds_get_nr(topology, 0);
	if (count <= 1)
		return;
	hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
	if (cpus == NULL)
		memory_exhausted();
	if (read_kinds(found, topology, (unsigned)count, cpus))
		found->kind_count = (uint32_t)count;
	else
		for (uint32_t i = 0; i < found->thread_count; i++)
			found->threads[i].kind = 0;
	hwloc_bitmap_free(cpus);
}

static void find_sets(struct found_machine *found, hwloc_topology_t topology)
{
	struct index_set online = {0};
	hwloc_const_bitmap_t complete = hwloc_topology_get_complete_cpuset(topology);
	copy_bitmap(&found->cpuset, hwloc_topology_get_allowed_cpuset(topology));
	copy_bitmap(&online, hwloc_topology_get_topology_cpuset(topology));
	if (hwloc_bitmap_weight(complete) > 0)
		copy_bitmap(&found->offline, complete);
	index_set_subtract(&found->offline, &online);
	index_set_finish(&online);
}

static int convert(struct machine *machine, hwloc_topology_t topology, const struct index_set *affinity,
                   struct error *err)
{
	struct found_machine found = {0};
	int rc = find_threads(&found, topology, err);
	if (rc == 0)
		rc = find_nodes(&found, topology, err);
	if (rc == 0) {
		find_kinds(&found, topology);
		find_sets(&found, topology);
		machine_table_fill(machine, &found, affinity);
	}
	found_machine_finish(&found);
	return rc;
}

/* Chooses between the machine itself (no source), an XML text and a synthetic string. */
struct topology_source {
	const char *xml;
	const char *synthetic;
};

static int set_source(hwloc_topology_t topology, const struct topology_source *source)
{
	if (source->xml != NULL)
		return hwloc_topology_set_xmlbuffer(topology, source->xml, (int)strlen(source->xml) + 1);
	if (source->synthetic != NULL)
		return hwloc_topology_set_synthetic(topology, source->synthetic);
	return 0;
}

static int load(hwloc_topology_t *topology, const struct topology_source *source)
{
	struct hwloc_quiet quiet;
	hwloc_quiet_begin(&quiet);
	errno = 0;
	int rc = hwloc_topology_init(topology);
	if (rc == 0) {
		rc = prepare(*topology);
		if (rc == 0)
			rc = set_source(*topology, source);
		if (rc == 0)
			rc = hwloc_topology_load(*topology);
		if (rc < 0)
			hwloc_topology_destroy(*topology);
	}
	int code = rc < 0 ? (errno != 0 ? -errno : -EINVAL) : 0;
	hwloc_quiet_end(&quiet);
	return code;
}

/* A control group may be called anything; its name is shown on terminals. */
static char *shown_path(char *path)
{
	if (path != NULL)
		make_printable(path);
	return path;
}

/* In containers of version 1 hwloc 2.9 finds no cpuset, and only the affinity mask shows that there is one. What the
 * mask allows stays allowed, whatever the file says. */
static void name_cpuset(struct machine *machine)
{
	struct index_set cpus = {0};
	bool restricts = false;
	char *source = allowance_cpuset("", &cpus);
	for (uint32_t i = 0; i < machine->thread_count; i++) {
		struct hardware_thread *thread = &machine->threads[i];
		if (thread->access == THREAD_OUTSIDE_AFFINITY && !index_set_is_empty(&cpus) &&
		    !index_set_has(&cpus, thread->cpu))
			thread->access = THREAD_OUTSIDE_CPUSET;
		restricts |= thread->access == THREAD_OUTSIDE_CPUSET;
	}
	if (restricts)
		machine->cpuset_source = shown_path(source);
	else
		free(source);
	index_set_finish(&cpus);
}

static void name_restrictions(struct machine *machine)
{
	struct cpu_quota quota = allowance_quota("");
	machine->quota_millicpus = quota.millicpus;
	machine->quota_source = shown_path(quota.source);
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].access == THREAD_OUTSIDE_CPUSET ||
		    machine->threads[i].access == THREAD_OUTSIDE_AFFINITY) {
			name_cpuset(machine);
			return;
		}
}

void machine_read_memory_limit(struct machine *machine)
{
	struct group_limit memory = group_limit_memory("");
	machine->memory_limit_known = true;
	machine->memory_limit_bytes = memory.limit;
	machine->memory_limit_source = shown_path(memory.source);
}

static void read_by_sysfs(struct machine *machine, struct found_machine *found, const struct index_set *affinity)
{
	machine_table_fill(machine, found, affinity);
	found_machine_finish(found);
}

int machine_read_by_hwloc(struct machine *machine, const struct index_set *affinity, struct error *err)
{
	hwloc_topology_t topology;
	int rc = load(&topology, &(struct topology_source){0});
	if (rc < 0)
		return error_set(err, rc, "cannot read this machine's topology: %s", strerror(-rc));
	rc = convert(machine, topology, affinity, err);
	hwloc_topology_destroy(topology);
	return rc;
}

int machine_read(struct machine *machine, struct error *err)
{
	struct index_set affinity = {0};
	struct found_machine found;
	struct machine read = {.is_this_machine = true};
	int rc = allowance_affinity(&affinity, err);
	if (rc == 0 && sysfs_reader_find("", &affinity, &found))
		read_by_sysfs(&read, &found, &affinity);
	else if (rc == 0)
		rc = machine_read_by_hwloc(&read, &affinity, err);
	index_set_finish(&affinity);
	if (rc < 0)
		return rc;
	name_restrictions(&read);
	*machine = read;
	return 0;
}

static bool names_a_file(const char *source)
{
	size_t length = strlen(source);
	return (length > 4 && strcmp(source + length - 4, ".xml") == 0) || strchr(source, '/') != NULL;
}

/* Bounds what hwloc would be made to build of a description like "package:9999 core:9999": the product of its counts,
 * without what stands in brackets. */
static bool is_too_large(const char *synthetic)
{
	uint64_t product = 1;
	int depth = 0;
	for (const char *at = synthetic; *at != '\0'; at++) {
		depth += (*at == '(' || *at == '[') - (*at == ')' || *at == ']');
		bool begins = at == synthetic || at[-1] == ':' || at[-1] == ' ';
		bool counts = depth == 0 && begins && isdigit((unsigned char)*at);
		uint64_t count = counts ? strtoull(at, NULL, 0) : 1;
		if (count > SYNTHETIC_CPUS_MAX)
			return true;
		product *= count > 0 ? count : 1;
		if (product > SYNTHETIC_CPUS_MAX)
			return true;
	}
	return false;
}

static int load_source(struct machine *machine, const void *what, struct error *err)
{
	const struct topology_source *source = what;
	hwloc_topology_t topology;
	int rc = load(&topology, source);
	if (rc < 0 && source->xml != NULL)
		return error_set(err, -EINVAL,
		                 "this is not a topology that hwloc can read (lstopo FILE.xml writes one)");
	if (rc < 0)
		return error_set(err, -EINVAL,
		                 "\"%.200s\" is neither the name of an .xml file nor a synthetic topology like "
		                 "\"package:2 core:4 pu:2\" (pu, the hardware threads, comes last)",
		                 source->synthetic);
	rc = convert(machine, topology, NULL, err);
	hwloc_topology_destroy(topology);
	return rc;
}

static int load_from(struct machine *machine, const struct topology_source *source, struct error *err)
{
	struct machine read = {0};
	int rc = isolated_load(&read, load_source, source, err);
	if (rc == 0)
		*machine = read;
	return rc;
}

int machine_load_unguarded(struct machine *machine, const char *xml, const char *synthetic, struct error *err)
{
	*machine = (struct machine){0};
	return load_source(machine, &(struct topology_source){xml, synthetic}, err);
}

int machine_load_xml(struct machine *machine, const char *text, struct error *err)
{
	return load_from(machine, &(struct topology_source){.xml = text}, err);
}

int machine_load(struct machine *machine, const char *source, struct error *err)
{
	if (!names_a_file(source) && is_too_large(source))
		return error_set(err, -ERANGE, "\"%.200s\" describes more than %d CPUs, the most that is planned for",
		                 source, SYNTHETIC_CPUS_MAX);
	if (!names_a_file(source))
		return load_from(machine, &(struct topology_source){.synthetic = source}, err);
	errno = 0;
	char *text = small_file_read("", source);
	if (text == NULL)
		return error_set(err, errno != 0 ? -errno : -EIO, "cannot read %s: %s", source, strerror(errno));
	int rc = machine_load_xml(machine, text, err);
	free(text);
	return rc < 0 ? error_prefix(err, "%s", source) : 0;
}

uint32_t machine_quota_cpus(const struct machine *machine)
{
	uint32_t quota = machine->quota_millicpus;
	return quota == 0 ? UINT32_MAX : quota / 1000 + (quota % 1000 != 0);
}

void machine_finish(struct machine *machine)
{
	machine_holders_clear(machine);
	free(machine->description);
	free(machine->threads);
	free(machine->nodes);
	free(machine->quota_source);
	free(machine->cpuset_source);
	free(machine->memory_limit_source);
	index_set_finish(&machine->allowed);
	*machine = (struct machine){0};
}

const char *machine_library_version(void)
{
	return HWLOC_VERSION;
}
