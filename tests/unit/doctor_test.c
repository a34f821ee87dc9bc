/* SPDX-License-Identifier: MIT
 *
 * doctor: what is judged of machines that are not this one: trees of files for /proc and /sys, topologies, limits and
 * environments made up. What the system refuses is tested from outside (tests/end_to_end/doctor_test.py).
 */
#include "test_directory.h"

#include "base/error.h"
#include "base/index_set.h"
#include "base/memory.h"
#include "base/text.h"
#include "doctor/byte_words.h"
#include "doctor/cpu_times.h"
#include "doctor/examine.h"
#include "doctor/findings_json.h"
#include "doctor/findings_text.h"
#include "doctor/trial.h"
#include "machine/core_lease.h"
#include "machine/machine.h"
#include "machine/machine_holders.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

static const struct finding *find(const struct findings *findings, const char *id)
{
	for (uint32_t i = 0; i < findings->count; i++)
		if (strcmp(findings->items[i].id, id) == 0)
			return &findings->items[i];
	return NULL;
}

/* Its grade, and that it is worded as far as it has to be. */
static void expect_graded(const struct findings *findings, const char *id, enum finding_grade grade, const char *part)
{
	const struct finding *finding = find(findings, id);
	if (finding == NULL)
		print_message("no finding %s\n", id);
	assert_non_null(finding);
	if (finding->grade != grade || strstr(finding->found, part) == NULL)
		print_message("%s: %s: %s\n", id, finding_grade_name(finding->grade), finding->found);
	assert_int_equal(finding->grade, grade);
	assert_non_null(strstr(finding->found, part));
	assert_int_equal(finding->meaning != NULL, grade != FINDING_OK);
	assert_int_equal(finding->remedy != NULL, grade != FINDING_OK);
}

static void expect_number(const struct findings *findings, const char *id, double value)
{
	const struct finding *finding = find(findings, id);
	assert_non_null(finding);
	assert_true(finding->has_value);
	assert_true(finding->value > value - 1e-6 && finding->value < value + 1e-6);
}

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
	assert_null(find(&findings, "cpus.kinds"));
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
		assert_non_null(find(&findings, "kernel.clock"));
		assert_non_null(strstr(find(&findings, "kernel.clock")->found, "unknown"));
		findings_finish(&findings);
		test_directory_remove(root);
	}
}

/* --- limits --- */

static struct limit_facts no_limits(const char *root)
{
	struct limit_facts facts = {.root = root, .cores = 4};
	for (size_t i = 0; i < COUNT_OF(facts.limits); i++)
		facts.limits[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	return facts;
}

struct limit_case {
	int resource;
	rlim_t soft, hard;
	const char *id;
	enum finding_grade grade;
};

static const struct limit_case limit_cases[] = {
	{RLIMIT_NOFILE, 1024, 1048576, "limits.open_files", FINDING_OK},
	{RLIMIT_NOFILE, 256, 1048576, "limits.open_files", FINDING_NOTE},
	{RLIMIT_NOFILE, 20, 20, "limits.open_files", FINDING_WARNING},
	{RLIMIT_NOFILE, 43, 43, "limits.open_files", FINDING_WARNING}, /* 32 for muster, 3 a rank */
	{RLIMIT_NOFILE, 44, 44, "limits.open_files", FINDING_NOTE},
	{RLIMIT_NPROC, 30000, 30000, "limits.processes", FINDING_OK},
	{RLIMIT_NPROC, 150, 150, "limits.processes", FINDING_WARNING}, /* 100 are there */
	{RLIMIT_NPROC, 107, 107, "limits.processes", FINDING_PROBLEM},
	{RLIMIT_NPROC, 10, 10, "limits.processes", FINDING_PROBLEM},
	{RLIMIT_STACK, 8 << 20, RLIM_INFINITY, "limits.stack", FINDING_OK},
	{RLIMIT_STACK, 256 << 10, RLIM_INFINITY, "limits.stack", FINDING_WARNING},
	{RLIMIT_FSIZE, 1 << 30, RLIM_INFINITY, "limits.file_size", FINDING_WARNING},
	{RLIMIT_AS, 1 << 30, RLIM_INFINITY, "limits.address_space", FINDING_WARNING},
	{RLIMIT_DATA, 1 << 30, RLIM_INFINITY, "limits.data", FINDING_WARNING},
	{RLIMIT_CPU, 3600, RLIM_INFINITY, "limits.cpu_time", FINDING_WARNING},
	{RLIMIT_MEMLOCK, 8 << 20, 8 << 20, "limits.locked_memory", FINDING_OK},
	{RLIMIT_MEMLOCK, 0, 0, "limits.locked_memory", FINDING_NOTE},
};

static void limits_are_held_against_what_a_job_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(limit_cases); i++) {
		const struct limit_case *one = &limit_cases[i];
		struct limit_facts facts = no_limits("/nonexistent");
		struct findings findings = {0};
		facts.user_processes = 100;
		facts.limits[one->resource] = (struct rlimit){one->soft, one->hard};
		examine_limits(&findings, &facts);
		expect_graded(&findings, one->id, one->grade, "");
		expect_number(&findings, one->id, (double)one->soft);
		assert_int_equal(findings_worst(&findings), one->grade);
		findings_finish(&findings);
	}
}

