/* SPDX-License-Identifier: MIT
 *
 * environment: what ranks find of what muster inherited, of the spec, and of muster's own answers.
 */
#include "environment_case.h"

#include "plan/foreign_variables.h"

#include <unistd.h>

static const struct environment_case cases[] = {
	{
		.what = "muster's own answers and torchrun's names for them",
		.bind_to = PLACE_CORE,
		.rank_0 = {"MUSTER_RANK=0",
                           "MUSTER_WORLD_SIZE=2",
                           "MUSTER_LOCAL_RANK=0",
                           "MUSTER_LOCAL_WORLD_SIZE=2",
                           "MUSTER_NODE_RANK=0",
                           "MUSTER_NUM_NODES=1",
                           "MUSTER_JOB_ID=work-a1",
                           "MUSTER_JOB_NAME=work",
                           "MUSTER_CPUS=0,8",
                           "RANK=0",
                           "WORLD_SIZE=2",
                           "LOCAL_RANK=0",
                           "LOCAL_WORLD_SIZE=2",
                           "GROUP_RANK=0",
                           "GROUP_WORLD_SIZE=1",
                           "ROLE_RANK=0",
                           "ROLE_WORLD_SIZE=2",
                           "ROLE_NAME=default",
                           "MASTER_ADDR=127.0.0.1",
                           "MASTER_PORT=4711",
                           "TORCHELASTIC_RUN_ID=work-a1",
                           "TORCHELASTIC_MAX_RESTARTS=0"},
		.rank_1 = {"MUSTER_RANK=1", "MUSTER_LOCAL_RANK=1", "MUSTER_CPUS=1,9", "RANK=1", "LOCAL_RANK=1",
                           "ROLE_RANK=1", "GROUP_RANK=0", "MUSTER_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT",
                           "MUSTER_FD"},
	},
	{
		.what = "what is inherited passes, but never for muster's own answers",
		.bind_to = PLACE_CORE,
		.inherited = {"PATH=/bin", "EMPTY=", "EQUALS=a=b", "not a variable", "MUSTER_RANK=9", "MUSTER_FD=5",
                              "RANK=9", "MASTER_ADDR=10.0.0.1", "MASTER_PORT=29500", "TORCHELASTIC_RUN_ID=none",
                              "TORCHELASTIC_RESTART_COUNT=3", "MUSTER_NOTE=kept"},
		.rank_1 = {"PATH=/bin", "EMPTY=", "EQUALS=a=b", "MUSTER_RANK=1", "RANK=1", "MASTER_ADDR=127.0.0.1",
                           "MASTER_PORT=4711", "TORCHELASTIC_RUN_ID=work-a1", "MUSTER_FD", "TORCHELASTIC_RESTART_COUNT",
                           "MUSTER_NOTE=kept"},
	},
	{
		.what = "another launcher's answers do not pass, and that is said",
		.bind_to = PLACE_CORE,
		.inherited = {"PMI_RANK=3", "HOME=/h", "PMIX_NAMESPACE=x", "OMPI_COMM_WORLD_RANK=1", "SLURM_PROCID=2",
                              "SLURM_JOB_ID=77", "SLURM_LOCALID=2", "MPI_LOCALRANKID=1", "OMPI_MCA_btl=tcp",
                              "TORCHELASTIC_ERROR_FILE=/tmp/e"},
		.rank_0 = {"PMI_RANK", "HOME=/h", "PMIX_NAMESPACE", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID",
                           "SLURM_JOB_ID=77", "SLURM_LOCALID", "MPI_LOCALRANKID", "OMPI_MCA_btl=tcp",
                           "TORCHELASTIC_ERROR_FILE"},
		.warning = "not passed to the ranks, since they are another launcher's: PMI_RANK, PMIX_NAMESPACE, "
			   "OMPI_COMM_WORLD_RANK, SLURM_PROCID, SLURM_LOCALID, MPI_LOCALRANKID, "
			   "TORCHELASTIC_ERROR_FILE (env: in the spec or -x passes them)",
	},
	{
		.what = "a long list of them is cut",
		.bind_to = PLACE_CORE,
		.inherited = {"PMI_A=1", "PMI_B=1", "PMI_C=1", "PMI_D=1", "PMI_E=1", "PMI_F=1", "PMI_G=1", "PMI_H=1",
                              "PMI_I=1", "PMI_J=1", "PMI_K=1", "PMI_L=1", "PMI_M=1", "PMI_N=1"},
		.rank_0 = {"PMI_A", "PMI_N"},
		.warning = "not passed to the ranks, since they are another launcher's: PMI_A, PMI_B, PMI_C, PMI_D, "
			   "PMI_E, PMI_F, PMI_G, PMI_H, PMI_I, PMI_J, PMI_K, PMI_L and 2 more (env: in the spec or -x "
			   "passes them)",
	},
	{
		.what = "env may set another launcher's names, and muster's, all the same",
		.bind_to = PLACE_CORE,
		.inherited = {"HOME=/h", "SLURM_PROCID=2"},
		.env = {{"SLURM_PROCID", "5"}, {"MUSTER_NODE_RANK", "8"}, {"MASTER_PORT", "29500"}, {"RANK", "7"}},
		.rank_1 = {"SLURM_PROCID=5", "MUSTER_NODE_RANK=8", "MASTER_PORT=29500", "MASTER_ADDR=127.0.0.1",
                           "RANK=7", "MUSTER_RANK=1"},
	},
	{
		.what = "null removes what is inherited and what muster would set",
		.bind_to = PLACE_CORE,
		.inherited = {"HOME=/h", "TWICE=1", "PATH=/bin", "TWICE=2", "PMI_RANK=1"},
		.env = {{"HOME", NULL},
                        {"TWICE", NULL},
                        {"ROLE_NAME", NULL},
                        {"RANK", NULL},
                        {"MUSTER_CPUS", NULL},
                        {"PMI_RANK", NULL},
                        {"NEVER_THERE", NULL}},
		.rank_0 = {"HOME", "PMI_RANK", "TWICE", "PATH=/bin", "ROLE_NAME", "RANK", "MUSTER_CPUS", "NEVER_THERE",
                           "MUSTER_RANK=0"},
	},
	{
		.what = "of two changes of one name the later counts",
		.bind_to = PLACE_CORE,
		.env = {{"A", "1"}, {"B", "1"}, {"A", NULL}, {"B", "2"}},
		.rank_0 = {"A", "B=2"},
	},
	{
		.what = "inherit_env false passes nothing, and nothing needs a warning",
		.bind_to = PLACE_CORE,
		.inherit_env = INHERIT_NONE,
		.inherited = {"PATH=/bin", "OMP_NUM_THREADS=3", "PMI_RANK=0"},
		.env = {{"LANG", "C"}},
		.rank_0 = {"PATH", "LANG=C", "OMP_NUM_THREADS=1", "PMI_RANK", "MUSTER_RANK=0"},
	},
	{
		.what = "inherit_env with a list passes those, even another launcher's, never muster's own",
		.bind_to = PLACE_CORE,
		.inherit_env = INHERIT_LISTED,
		.listed = {"PATH", "SLURM_PROCID", "RANK"},
		.inherited = {"PATH=/bin", "PATHS=/x", "SLURM_PROCID=2", "SLURM_LOCALID=2", "RANK=9"},
		.rank_1 = {"PATH=/bin", "PATHS", "SLURM_PROCID=2", "SLURM_LOCALID", "RANK=1"},
	},
	{
		.what = "Python prints at once",
		.inherited = {"PATH=/bin"},
		.env_of_rank_1 = {{"PYTHONUNBUFFERED", NULL}},
		.rank_0 = {"PYTHONUNBUFFERED=1"},
		.rank_1 = {"PYTHONUNBUFFERED"},
	},
	{
		.what = "unless the user wants otherwise",
		.inherited = {"PYTHONUNBUFFERED="},
		.rank_0 = {"PYTHONUNBUFFERED="},
	},
	{
		.what = "without a free port there is no MASTER_ADDR and no MASTER_PORT",
		.bind_to = PLACE_CORE,
		.no_port = true,
		.inherited = {"MASTER_PORT=29500"},
		.rank_0 = {"MASTER_ADDR", "MASTER_PORT"},
	},
	{
		.what = "what the supervisor sets at each start cannot be set or removed",
		.bind_to = PLACE_CORE,
		.env = {{"MUSTER_RESTART_COUNT", "5"}},
		.env_of_rank_1 = {{"MUSTER_FD", "9"}, {"X", "1"}},
		.rank_0 = {"MUSTER_RESTART_COUNT", "X"},
		.rank_1 = {"MUSTER_FD", "X=1"},
		.warning =
			"MUSTER_RESTART_COUNT, MUSTER_FD are set by muster at each start: what env or -x says of them "
			"is not used",
	},
	{
		.what = "of the supervisor's variables the one is named that the spec speaks of",
		.env = {{"MUSTER_RESTART_COUNT", "5"}},
		.rank_0 = {"MUSTER_RESTART_COUNT"},
		.warning = "MUSTER_RESTART_COUNT is set by muster at each start: what env or -x says of it is not used",
	},
};

