/* SPDX-License-Identifier: MIT
 *
 * doctor: what is judged of machines that are not this one: trees of files for /proc and /sys, and topologies, made up.
 * What the system refuses is tested from outside (tests/end_to_end/doctor_test.py).
 */
#include "expect_finding.h"
#include "test_directory.h"

#include "base/error.h"
#include "base/index_set.h"
#include "base/memory.h"
#include "doctor/cpu_times.h"
#include "doctor/examine.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"

/* --- CPUs --- */

static struct machine load(const char *source)
{
	struct machine machine;
	struct error err;
	assert_int_equal(machine_load(&machine, source, &err), 0);
	return machine;
}

static void forbid(struct machine *machine, uint32_t cpu, enum thread_access access)
{
	for (uint32_t i = 0; i < machine->thread_count; i++)
		if (machine->threads[i].cpu == cpu)
			machine->threads[i].access = access;
	index_set_remove(&machine->allowed, cpu);
}

static void a_plain_machine_is_well(void **state)
{
	(void)state;
	struct machine machine = load("pack:1 core:4 pu:1");
	struct findings findings = {0};
	examine_cpus(&findings, &machine);
	expect_graded(&findings, "cpus.allowed", FINDING_OK, "0-3 of 1 package, 4 cores");
	expect_number(&findings, "cpus.allowed", 4);
	expect_graded(&findings, "cpus.quota", FINDING_OK, "no CPU quota");
	expect_graded(&findings, "cpus.smt", FINDING_OK, "one hardware thread");
	expect_graded(&findings, "cpus.numa", FINDING_OK, "one");
	expect_graded(&findings, "cpus.held", FINDING_OK, "no other");
	assert_null(find_finding(&findings, "cpus.kinds"));
	findings_finish(&findings);
	machine_finish(&machine);
}

static void what_is_not_allowed_is_told_with_its_reason(void **state)
{
	(void)state;
	struct machine machine = load("pack:1 core:3 pu:2");
	struct findings findings = {0};
	forbid(&machine, 1, THREAD_OUTSIDE_AFFINITY);
	forbid(&machine, 4, THREAD_OUTSIDE_CPUSET);
	forbid(&machine, 5, THREAD_OUTSIDE_CPUSET);
	examine_cpus(&findings, &machine);
	expect_graded(&findings, "cpus.allowed", FINDING_NOTE, "4-5 outside the cpuset");
	expect_graded(&findings, "cpus.allowed", FINDING_NOTE, "1 outside the inherited affinity mask");
	expect_number(&findings, "cpus.allowed", 3);
	expect_graded(&findings, "cpus.smt", FINDING_NOTE, "of the cores of CPUs 0 not all");
	expect_number(&findings, "cpus.smt", 2);
	findings_finish(&findings);
	machine_finish(&machine);
}

