/* SPDX-License-Identifier: MIT
 *
 * environment: for each case, what muster inherits and what the spec says, and then the exact lines that ranks find.
 * A line "NAME" without "=" means: the name is not there.
 */
#include "plan_fixture.h"

#include "plan/foreign_variables.h"

#include <stdio.h>
#include <unistd.h>

enum { LINES_MAX = 40, CHANGES_MAX = 8 };

struct change_case {
	const char *name;
	const char *value; /* NULL: removed */
};

struct environment_case {
	const char *what;
	const char *inherited[LINES_MAX];
	enum inherit_env inherit_env;
	const char *listed[CHANGES_MAX];
	uint32_t threads;
	enum place_level bind_to; /* PLACE_NONE: not bound */
	struct change_case env[CHANGES_MAX];
	struct change_case env_of_rank_1[CHANGES_MAX];
	const char *cpus[2]; /* of the two ranks; both NULL: "0,8" and "1,9" */
	uint32_t quota_millicpus;
	uint32_t cpus_per_rank; /* 0: not given */
	bool no_port;
	const char *rank_0[LINES_MAX];
	const char *rank_1[LINES_MAX];
	const char *warning; /* the only one; NULL: none */
};

#define IGNORED                                                                                                        \
	"env: MUSTER_FD, MUSTER_RESTART_COUNT and TORCHELASTIC_RESTART_COUNT are set by muster at each start; what "   \
	"the "                                                                                                         \
	"spec says of them is not used"

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
		.inherited = {"HOME=/h"},
		.env = {{"SLURM_PROCID", "5"}, {"MUSTER_NODE_RANK", "8"}, {"MASTER_PORT", "29500"}, {"RANK", "7"}},
		.rank_1 = {"SLURM_PROCID=5", "MUSTER_NODE_RANK=8", "MASTER_PORT=29500", "MASTER_ADDR=127.0.0.1",
                           "RANK=7", "MUSTER_RANK=1"},
	},
	{
		.what = "null removes what is inherited and what muster would set",
		.bind_to = PLACE_CORE,
		.inherited = {"HOME=/h", "TWICE=1", "PATH=/bin", "TWICE=2"},
		.env = {{"HOME", NULL},
                        {"TWICE", NULL},
                        {"ROLE_NAME", NULL},
                        {"RANK", NULL},
                        {"MUSTER_CPUS", NULL},
                        {"NEVER_THERE", NULL}},
		.rank_0 = {"HOME", "TWICE", "PATH=/bin", "ROLE_NAME", "RANK", "MUSTER_CPUS", "NEVER_THERE",
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
		.warning = IGNORED,
	},
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

/* -- From a case to a plan ----------------------------------------------------------------------------------------- */

/* The plan's types hold char *: nothing writes through them. */
static char *text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static struct env_changes changes_of(const struct change_case *changes, struct env_change *items)
{
	uint32_t count = 0;
	for (; count < CHANGES_MAX && changes[count].name != NULL; count++)
		items[count] = (struct env_change){text_of(changes[count].name), text_of(changes[count].value)};
	return (struct env_changes){.items = items, .count = count};
}

struct case_storage {
	struct fixture fixture;
	char *inherited[LINES_MAX + 1];
	char *listed[CHANGES_MAX + 1];
	struct env_change env[CHANGES_MAX], env_of_rank_1[CHANGES_MAX];
	struct rank_exception exception;
};

static void fill_spec(struct case_storage *s, const struct environment_case *c)
{
	struct job_spec *spec = &s->fixture.spec;
	spec->inherit_env = c->inherit_env;
	spec->threads = c->threads;
	spec->placement.bind_to = c->bind_to;
	spec->placement.cpus_per_rank = c->cpus_per_rank;
	spec->placement.cpus_per_rank_given = c->cpus_per_rank > 0;
	spec->env = changes_of(c->env, s->env);
	s->exception.env = changes_of(c->env_of_rank_1, s->env_of_rank_1);
	for (uint32_t i = 0; i < CHANGES_MAX && c->listed[i] != NULL; i++)
		s->listed[spec->inherit_names.count++] = text_of(c->listed[i]);
	spec->inherit_names.items = s->listed;
	if (s->exception.env.count > 0) {
		index_set_add(&s->exception.ranks, 1);
		spec->ranks = &s->exception;
		spec->ranks_count = 1;
	}
}

static struct launch_plan plan_case(struct case_storage *s, const struct environment_case *c)
{
	memset(s, 0, sizeof *s);
	fixture_begin(&s->fixture, 2);
	for (uint32_t i = 0; i < LINES_MAX && c->inherited[i] != NULL; i++)
		s->inherited[i] = text_of(c->inherited[i]);
	s->fixture.context.environment = s->inherited;
	s->fixture.machine.quota_millicpus = c->quota_millicpus;
	if (c->no_port)
		s->fixture.context.master_port = 0;
	fill_spec(s, c);
	fixture_place(&s->fixture, 0, c->cpus[0] == NULL ? "0,8" : c->cpus[0], c->bind_to != PLACE_NONE);
	fixture_place(&s->fixture, 1, c->cpus[1] == NULL ? "1,9" : c->cpus[1], c->bind_to != PLACE_NONE);
	struct launch_plan plan = {0};
	assert_int_equal(launch_plan_make(&plan, &s->fixture.spec, &s->fixture.placement, &s->fixture.context, NULL),
	                 0);
	return plan;
}

/* -- What a rank finds --------------------------------------------------------------------------------------------- */

static uint32_t count_of_name(char *const *list, const char *name, size_t length, const char **found)
{
	uint32_t count = 0;
	for (; *list != NULL; list++) {
		if (strncmp(*list, name, length) != 0 || (*list)[length] != '=')
			continue;
		*found = *list;
		count++;
	}
	return count;
}

static void check_line(const struct launch_plan *plan, uint32_t rank, const char *line, const char *what)
{
	size_t length = strcspn(line, "=");
	const char *found = NULL;
	uint32_t count = count_of_name(plan->job_environment, line, length, &found) +
	                 count_of_name(plan->ranks[rank].environment, line, length, &found);
	uint32_t expected = line[length] == '=';
	if (count != expected)
		fail_msg("%s: rank %u has %u of %.*s, not %u", what, rank, count, (int)length, line, expected);
	if (expected == 1 && strcmp(found, line) != 0)
		fail_msg("%s: rank %u has %s, not %s", what, rank, found, line);
}

/* The promise that the two lists can simply be put one after the other. */
static void check_no_name_twice(const struct launch_plan *plan, uint32_t rank, const char *what)
{
	for (char **line = plan->ranks[rank].environment; *line != NULL; line++) {
		const char *found = NULL;
		size_t length = strcspn(*line, "=");
		uint32_t count = count_of_name(plan->job_environment, *line, length, &found) +
		                 count_of_name(plan->ranks[rank].environment, *line, length, &found);
		if (count != 1)
			fail_msg("%s: rank %u has %s and %u more of that name", what, rank, *line, count - 1);
	}
}

static void ranks_find_exactly_these_variables(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct environment_case *c = &cases[i];
		struct case_storage storage;
		struct launch_plan plan = plan_case(&storage, c);
		for (uint32_t line = 0; line < LINES_MAX && c->rank_0[line] != NULL; line++)
			check_line(&plan, 0, c->rank_0[line], c->what);
		for (uint32_t line = 0; line < LINES_MAX && c->rank_1[line] != NULL; line++)
			check_line(&plan, 1, c->rank_1[line], c->what);
		check_no_name_twice(&plan, 0, c->what);
		check_no_name_twice(&plan, 1, c->what);
		if (plan.warning_count != (c->warning != NULL))
			fail_msg("%s: %u warnings: %s", c->what, plan.warning_count,
			         plan.warning_count > 0 ? plan.warnings[0] : "");
		if (c->warning != NULL)
			assert_string_equal(plan.warnings[0], c->warning);
		launch_plan_finish(&plan);
		fixture_end(&storage.fixture);
	}
}