static void the_limit_of_processes_does_not_hold_for_root(void **state)
{
	(void)state;
	struct limit_facts facts = no_limits("/nonexistent");
	struct findings findings = {0};
	facts.is_root = true;
	facts.limits[RLIMIT_NPROC] = (struct rlimit){1, 1};
	examine_limits(&findings, &facts);
	expect_graded(&findings, "limits.processes", FINDING_OK, "does not hold for root");
	findings_finish(&findings);
}

static void the_processes_of_a_group_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *most;
		enum finding_grade grade;
	} cases[] = {{"max", FINDING_OK}, {"1000", FINDING_OK}, {"60", FINDING_WARNING}, {"12", FINDING_PROBLEM}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *root = test_directory_make();
		struct limit_facts facts = no_limits(root);
		struct findings findings = {0};
		test_directory_put(root, "0::/\n", "/proc/self/cgroup");
		test_directory_put(root, "30 23 0:26 / /g rw - cgroup2 cgroup2 rw\n", "/proc/self/mountinfo");
		test_directory_put(root, cases[i].most, "/g/pids.max");
		test_directory_put(root, "5", "/g/pids.current");
		examine_limits(&findings, &facts);
		expect_graded(&findings, "limits.group_processes", cases[i].grade, "");
		findings_finish(&findings);
		test_directory_remove(root);
	}
}

static void core_files_are_where_the_pattern_says(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *uses_pid;
		struct rlimit limit;
		enum finding_grade grade;
		const char *meaning;
	} cases[] = {
		{"core\n", "0\n", {0, RLIM_INFINITY}, FINDING_NOTE, "leaves no core file"},
		{"core\n", "0\n", {0, 0}, FINDING_NOTE, "leaves no core file"},
		{"core\n", "0\n", {RLIM_INFINITY, RLIM_INFINITY}, FINDING_NOTE, "overwrite"},
		{"core\n", "1\n", {RLIM_INFINITY, RLIM_INFINITY}, FINDING_OK, NULL},
		{"/tmp/core.%e.%p\n", "0\n", {RLIM_INFINITY, RLIM_INFINITY}, FINDING_OK, NULL},
		{"|/usr/lib/systemd/systemd-coredump %P\n", "1\n", {0, 0}, FINDING_NOTE, "that program"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *root = test_directory_make();
		struct limit_facts facts = no_limits(root);
		struct findings findings = {0};
		facts.limits[RLIMIT_CORE] = cases[i].limit;
		test_directory_put(root, cases[i].pattern, "/proc/sys/kernel/core_pattern");
		test_directory_put(root, cases[i].uses_pid, "/proc/sys/kernel/core_uses_pid");
		examine_limits(&findings, &facts);
		expect_graded(&findings, "limits.core_size", cases[i].grade, "pattern");
		if (cases[i].meaning != NULL)
			assert_non_null(strstr(find(&findings, "limits.core_size")->meaning, cases[i].meaning));
		findings_finish(&findings);
		test_directory_remove(root);
	}
}

