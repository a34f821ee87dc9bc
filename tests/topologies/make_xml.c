/* SPDX-License-Identifier: MIT
 *
 * make_xml: writes the files of xml/: machines that a synthetic string cannot tell of, because some of their CPUs may
 * not be used, or because they are of several kinds, or not the same all over.
 *
 *     make_xml DIRECTORY
 *
 * Not a test: the files are in the tree. It is here so that another machine can be added, and built by `ninja
 * make_xml`.
 */
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>

struct kind {
	const char *cpus;
	int efficiency;
};

struct made_machine {
	const char *name;
	const char *synthetic;
	const char *kept_cpus;    /* the others are taken out; NULL: none */
	const char *kept_nodes;   /* the same for NUMA nodes, their CPUs stay */
	const char *allowed_cpus; /* the others stay, and may not be used */
	const char *allowed_nodes;
	struct kind kinds[3];
};

static const struct made_machine machines[] = {
	{"hybrid",
         "package:1 l3:1 core:12 pu:2",
         "0-7,8,10,12,14,16,18,20,22",
         NULL,
         NULL,
         NULL,
         {{"0-7", 1}, {"8,10,12,14,16,18,20,22", 0}}},
	{"hybrid_three_kinds", "package:1 core:8 pu:1", NULL, NULL, NULL, NULL, {{"0-1", 2}, {"2-5", 1}, {"6-7", 0}}},
	{"kinds_unranked", "package:1 core:4 pu:1", NULL, NULL, NULL, NULL, {{"0-1", -1}, {"2-3", -1}}},
	{"kinds_in_part", "package:1 core:4 pu:1", NULL, NULL, NULL, NULL, {{"0", 1}, {"1", 0}}},
	{"cpuset_holes",
         "package:2 l3:2 core:4 pu:2(indexes=2*16:1*2)",
         NULL,
         NULL,
         "1-2,5,9-11,17,21,25-28",
         NULL,
         {{NULL, 0}}},
	{"half_cores", "package:1 l3:1 core:4 pu:2(indexes=2*4:1*2)", NULL, NULL, "0-3,5", NULL, {{NULL, 0}}},
	{"asymmetric_packages", "package:2 numa:1 l3:2 core:4 pu:1", "0-9", NULL, NULL, NULL, {{NULL, 0}}},
	{"memory_without_cpus", "package:3 numa:1 core:2 pu:1", "0-3", NULL, NULL, NULL, {{NULL, 0}}},
	{"cpus_without_memory", "package:2 numa:1 core:2 pu:1", NULL, "0", NULL, NULL, {{NULL, 0}}},
	{"node_not_allowed", "package:2 numa:1 core:2 pu:1", NULL, NULL, "0-3", "0", {{NULL, 0}}},
};

static void must(int rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
}

static hwloc_bitmap_t bitmap(const char *list)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	must(hwloc_bitmap_list_sscanf(set, list), list);
	return set;
}

static void restrict_to(hwloc_topology_t topology, const char *list, unsigned long flags)
{
	hwloc_bitmap_t set = bitmap(list);
	must(hwloc_topology_restrict(topology, set, flags), "hwloc_topology_restrict");
	hwloc_bitmap_free(set);
}

static void allow(hwloc_topology_t topology, const struct made_machine *from)
{
	hwloc_bitmap_t cpus = bitmap(from->allowed_cpus);
	hwloc_bitmap_t nodes = from->allowed_nodes != NULL ? bitmap(from->allowed_nodes) : NULL;
	must(hwloc_topology_allow(topology, cpus, nodes, HWLOC_ALLOW_FLAG_CUSTOM), "hwloc_topology_allow");
	hwloc_bitmap_free(cpus);
	hwloc_bitmap_free(nodes);
}

static void make(const struct made_machine *from, const char *directory)
{
	char path[4096];
	hwloc_topology_t topology;
	must(hwloc_topology_init(&topology), "hwloc_topology_init");
	hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	must(hwloc_topology_set_synthetic(topology, from->synthetic), from->synthetic);
	must(hwloc_topology_load(topology), from->name);
	if (from->kept_cpus != NULL)
		restrict_to(topology, from->kept_cpus, 0);
	if (from->kept_nodes != NULL)
		restrict_to(topology, from->kept_nodes, HWLOC_RESTRICT_FLAG_BYNODESET);
	if (from->allowed_cpus != NULL)
		allow(topology, from);
	for (size_t i = 0; i < 3 && from->kinds[i].cpus != NULL; i++) {
		hwloc_bitmap_t cpus = bitmap(from->kinds[i].cpus);
		must(hwloc_cpukinds_register(topology, cpus, from->kinds[i].efficiency, 0, NULL, 0), "cpukinds");
		hwloc_bitmap_free(cpus);
	}
	snprintf(path, sizeof path, "%s/%s.xml", directory, from->name);
	must(hwloc_topology_export_xml(topology, path, 0), path);
	hwloc_topology_destroy(topology);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_xml DIRECTORY\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
		make(&machines[i], argv[1]);
	return 0;
}