/* -- What no table shows ------------------------------------------------------------------------------------------- */

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
	struct launch_plan plan = {0};
	assert_int_equal(launch_plan_make(&plan, &f.spec, &f.placement, &f.context, NULL), 0);
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
	struct fixture *f = &storage.fixture;
	assert_int_equal(launch_plan_make(&plan, &f->spec, &f->placement, &f->context, NULL), 0);
	check_line(&plan, 0, "USER=daemon", "daemon");
	check_line(&plan, 0, "LOGNAME=daemon", "daemon");
	check_line(&plan, 0, "HOME=/usr/sbin", "daemon");
	launch_plan_finish(&plan);
	fixture_end(f);
}

static void without_a_machine_each_cpu_is_a_place(void **state)
{
	(void)state;
	struct fixture f;
	fixture_begin(&f, 1);
	fixture_place(&f, 0, "0,8", true);
	f.context.machine = NULL;
	struct launch_plan plan = {0};
	assert_int_equal(launch_plan_make(&plan, &f.spec, &f.placement, &f.context, NULL), 0);
	check_line(&plan, 0, "OMP_PLACES={0},{8}", "no machine");
	launch_plan_finish(&plan);
	fixture_end(&f);
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
		cmocka_unit_test(what_is_the_same_for_all_ranks_stands_once),
		cmocka_unit_test(ranks_count_across_hosts),
		cmocka_unit_test(a_rank_that_becomes_another_user_finds_that_users_home),
		cmocka_unit_test(without_a_machine_each_cpu_is_a_place),
		cmocka_unit_test(names_of_other_launchers_are_known_whole_or_by_their_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
