/* SPDX-License-Identifier: MIT
 *
 * machine: hardware is read in its order with what is missing marked as missing, what is not a topology is refused,
 * and reading leaves the environment that ranks inherit as it was.
 */
#include "unit_test.h"

#include "base/error.h"
#include "machine/allowance.h"
#include "machine/isolated_load.h"
#include "machine/machine.h"
#include "machine/machine_table.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As on another processor: hwloc does not know the component that it is to leave out. The linker puts this in between.
 */
static bool has_no_x86_component;

int __real_hwloc_topology_set_components(hwloc_topology_t topology, unsigned long flags, const char *name);
int __wrap_hwloc_topology_set_components(hwloc_topology_t topology, unsigned long flags, const char *name);

int __wrap_hwloc_topology_set_components(hwloc_topology_t topology, unsigned long flags, const char *name)
{
	if (!has_no_x86_component)
		return __real_hwloc_topology_set_components(topology, flags, name);
	errno = EINVAL;
	return -1;
}

struct shape {
	const char *source;
	const char *description;
	uint32_t threads;
	uint32_t cores;
	uint32_t l3caches;
	uint32_t packages;
	uint32_t nodes;
};

static const struct shape shapes[] = {
	{"package:2 l3:2 core:4 pu:2", "2 packages, 16 cores, 32 hardware threads, 1 NUMA node, 4 L3 caches", 32, 16, 4,
         2, 1},
	{"core:4 pu:2", "1 package, 4 cores, 8 hardware threads, 1 NUMA node", 8, 4, 0, 1, 1},
	{"pu:3", "1 package, 3 cores, 3 hardware threads, 1 NUMA node", 3, 3, 0, 1, 1},
	{"package:1 core:1 pu:1", "1 package, 1 core, 1 hardware thread, 1 NUMA node", 1, 1, 0, 1, 1},
	{"numa:8 package:1 l3:1 core:8 pu:2", "8 packages, 64 cores, 128 hardware threads, 8 NUMA nodes, 8 L3 caches",
         128, 64, 8, 8, 8},
};

static void a_topology_becomes_a_table_of_hardware_threads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		struct machine machine;
		assert_int_equal(machine_load(&machine, shapes[i].source, NULL), 0);
		assert_string_equal(machine.description, shapes[i].description);
		assert_int_equal(machine.thread_count, shapes[i].threads);
		assert_int_equal(machine.core_count, shapes[i].cores);
		assert_int_equal(machine.l3cache_count, shapes[i].l3caches);
		assert_int_equal(machine.package_count, shapes[i].packages);
		assert_int_equal(machine.node_count, shapes[i].nodes);
		assert_int_equal(index_set_count(&machine.allowed), shapes[i].threads);
		assert_false(machine.is_this_machine);
		machine_finish(&machine);
	}
}

static void threads_stand_in_hardware_order(void **state)
{
	(void)state;
	struct machine machine;
	assert_int_equal(machine_load(&machine, "package:2 numa:1 l3:2 core:2 pu:2(indexes=2*8:1*2)", NULL), 0);
	for (uint32_t i = 0; i < machine.thread_count; i++) {
		const struct hardware_thread *thread = &machine.threads[i];
		assert_int_equal(thread->core, i / 2);
		assert_int_equal(thread->thread_of_core, i % 2);
		assert_int_equal(thread->cpu, i / 2 + i % 2 * 8);
		assert_int_equal(thread->l3cache, i / 4);
		assert_int_equal(thread->package, i / 8);
		assert_int_equal(thread->numa, i / 8);
		assert_int_equal(thread->access, THREAD_ALLOWED);
	}
	machine_finish(&machine);
}

struct refused {
	const char *source;
	const char *says;
};