/* --- the environment --- */

static void inherited_variables_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *variable, *id;
		enum finding_grade grade;
	} cases[] = {
		{"PMI_RANK=3", "environment.other_launchers", FINDING_NOTE},
		{"PMIX_SERVER_URI2=x", "environment.other_launchers", FINDING_NOTE},
		{"OMPI_COMM_WORLD_SIZE=4", "environment.other_launchers", FINDING_NOTE},
		{"SLURM_PROCID=0", "environment.other_launchers", FINDING_NOTE},
		{"RANK=0", "environment.ranks", FINDING_NOTE},
		{"WORLD_SIZE=2", "environment.ranks", FINDING_NOTE},
		{"MASTER_PORT=29500", "environment.ranks", FINDING_NOTE},
		{"OMP_NUM_THREADS=1", "environment.threads", FINDING_NOTE},
		{"OMP_PLACES={0,1},{2,3}", "environment.affinity", FINDING_WARNING},
		{"GOMP_CPU_AFFINITY=0-3", "environment.affinity", FINDING_WARNING},
		{"KMP_AFFINITY=explicit,proclist=[0-3]", "environment.affinity", FINDING_WARNING},
		{"KMP_AFFINITY=granularity=fine,compact,1,0", "environment.thread_binding", FINDING_NOTE},
		{"OMP_PLACES=cores(4)", "environment.thread_binding", FINDING_NOTE},
		{"OMP_PROC_BIND=close", "environment.thread_binding", FINDING_NOTE},
		{"SLURM_JOB_ID=7", NULL, FINDING_OK},
		{"RANKED=1", NULL, FINDING_OK},
		{"PATH=/bin", NULL, FINDING_OK},
		{"without a sign", NULL, FINDING_OK},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct findings findings = {0};
		char *variable = memory_copy_text(cases[i].variable);
		char *environment[] = {variable, NULL};
		examine_environment(&findings, environment);
		char name[64] = "";
		snprintf(name, sizeof name, "%.*s", (int)strcspn(variable, "="), variable);
		assert_int_equal(findings_worst(&findings), cases[i].grade);
		if (cases[i].id != NULL)
			expect_graded(&findings, cases[i].id, cases[i].grade, name);
		findings_finish(&findings);
		free(variable);
	}
}

static void a_long_list_of_variables_is_cut_and_printable(void **state)
{
	(void)state;
	enum { MANY = 100 };
	char names[MANY][64], *environment[MANY + 1] = {NULL};
	struct findings findings = {0};
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof names[i], "PMIX_\033[31mNUMBER_%d=1", i);
		environment[i] = names[i];
	}
	examine_environment(&findings, environment);
	expect_graded(&findings, "environment.other_launchers", FINDING_NOTE, ", ...");
	assert_null(strchr(find(&findings, "environment.other_launchers")->found, '\033'));
	findings_finish(&findings);
}

/* --- trials --- */

static int succeed(void)
{
	return 0;
}

static int be_refused(void)
{
	return -EPERM;
}

static int be_killed(void)
{
	signal(SIGSYS, SIG_DFL); /* cmocka minds it */
	return raise(SIGSYS);
}

static int be_untried(void)
{
	return -TRIAL_UNTRIED;
}

static void a_trial_tells_how_it_ended(void **state)
{
	(void)state;
	char words[TRIAL_WORDS_SIZE];
	struct trial_result fine = trial_make(succeed), refused = trial_make(be_refused),
			    killed = trial_make(be_killed);
	struct trial_result untried = trial_make(be_untried);
	assert_true(untried.untried);
	assert_false(fine.untried || refused.untried || killed.untried);
	assert_true(trial_succeeded(&fine));
	assert_false(trial_succeeded(&refused));
	assert_string_equal(trial_words(&refused, words), "Operation not permitted");
	assert_int_equal(killed.signal, SIGSYS);
	assert_string_equal(trial_words(&killed, words), "killed by SIGSYS: a seccomp filter");
}

/* --- what is printed --- */