static void a_quota_matters_below_the_allowed_cpus(void **state)
{
	(void)state;
	static const struct {
		uint32_t millicpus;
		enum finding_grade grade;
		const char *words;
	} cases[] = {{1500, FINDING_WARNING, "1.5 CPUs (/quota)"},
	             {1000, FINDING_WARNING, "1 CPU ("},
	             {4000, FINDING_OK, "4"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct machine machine = load("pack:1 core:4 pu:1");
		struct findings findings = {0};
		machine.quota_millicpus = cases[i].millicpus;
		machine.quota_source = memory_copy_text("/quota");
		examine_cpus(&findings, &machine);
		expect_graded(&findings, "cpus.quota", cases[i].grade, cases[i].words);
		expect_number(&findings, "cpus.quota", cases[i].millicpus / 1e3);
		findings_finish(&findings);
		machine_finish(&machine);
	}
}

static void a_node_whose_memory_may_not_be_used_is_a_warning(void **state)
{
	(void)state;
	for (int allowed = 0; allowed < 2; allowed++) {
		struct machine machine = load("node:2 core:2 pu:1");
		struct findings findings = {0};
		machine.nodes[1].allowed = allowed;
		machine.kind_count = allowed ? 2 : 1;
		examine_cpus(&findings, &machine);
		expect_graded(&findings, "cpus.numa", allowed ? FINDING_OK : FINDING_WARNING, "2 NUMA nodes");
		if (allowed)
			expect_graded(&findings, "cpus.kinds", FINDING_NOTE, "2 kinds");
		findings_finish(&findings);
		machine_finish(&machine);
	}
}

/* Ones and twos: shared, exclusive; a CPU each. */
static void hold(struct machine *machine, const char *holds)
{
	struct core_hold items[8] = {0};
	struct core_holds all = {items, 0, 8};
	for (uint32_t cpu = 0; holds[cpu] != '\0'; cpu++) {
		if (holds[cpu] == '.')
			continue;
		struct lease_note note = {.job = "train-abc", .exclusive = holds[cpu] == 'x'};
		items[all.count++] = (struct core_hold){.cpu = cpu, .note = note};
	}
	machine_holders_set(machine, &all, NULL);
}

static void cores_that_others_hold_are_told(void **state)
{
	(void)state;
	static const struct {
		const char *holds;
		enum finding_grade grade;
		const char *words;
	} cases[] = {
		{"s..", FINDING_NOTE, "CPU 0 by train-abc"},
		{"sss", FINDING_WARNING, "CPUs 0-2 by train-abc"},
		{"xxs", FINDING_WARNING, "which shares with nobody"},
		{"xxx", FINDING_PROBLEM, "CPUs 0-2 by train-abc, which shares with nobody"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct machine machine = load("core:3 pu:1");
		struct findings findings = {0};
		hold(&machine, cases[i].holds);
		examine_cpus(&findings, &machine);
		expect_graded(&findings, "cpus.held", cases[i].grade, cases[i].words);
		findings_finish(&findings);
		machine_finish(&machine);
	}
}

static void times_of_cpus_are_summed(void **state)
{
	(void)state;
	char *root = test_directory_make();
	struct index_set cpus = {0}, others = {0};
	struct cpu_times times;
	index_set_add_range(&cpus, 1, 2);
	index_set_add(&others, 7);
	assert_false(cpu_times_read(&times, root, &cpus));
	test_directory_put(root,
	                   "cpu  99 99 99 99 99 99 99 99 99 99\ncpu0 50 0 0 0 0 0 0 0 0 0\n"
	                   "cpu1 10 1 2 100 5 1 1 3 10 0\ncpu2 20 0 0 80 0 0 0 0 0 0\ncpux\nintr 1\n",
	                   "/proc/stat");
	assert_true(cpu_times_read(&times, root, &cpus));
	assert_int_equal(times.cpus, 2);
	assert_int_equal(times.busy, 35);
	assert_int_equal(times.stolen, 3);
	assert_int_equal(times.all, 223);
	assert_false(cpu_times_read(&times, root, &others));
	const struct cpu_times before = {10, 5, 100, 2}, after = {30, 4, 150, 2};
	times = cpu_times_between(&before, &after);
	assert_int_equal(times.busy, 20);
	assert_int_equal(times.stolen, 0);
	assert_int_equal(times.all, 50);
	index_set_finish(&cpus);
	index_set_finish(&others);
	test_directory_remove(root);
}

static void only_a_governor_that_keeps_cpus_slow_is_a_warning(void **state)
{
	(void)state;
	static const struct {
		const char *governor, *driver;
		enum finding_grade grade;
	} cases[] = {
		{"performance\n", "acpi-cpufreq\n", FINDING_OK},    {"schedutil\n", NULL, FINDING_OK},
		{"powersave\n", "intel_pstate\n", FINDING_OK},      {"powersave\n", "amd-pstate-epp\n", FINDING_OK},
		{"powersave\n", "acpi-cpufreq\n", FINDING_WARNING}, {NULL, NULL, FINDING_OK},
	};
	struct index_set cpus = {0};
	index_set_add_range(&cpus, 0, 1);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *root = test_directory_make();
		struct findings findings = {0};
		if (cases[i].governor != NULL)
			test_directory_put(root, cases[i].governor,
			                   "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor");
		if (cases[i].driver != NULL)
			test_directory_put(root, cases[i].driver,
			                   "/sys/devices/system/cpu/cpu1/cpufreq/scaling_driver");
		examine_frequency(&findings, root, &cpus);
		assert_int_equal(findings.count, cases[i].governor != NULL);
		assert_int_equal(findings_worst(&findings), cases[i].grade);
		findings_finish(&findings);
		test_directory_remove(root);
	}
	index_set_finish(&cpus);
}

/* --- memory --- */

static void memory_is_what_the_group_and_the_machine_leave(void **state)
{
	(void)state;
	static const struct {
		const char *limit, *used, *available;
		enum finding_grade limit_grade, free_grade;
		const char *words;
	} cases[] = {
		{"max", "0", "4000000", FINDING_OK, FINDING_OK, "3.8 GiB are free"},
		{"1073741824", "0", "4000000", FINDING_NOTE, FINDING_OK, "1.0 GiB are free"},
		{"1073741824", "1000000000", "4000000", FINDING_NOTE, FINDING_WARNING, "70.3 MiB are free"},
		{"1073741824", "1073741824", "4000000", FINDING_NOTE, FINDING_PROBLEM, "0 bytes are free"},
		{"99999999999", "0", "10000", FINDING_OK, FINDING_PROBLEM, "9.8 MiB are free"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *root = test_directory_make(), meminfo[128];
		struct findings findings = {0};
		snprintf(meminfo, sizeof meminfo, "MemTotal:       8000000 kB\nMemAvailable:   %s kB\n",
		         cases[i].available);
		test_directory_put(root, meminfo, "/proc/meminfo");
		test_directory_put(root, "0::/\n", "/proc/self/cgroup");
		test_directory_put(root, "30 23 0:26 / /g rw - cgroup2 cgroup2 rw\n", "/proc/self/mountinfo");
		test_directory_put(root, cases[i].limit, "/g/memory.max");
		test_directory_put(root, cases[i].used, "/g/memory.current");
		examine_memory(&findings, root);
		expect_graded(&findings, "memory.limit", cases[i].limit_grade, "machine's");
		expect_graded(&findings, "memory.free", cases[i].free_grade, cases[i].words);
		findings_finish(&findings);
		test_directory_remove(root);
	}
}

static void shared_memory_that_is_not_there_is_a_warning(void **state)
{
	(void)state;
	struct findings findings = {0};
	examine_shared_memory(&findings, "/nonexistent/shm");
	expect_graded(&findings, "memory.shm", FINDING_WARNING, "No such file");
	findings_finish(&findings);
}

/* --- the kernel --- */

static void releases_and_rights_are_judged(void **state)
{
	(void)state;
	static const struct {
		const char *release, *status;
		enum finding_grade release_grade, right_grade;
		const char *words;
	} cases[] = {
		{"6.1.0-13-amd64\n", "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n", FINDING_OK,
	         FINDING_OK, "root, with"},
		{"5.10.0\n", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n", FINDING_OK,
	         FINDING_OK, "not root"},
		{"5.4.0-1\n", "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb\nSeccomp:\t2\n", FINDING_WARNING,
	         FINDING_NOTE, "root without SYS_NICE (limits.nice cannot be negative), SYS_PTRACE"},
		{"4.19\n", "Name:\tx\nUid:\t0\t0\t0\t0\nCapEff:\t0000000000000000\n", FINDING_WARNING, FINDING_NOTE,
	         "root without KILL"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *root = test_directory_make();
		struct findings findings = {0};
		test_directory_put(root, cases[i].release, "/proc/sys/kernel/osrelease");
		test_directory_put(root, cases[i].status, "/proc/self/status");
		examine_kernel(&findings, root);
		expect_graded(&findings, "kernel.release", cases[i].release_grade, "Linux ");
		expect_graded(&findings, "kernel.capabilities", cases[i].right_grade, cases[i].words);
		expect_graded(&findings, "kernel.seccomp", FINDING_OK, i == 2 ? "is in force" : "no seccomp");
		assert_non_null(find_finding(&findings, "kernel.clock"));
		assert_non_null(strstr(find_finding(&findings, "kernel.clock")->found, "unknown"));
		findings_finish(&findings);
		test_directory_remove(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_machine_is_well),
		cmocka_unit_test(what_is_not_allowed_is_told_with_its_reason),
		cmocka_unit_test(a_quota_matters_below_the_allowed_cpus),
		cmocka_unit_test(a_node_whose_memory_may_not_be_used_is_a_warning),
		cmocka_unit_test(cores_that_others_hold_are_told),
		cmocka_unit_test(times_of_cpus_are_summed),
		cmocka_unit_test(only_a_governor_that_keeps_cpus_slow_is_a_warning),
		cmocka_unit_test(memory_is_what_the_group_and_the_machine_leave),
		cmocka_unit_test(shared_memory_that_is_not_there_is_a_warning),
		cmocka_unit_test(releases_and_rights_are_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