static const struct refused refused[] = {
	{"nonsense", "\"nonsense\" is neither the name of an .xml file nor a synthetic topology"},
	{"package:0", "is neither"},
	{"", "is neither"},
	{"package:1000 core:1000 pu:2", "describes more than 8192 CPUs"},
	{"core:99999999999999999999 pu:1", "describes more than 8192 CPUs"},
	{"4096 32", "describes more than 8192 CPUs"},
	{"/nonexistent/topology.xml", "cannot read /nonexistent/topology.xml: No such file"},
	{"nonexistent.xml", "cannot read nonexistent.xml"},
	{"/dev/null", "/dev/null: this is not a topology that hwloc can read"},
	{"/proc/self/cmdline", "this is not a topology that hwloc can read"},
	{"/proc", "cannot read /proc: Is a directory"},
};

static void what_is_not_a_topology_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct machine machine = {.thread_count = 77};
		struct error err;
		assert_true(machine_load(&machine, refused[i].source, &err) < 0);
		if (strstr(err.text, refused[i].says) == NULL)
			fail_msg("%s: %s", refused[i].source, err.text);
		assert_int_equal(machine.thread_count, 77);
	}
}

/* The same without the process in between, so that tools that watch this process see it. */
static void hwlocs_answers_are_checked(void **state)
{
	(void)state;
	static const struct refused cases[] = {
		{"core:2 pu:1(indexes=0,70000)", "the topology has a CPU 70000: 65535 is the highest"},
		{"numa:2(indexes=0,70000) core:1 pu:1", "the topology has a NUMA node 70000"},
		{"nonsense", "is neither"},
	};
	struct machine machine;
	struct error err;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(machine_load_unguarded(&machine, NULL, cases[i].source, &err) < 0);
		assert_non_null(strstr(err.text, cases[i].says));
	}
	assert_true(machine_load_unguarded(&machine, "not XML", NULL, &err) < 0);
	assert_int_equal(machine_load_unguarded(&machine, NULL,
	                                        "package:1 [numa(memory=1GB)] [numa(memory=1GB)] core:2 pu:2", &err),
	                 0);
	assert_int_equal(machine.node_count, 2);
	assert_int_equal(machine.threads[3].numa, 0);
	machine_finish(&machine);
}

static int dies(struct machine *machine, const void *source, struct error *err)
{
	(void)machine;
	(void)source;
	(void)err;
	raise(SIGSEGV);
	return 0;
}

static int ends_early(struct machine *machine, const void *source, struct error *err)
{
	(void)machine;
	(void)source;
	(void)err;
	_exit(0);
}

static int refuses(struct machine *machine, const void *source, struct error *err)
{
	(void)machine;
	return error_set(err, -ENOTSUP, "no %s today", (const char *)source);
}

/* A table whose one thread lies in a core that is not there, as a damaged process may make it. */
static int lies(struct machine *machine, const void *source, struct error *err)
{
	(void)err;
	static struct hardware_thread thread;
	static char description[] = "";
	thread.core = *(const uint32_t *)source;
	*machine = (struct machine){.description = description,
	                            .threads = &thread,
	                            .thread_count = 1,
	                            .core_count = 1,
	                            .package_count = 1,
	                            .l3cache_count = 1,
	                            .kind_count = 1,
	                            .node_count = 0};
	thread.numa = NO_OBJECT;
	return 0;
}

static void a_loader_that_dies_ends_early_or_lies_costs_no_more_than_an_error(void **state)
{
	(void)state;
	struct machine machine = {.thread_count = 77};
	struct error err;
	const uint32_t sound = 0, unsound = 5;
	assert_int_equal(isolated_load(&machine, dies, NULL, &err), -EINVAL);
	assert_string_equal(err.text, "hwloc fails on this topology: it is damaged");
	assert_int_equal(isolated_load(&machine, ends_early, NULL, &err), -EINVAL);
	assert_int_equal(isolated_load(&machine, refuses, "cores", &err), -ENOTSUP);
	assert_string_equal(err.text, "no cores today");
	assert_int_equal(machine.thread_count, 77);
	assert_int_equal(isolated_load(&machine, lies, &sound, &err), 0);
	assert_int_equal(machine.thread_count, 1);
	machine_finish(&machine);
	assert_int_equal(isolated_load(&machine, lies, &unsound, &err), -EINVAL);
	machine_finish(&machine);
}