static void findings_are_printed_by_groups_with_a_verdict(void **state)
{
	(void)state;
	struct findings findings = {0};
	struct text text = {0};
	findings_add(&findings, "cpus.allowed", "CPUs 0-3");
	findings_add(&findings, "memory.limit", "none");
	findings_text(&text, &findings, 80, false);
	assert_string_equal(text.bytes, "CPUs\n  ok       CPUs 0-3\n\nMemory\n  ok       none\n\n"
	                                "Jobs can run here: nothing was found that would hurt them.\n");
	text.length = 0;
	findings_add(&findings, "cpus.quota", "none");
	finding_grade_as(findings_add(&findings, "cpus.held", "all, \033[31mby somebody"), FINDING_PROBLEM,
	                 "no job can run", "wait until it is over, or ask");
	finding_grade_as(findings_add(&findings, "memory.shm", "small"), FINDING_NOTE, "less", "more");
	findings_text(&text, &findings, 32, false);
	assert_string_equal(
		text.bytes,
		"CPUs\n  problem  all, ?[31mby somebody\n           no job can run\n"
		"           do: wait until it is\n           over, or ask\n"
		"  ok       CPUs 0-3; none\n\nMemory\n  note     small\n           less\n           do: more\n"
		"  ok       none\n\nJobs cannot run here as they should: 1 problem, 1 note.\n");
	text.length = 0;
	findings_text(&text, &findings, 32, true);
	assert_non_null(strstr(text.bytes, "\033[1;31mproblem\033[0m  all"));
	text_finish(&text);
	findings_finish(&findings);
}

static void findings_are_json_with_stable_members(void **state)
{
	(void)state;
	struct findings findings = {0};
	finding_set_value(findings_add(&findings, "cpus.allowed", "CPUs 0-3"), 4);
	finding_grade_as(findings_add(&findings, "cpus.held", "some"), FINDING_WARNING, "slow", "wait");
	json_t *document = findings_json(&findings);
	json_t *expected = json_pack("{s:s, s:s, s:{s:i, s:i, s:i, s:i}, s:[{s:s, s:s, s:s, s:n, s:n, s:f}, {s:s, s:s, "
	                             "s:s, s:s, s:s, s:n}]}",
	                             "schema", "muster.doctor/1", "verdict", "warning", "counts", "ok", 1, "note", 0,
	                             "warning", 1, "problem", 0, "findings", "id", "cpus.allowed", "grade", "ok",
	                             "found", "CPUs 0-3", "meaning", "remedy", "value", 4.0, "id", "cpus.held", "grade",
	                             "warning", "found", "some", "meaning", "slow", "remedy", "wait", "value");
	assert_non_null(expected);
	assert_true(json_equal(document, expected));
	json_decref(document);
	json_decref(expected);
	findings_finish(&findings);
}

static void sizes_are_words(void **state)
{
	(void)state;
	static const struct {
		uint64_t bytes;
		const char *words;
	} cases[] = {{0, "0 bytes"},
	             {1023, "1023 bytes"},
	             {1536, "1.5 KiB"},
	             {64 << 20, "64.0 MiB"},
	             {UINT64_C(500) << 20, "500 MiB"},
	             {UINT64_MAX, "16.0 EiB"}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char words[BYTE_WORDS_SIZE];
		assert_string_equal(byte_words(words, cases[i].bytes), cases[i].words);
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
		cmocka_unit_test(limits_are_held_against_what_a_job_needs),
		cmocka_unit_test(the_limit_of_processes_does_not_hold_for_root),
		cmocka_unit_test(the_processes_of_a_group_are_counted),
		cmocka_unit_test(core_files_are_where_the_pattern_says),
		cmocka_unit_test(inherited_variables_are_told_apart),
		cmocka_unit_test(a_long_list_of_variables_is_cut_and_printable),
		cmocka_unit_test(a_trial_tells_how_it_ended),
		cmocka_unit_test(findings_are_printed_by_groups_with_a_verdict),
		cmocka_unit_test(findings_are_json_with_stable_members),
		cmocka_unit_test(sizes_are_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
