/* SPDX-License-Identifier: MIT
 *
 * doctor_inherited: what is judged of the limits and the environment that a muster inherits.
 */
#include "expect_finding.h"
#include "test_directory.h"

#include "base/memory.h"
#include "doctor/examine.h"

#include <stdlib.h>

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
			assert_non_null(strstr(find_finding(&findings, "limits.core_size")->meaning, cases[i].meaning));
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
	assert_null(strchr(find_finding(&findings, "environment.other_launchers")->found, '\033'));
	findings_finish(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_held_against_what_a_job_needs),
		cmocka_unit_test(the_limit_of_processes_does_not_hold_for_root),
		cmocka_unit_test(the_processes_of_a_group_are_counted),
		cmocka_unit_test(core_files_are_where_the_pattern_says),
		cmocka_unit_test(inherited_variables_are_told_apart),
		cmocka_unit_test(a_long_list_of_variables_is_cut_and_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