static void this_machine_is_read(void **state)
{
	(void)state;
	struct machine machine;
	struct error err;
	assert_int_equal(machine_read(&machine, &err), 0);
	assert_true(machine.is_this_machine);
	assert_true(index_set_count(&machine.allowed) >= 1);
	assert_true(machine.core_count >= 1);
	assert_true(machine.node_count >= 1);
	machine_finish(&machine);
}

static void hwloc_without_an_x86_component_reads_it_the_same(void **state)
{
	(void)state;
	struct machine with = {0}, without = {0};
	struct index_set affinity = {0};
	struct error err;
	assert_int_equal(allowance_affinity(&affinity, &err), 0);
	assert_int_equal(machine_read_by_hwloc(&with, &affinity, &err), 0);
	has_no_x86_component = true;
	int rc = machine_read_by_hwloc(&without, &affinity, &err);
	has_no_x86_component = false;
	assert_int_equal(rc, 0);
	assert_string_equal(without.description, with.description);
	machine_finish(&with);
	machine_finish(&without);
	index_set_finish(&affinity);
}

static void what_the_affinity_mask_leaves_out_is_not_allowed(void **state)
{
	(void)state;
	struct machine machine;
	cpu_set_t before, one;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	if (CPU_COUNT(&before) < 2)
		skip();
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	assert_int_equal(machine_read(&machine, NULL), 0);
	assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
	assert_int_equal(index_set_count(&machine.allowed), 1);
	uint32_t outside = 0;
	for (uint32_t i = 0; i < machine.thread_count; i++)
		outside += machine.threads[i].access == THREAD_OUTSIDE_AFFINITY;
	assert_int_equal(outside, CPU_COUNT(&before) - 1);
	machine_finish(&machine);
}

static void reading_leaves_the_environment_as_it_was(void **state)
{
	(void)state;
	struct machine machine;
	setenv("HWLOC_XMLFILE", "/nonexistent", 1);
	setenv("HWLOC_HIDE_ERRORS", "1", 1);
	unsetenv("HWLOC_PLUGINS_PATH");
	assert_int_equal(machine_read(&machine, NULL), 0);
	assert_true(machine.is_this_machine);
	machine_finish(&machine);
	assert_int_equal(machine_load(&machine, "core:2 pu:1", NULL), 0);
	machine_finish(&machine);
	assert_string_equal(getenv("HWLOC_XMLFILE"), "/nonexistent");
	assert_string_equal(getenv("HWLOC_HIDE_ERRORS"), "1");
	assert_null(getenv("HWLOC_PLUGINS_PATH"));
	for (char **name = environ; *name != NULL; name++)
		if (strncmp(*name, "HWLOC_", 6) == 0)
			assert_true(strncmp(*name, "HWLOC_XMLFILE=", 14) == 0 ||
			            strncmp(*name, "HWLOC_HIDE_ERRORS=", 18) == 0);
	unsetenv("HWLOC_XMLFILE");
	unsetenv("HWLOC_HIDE_ERRORS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topology_becomes_a_table_of_hardware_threads),
		cmocka_unit_test(threads_stand_in_hardware_order),
		cmocka_unit_test(what_is_not_a_topology_is_refused_and_changes_nothing),
		cmocka_unit_test(a_loader_that_dies_ends_early_or_lies_costs_no_more_than_an_error),
		cmocka_unit_test(hwlocs_answers_are_checked),
		cmocka_unit_test(this_machine_is_read),
		cmocka_unit_test(hwloc_without_an_x86_component_reads_it_the_same),
		cmocka_unit_test(what_the_affinity_mask_leaves_out_is_not_allowed),
		cmocka_unit_test(reading_leaves_the_environment_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