static void ranks_find_exactly_these_variables(void **state)
{
	(void)state;
	check_environments(cases, COUNT_OF(cases));
}

static void ranks_count_across_hosts(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"MUSTER_RANK=5",      "RANK=5",
		"ROLE_RANK=5",        "MUSTER_LOCAL_RANK=1",
		"LOCAL_RANK=1",       "MUSTER_NODE_RANK=2",
		"GROUP_RANK=2",       "MUSTER_NUM_NODES=3",
		"GROUP_WORLD_SIZE=3", "MUSTER_WORLD_SIZE=6",
		"ROLE_WORLD_SIZE=6",  "LOCAL_WORLD_SIZE=2",
		"MASTER_ADDR=host-0",
	};
	struct fixture f;
	fixture_begin(&f, 2);
	fixture_place(&f, 0, "0", true);
	fixture_place(&f, 1, "1", true);
	f.context.first_rank = 4;
	f.context.world_size = 6;
	f.context.node_rank = 2;
	f.context.node_count = 3;
	f.context.master_address = "host-0";
	struct launch_plan plan = fixture_make_plan(&f);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		check_line(&plan, 1, lines[i], "across hosts");
	launch_plan_finish(&plan);
	fixture_end(&f);
}

static void a_rank_that_becomes_another_user_finds_that_users_home(void **state)
{
	(void)state;
	static char user[] = "daemon";
	if (geteuid() != 0)
		skip();
	struct case_storage storage;
	struct environment_case of_root = {.bind_to = PLACE_CORE, .inherited = {"HOME=/r", "USER=r", "LOGNAME=r"}};
	struct launch_plan plan = plan_case(&storage, &of_root);
	check_line(&plan, 0, "HOME=/r", "root");
	launch_plan_finish(&plan);
	storage.fixture.spec.user = user;
	plan = fixture_make_plan(&storage.fixture);
	check_line(&plan, 0, "USER=daemon", "daemon");
	check_line(&plan, 0, "LOGNAME=daemon", "daemon");
	check_line(&plan, 0, "HOME=/usr/sbin", "daemon");
	launch_plan_finish(&plan);
	fixture_end(&storage.fixture);
}

static void names_of_other_launchers_are_known_whole_or_by_their_beginning(void **state)
{
	(void)state;
	static const char *const foreign[] = {"PMI_FD", "PMI_", "SLURM_NTASKS", "FLUX_TASK_RANK", "OMPI_UNIVERSE_SIZE"};
	static const char *const fine[] = {"PMI",          "SLURM_JOB_ID", "SLURM_PROCID2",   "SLURM_PROCI",
	                                   "OMPI_MCA_btl", "MY_PMI_RANK",  "OMP_NUM_THREADS", ""};
	for (size_t i = 0; i < COUNT_OF(foreign); i++)
		assert_true(is_foreign_variable(foreign[i], strlen(foreign[i])));
	for (size_t i = 0; i < COUNT_OF(fine); i++)
		assert_false(is_foreign_variable(fine[i], strlen(fine[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranks_find_exactly_these_variables),
		cmocka_unit_test(ranks_count_across_hosts),
		cmocka_unit_test(a_rank_that_becomes_another_user_finds_that_users_home),
		cmocka_unit_test(names_of_other_launchers_are_known_whole_or_by_their_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
