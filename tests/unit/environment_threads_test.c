/* SPDX-License-Identifier: MIT
 *
 * environment: how many threads a rank is told to make, and where.
 */
#include "environment_case.h"

static const struct environment_case cases[] = {
	{
		.what = "threads and places from the cores, a place a core with its hardware threads",
		.bind_to = PLACE_CORE,
		.cpus = {"0-3,8-11", "4-5,12-13"},
		.rank_0 = {"OMP_NUM_THREADS=4", "MKL_NUM_THREADS=4", "OPENBLAS_NUM_THREADS=4", "BLIS_NUM_THREADS=4",
                           "NUMEXPR_NUM_THREADS=4", "OMP_PLACES={0,8},{1,9},{2,10},{3,11}", "OMP_PROC_BIND=false"},
		.rank_1 = {"OMP_NUM_THREADS=2", "NUMEXPR_NUM_THREADS=2", "OMP_PLACES={4,12},{5,13}"},
	},
	{
		.what = "with one hardware thread a core the places are single CPUs",
		.bind_to = PLACE_CORE,
		.cpus = {"0-1", "2-3"},
		.rank_0 = {"OMP_NUM_THREADS=2", "OMP_PLACES={0},{1}"},
		.rank_1 = {"OMP_NUM_THREADS=2", "OMP_PLACES={2},{3}"},
	},
	{
		.what = "with bind_to hwthread the hardware threads count",
		.bind_to = PLACE_HWTHREAD,
		.cpus = {"0,8", "1,9"},
		.rank_0 = {"OMP_NUM_THREADS=2", "OMP_PLACES={0},{8}", "MUSTER_CPUS=0,8"},
	},
	{
		.what = "ranks that share cores share the threads",
		.bind_to = PLACE_PACKAGE,
		.cpus = {"0-15", "0-15"},
		.rank_0 = {"OMP_NUM_THREADS=4", "OMP_PLACES={0,8,1,9,2,10,3,11,4,12,5,13,6,14,7,15}"},
	},
	{
		.what = "more ranks than cores still have a thread each",
		.bind_to = PLACE_CORE,
		.cpus = {"0", "0"},
		.rank_0 = {"OMP_NUM_THREADS=1"},
		.rank_1 = {"OMP_NUM_THREADS=1"},
	},
	{
		.what = "not bound: a share of the allowed cores, and no places",
		.bind_to = PLACE_NONE,
		.cpus = {"0-15", "0-15"},
		.rank_0 = {"OMP_NUM_THREADS=4", "OMP_PLACES", "OMP_PROC_BIND", "MUSTER_CPUS=0-15"},
	},
	{
		.what = "not bound, but with a number of cores for each rank: that number",
		.bind_to = PLACE_NONE,
		.cpus = {"0-15", "0-15"},
		.cpus_per_rank = 3,
		.rank_0 = {"OMP_NUM_THREADS=3", "OMP_PLACES"},
	},
	{
		.what = "a CPU quota bounds the threads of all ranks together",
		.bind_to = PLACE_PACKAGE,
		.cpus = {"0-15", "0-15"},
		.quota_millicpus = 3500,
		.rank_0 = {"OMP_NUM_THREADS=2"},
	},
	{
		.what = "a quota of less than a CPU leaves one thread",
		.bind_to = PLACE_PACKAGE,
		.cpus = {"0-15", "0-15"},
		.quota_millicpus = 500,
		.rank_0 = {"OMP_NUM_THREADS=1"},
	},
	{
		.what = "an inherited OMP_NUM_THREADS is the user's, and speaks for the libraries that follow it",
		.bind_to = PLACE_CORE,
		.cpus = {"0-3", "4-7"},
		.inherited = {"OMP_NUM_THREADS=3"},
		.rank_0 = {"OMP_NUM_THREADS=3", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_PROC_BIND=false"},
	},
	{
		.what = "one library's own number leaves the others to muster",
		.bind_to = PLACE_CORE,
		.cpus = {"0-3", "4-7"},
		.inherited = {"MKL_NUM_THREADS=1"},
		.env = {{"BLIS_NUM_THREADS", NULL}},
		.rank_0 = {"OMP_NUM_THREADS=4", "MKL_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=4", "BLIS_NUM_THREADS"},
	},
	{
		.what = "removing OMP_NUM_THREADS is a decision, too",
		.bind_to = PLACE_CORE,
		.env = {{"OMP_NUM_THREADS", NULL}},
		.rank_0 = {"OMP_NUM_THREADS", "MKL_NUM_THREADS"},
	},
	{
		.what = "threads: N outweighs what is inherited, not env",
		.bind_to = PLACE_CORE,
		.threads = 6,
		.inherited = {"OMP_NUM_THREADS=3", "MKL_NUM_THREADS=3"},
		.env = {{"OPENBLAS_NUM_THREADS", "1"}},
		.rank_0 = {"OMP_NUM_THREADS=6", "MKL_NUM_THREADS=6", "OPENBLAS_NUM_THREADS=1"},
	},
	{
		.what = "threads: keep sets none of them",
		.bind_to = PLACE_CORE,
		.threads = THREADS_KEEP,
		.inherited = {"MKL_NUM_THREADS=3"},
		.rank_0 = {"OMP_NUM_THREADS", "MKL_NUM_THREADS=3", "OMP_PLACES", "OMP_PROC_BIND"},
	},
	{
		.what = "whoever sets one word of OpenMP's affinity has decided it",
		.bind_to = PLACE_CORE,
		.inherited = {"GOMP_CPU_AFFINITY=0"},
		.rank_0 = {"OMP_PLACES", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY=0", "OMP_NUM_THREADS=1"},
	},
	{
		.what = "an exception's env is on top for its rank, and other ranks keep the job's",
		.bind_to = PLACE_CORE,
		.inherited = {"HOME=/h", "LANG=C", "TERM=dumb"},
		.env = {{"ROLE", "worker"}, {"LEVEL", "info"}},
		.env_of_rank_1 = {{"ROLE", "leader"},
                                  {"LANG", NULL},
                                  {"NEW", "1"},
                                  {"GONE", NULL},
                                  {"RANK", "100"},
                                  {"MUSTER_CPUS", NULL}},
		.rank_0 = {"ROLE=worker", "LEVEL=info", "LANG=C", "HOME=/h", "NEW", "RANK=0", "MUSTER_CPUS=0,8"},
		.rank_1 = {"ROLE=leader", "LEVEL=info", "LANG", "HOME=/h", "NEW=1", "GONE", "RANK=100", "MUSTER_CPUS",
                           "LOCAL_RANK=1", "ROLE_RANK=1", "TERM=dumb"},
	},
	{
		.what = "an exception's thread count speaks for the libraries of its rank only",
		.bind_to = PLACE_CORE,
		.cpus = {"0-1", "2-3"},
		.env_of_rank_1 = {{"OMP_NUM_THREADS", "8"}, {"OMP_PROC_BIND", "close"}},
		.rank_0 = {"OMP_NUM_THREADS=2", "MKL_NUM_THREADS=2", "OMP_PLACES={0},{1}", "OMP_PROC_BIND=false"},
		.rank_1 = {"OMP_NUM_THREADS=8", "MKL_NUM_THREADS", "OMP_PLACES", "OMP_PROC_BIND=close"},
	},
};

static void ranks_are_told_exactly_these_threads_and_places(void **state)
{
	(void)state;
	check_environments(cases, COUNT_OF(cases));
}

static void what_is_the_same_for_all_ranks_stands_once(void **state)
{
	(void)state;
	struct case_storage storage;
	struct environment_case same = {.bind_to = PLACE_CORE, .cpus = {"0-1", "2-3"}};
	struct launch_plan plan = plan_case(&storage, &same);
	const char *found = NULL;
	assert_int_equal(count_of_name(plan.job_environment, "OMP_NUM_THREADS", 15, &found), 1);
	assert_int_equal(count_of_name(plan.job_environment, "OMP_PROC_BIND", 13, &found), 1);
	assert_int_equal(count_of_name(plan.ranks[0].environment, "OMP_PLACES", 10, &found), 1);
	launch_plan_finish(&plan);
	fixture_end(&storage.fixture);
}

static void without_a_machine_each_cpu_is_a_place(void **state)
{
	(void)state;
	struct fixture f;
	fixture_begin(&f, 1);
	fixture_place(&f, 0, "0,8", true);
	f.context.machine = NULL;
	struct launch_plan plan = fixture_make_plan(&f);
	check_line(&plan, 0, "OMP_PLACES={0},{8}", "no machine");
	launch_plan_finish(&plan);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_are_told_exactly_these_threads_and_places),
		cmocka_unit_test(what_is_the_same_for_all_ranks_stands_once),
		cmocka_unit_test(without_a_machine_each_cpu_is_a_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
