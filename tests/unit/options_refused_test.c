/* SPDX-License-Identifier: MIT
 *
 * options: command lines that are refused, with which words; and what is said to who types the words of another
 * launcher.
 */
#include "options_fixture.h"
#include "test_directory.h"

#include "base/error.h"
#include "base/text.h"
#include "commands/foreign_options.h"
#include "commands/option_table.h"
#include "commands/options.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct refused {
	enum option_user user;
	const char *line;
	const char *says;
};

static const struct refused refused[] = {
	{OPTIONS_OF_RUN, "run", "what to run is missing: name a spec (SPEC.yaml) or a command"},
	{OPTIONS_OF_RUN, "run -n 4", "what to run is missing: name a spec (SPEC.yaml) or a command"},
	{OPTIONS_OF_RUN, "run --set command=[ls]",
         "what to run is missing: --set command goes over the command of a spec; name the spec (SPEC.yaml), or write "
         "the "
         "command without --set"},
	{OPTIONS_OF_RUN, "run --", "what to run is missing: name a spec (SPEC.yaml) or a command"},
	{OPTIONS_OF_RUN, "run --oversubscribe true",
         "--oversubscribe: \"true\" is not allow, warn or refuse; and what to run is missing"},
	{OPTIONS_OF_RUN, "run -n ls",
         "-n: \"ls\" is not a number from 1 to 65536, or auto; and what to run is missing"},
	{OPTIONS_OF_RUN, "run -n", "-n needs a value: -n N"},
	{OPTIONS_OF_RUN, "run -np", "-np needs a value: -np N"},
	{OPTIONS_OF_RUN, "run --timeout", "--timeout needs a value: --timeout T"},
	{OPTIONS_OF_RUN, "run --nproc 4 ls", "unknown option --nproc; did you mean --nprocs?"},
	{OPTIONS_OF_RUN, "run --bindto core ls", "unknown option --bindto; did you mean --bind-to?"},
	{OPTIONS_OF_RUN, "run --report-binding ls", "unknown option --report-binding; did you mean --report-bindings?"},
	{OPTIONS_OF_RUN, "run --zebra=1 ls", "unknown option --zebra; see --help"},
	{OPTIONS_OF_RUN, "run --start-timeout 5s ls",
         "unknown option --start-timeout; write --set start_timeout=VALUE"},
	{OPTIONS_OF_RUN, "run --cpu_time=5s ls", "unknown option --cpu_time; write --set limits.cpu_time=VALUE"},
	{OPTIONS_OF_RUN, "run --failure.grace=5s ls", "unknown option --failure.grace; write --kill-after T"},
	{OPTIONS_OF_RUN, "run --working-directory d ls", "unknown option --working-directory; write --wdir DIR"},
	{OPTIONS_OF_RUN, "run --stderr f ls", "unknown option --stderr; write --error PATTERN"},
	{OPTIONS_OF_RUN, "run -Z ls", "unknown option -Z; see --help"},
	{OPTIONS_OF_RUN, "run -qZ ls", "unknown option -qZ; see --help"},
	{OPTIONS_OF_RUN, "run --no-join=1 ls", "--no-join takes no value, and \"1\" was given"},
	{OPTIONS_OF_RUN, "run a.yaml -n 4",
         "\"-n\" after a.yaml: options go before the spec, arguments for its command after \"--\""},
	{OPTIONS_OF_RUN, "run a.yaml b.yaml",
         "\"b.yaml\" after a.yaml: options go before the spec, arguments for its command after \"--\""},
	{OPTIONS_OF_RUN, "run --json ls", "--json is an option of muster plan, not of muster run"},
	{OPTIONS_OF_RUN, "run -j ls", "--json is an option of muster plan, not of muster run"},
	{OPTIONS_OF_RUN, "run --topology x ls", "--topology is an option of muster plan, not of muster run"},
	{OPTIONS_OF_RUN, "run --color blue ls", "--color: \"blue\" is not auto, always or never"},
	{OPTIONS_OF_RUN, "run --report ^ ls", "--report: the text must not be empty"},
	{OPTIONS_OF_RUN, "run -x HOME,PATH ls", "-x HOME,PATH: write -x NAME once for each variable"},
	{OPTIONS_OF_RUN, "run -x MUSTER_TEST_UNSET ls",
         "-x MUSTER_TEST_UNSET: it is not set in muster's own environment; write MUSTER_TEST_UNSET=VALUE to set it"},
	{OPTIONS_OF_RUN, "run --nprocs= ls", "--nprocs: its value is empty"},
	{OPTIONS_OF_RUN, "run --cpu-set ^ ls", "--cpu-set: its value is empty"},
	{OPTIONS_OF_RUN, "run --timeout ^ ls", "--timeout: its value is empty"},
	{OPTIONS_OF_RUN, "run -o ^ ls", "-o: its value is empty; write terminal, null, or a path pattern"},
	{OPTIONS_OF_RUN, "run --error= ls", "--error: its value is empty; write terminal, null, or a path pattern"},
	{OPTIONS_OF_RUN, "run -e FOO=1 ls", "-e names the file for standard error; for a variable write -x FOO=1"},
	{OPTIONS_OF_RUN, "run -eFOO= ls", "-e names the file for standard error; for a variable write -x FOO="},
	{OPTIONS_OF_RUN, "run -x ^ ls", "-x: its value is empty; write NAME or NAME=VALUE"},
	{OPTIONS_OF_RUN, "run -o -n 2 ls", "-o needs a value: -o PATTERN; \"-n\" is an option"},
	{OPTIONS_OF_RUN, "run -o -qn2 ls", "-o needs a value: -o PATTERN; \"-qn2\" is an option"},
	{OPTIONS_OF_RUN, "run --report -n 2 ls", "--report needs a value: --report FILE; \"-n\" is an option"},
	{OPTIONS_OF_RUN, "run --wdir --nprocs=2 ls", "--wdir needs a value: --wdir DIR; \"--nprocs=2\" is an option"},
	{OPTIONS_OF_RUN, "run -np --label ls", "-np needs a value: -np N; \"--label\" is an option"},
	{OPTIONS_OF_RUN, "run -n -- ls", "-n needs a value: -n N; \"--\" is an option"},
	{OPTIONS_OF_PLAN, "plan --svg", "--svg needs a value: --svg FILE"},
	{OPTIONS_OF_PLAN, "plan --svg -n 2 ls", "--svg needs a value: --svg FILE; \"-n\" is an option"},
	{OPTIONS_OF_PLAN, "plan -n -j ls", "-n needs a value: -n N; \"-j\" is an option"},
	{OPTIONS_OF_PLAN, "plan --topologi x ls", "unknown option --topologi; did you mean --topology?"},
};

static void a_wrong_command_line_is_refused_and_leaves_nothing(void **state)
{
	(void)state;
	unsetenv("MUSTER_TEST_UNSET");
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct line line;
		struct run_options options;
		struct error err = {0};
		line_split(&line, refused[i].line);
		assert_int_equal(run_options_parse(&options, refused[i].user, line.count, line.words, &err), -EINVAL);
		assert_string_equal(err.text, refused[i].says);
		assert_null(options.overrides);
		assert_null(options.command);
	}
}

/* Of mpirun, mpiexec.hydra, srun and torchrun: the option, and how the answer begins. */
static const struct {
	const char *line;
	const char *says;
} foreign[] = {
	{"--ntasks 4", "unknown option --ntasks; write -n N"},
	{"-N 4", "unknown option -N; write -n N, the number of ranks"},
	{"-N4", "unknown option -N; write -n N, the number of ranks"},
	{"-ppn 4", "unknown option -ppn; write -n N, the number of ranks"},
	{"--cpus-per-task=4", "unknown option --cpus-per-task; write -c N"},
	{"--ranks=2", "unknown option --ranks; for the number of ranks write -n N"},
	{"--cores=2", "unknown option --cores; write -c N"},
	{"--memory=1GiB", "unknown option --memory; write --set limits.memory=SIZE"},
	{"--background", "unknown option --background; write -d (--detach)"},
	{"--daemonize", "unknown option --daemonize; write -d (--detach)"},
	{"--grace 5s", "unknown option --grace; write --kill-after T"},
	{"--retries 3", "unknown option --retries; write --on-failure restart --max-restarts N"},
	{"--cpu-bind=cores", "unknown option --cpu-bind; write --bind-to core"},
	{"--cpu_bind cores", "unknown option --cpu_bind; write --bind-to core"},
	{"-bind-to core", "unknown option -bind-to; did you mean --bind-to?"},
	{"-output x", "unknown option -output; did you mean --output?"},
	{"-verbose", "unknown option -verbose; did you mean --verbose?"},
	{"--hostfile h", "unknown option --hostfile; leave it out: all ranks are on this host"},
	{"-H a,b", "unknown option -H; leave it out: all ranks are on this host"},
	{"-host a", "unknown option -host; leave it out: all ranks are on this host"},
	{"--nnodes=1", "unknown option --nnodes; leave it out: all ranks are on this host"},
	{"--standalone", "unknown option --standalone; leave it out: muster gives ranks MASTER_ADDR"},
	{"--rdzv_backend c10d", "unknown option --rdzv_backend; leave it out: muster gives ranks MASTER_ADDR"},
	{"--tag-output", "unknown option --tag-output; leave it out: each line begins with [RANK]"},
	{"--prepend-rank", "unknown option --prepend-rank; leave it out: each line begins with [RANK]"},
	{"-prepend-rank", "unknown option -prepend-rank; leave it out: each line begins with [RANK]"},
	{"--allow-run-as-root", "unknown option --allow-run-as-root; leave it out"},
	{"--mca a b", "unknown option --mca; leave it out: muster is no part of an MPI library"},
	{"--output-filename d", "unknown option --output-filename; write -o FILE.%r"},
	{"-t 10", "unknown option -t; write --timeout T"},
	{"-genv A 1", "unknown option -genv; write -x NAME"},
	{"-env A 1", "unknown option -env; did you mean --env?"},
	{"--n 2", "unknown option --n; did you mean -n?"},
	{"--jobs 4", "unknown option --jobs; write -n N"},
	{"--dry-run", "unknown option --dry-run; write muster plan instead of muster run"},
	{"--env-file f", "unknown option --env-file; write env: in a spec"},
	{"-it", "unknown option -it; leave it out: rank 0 reads muster's standard input"},
	{"--pty", "unknown option --pty; leave it out: rank 0 reads muster's standard input"},
	{"--rm", "unknown option --rm; leave it out: nothing of a job is left"},
	{"--no-bind", "unknown option --no-bind; write --bind-to"},
	{"--log-file f", "unknown option --log-file; write -o FILE.%r"},
	{"-n=2", "-n=2: a letter takes its value without \"=\": write -n 2, or --nprocs=2"},
	{"-o=out", "-o=out: a letter takes its value without \"=\": write -o out, or --output=out"},
};

static void an_option_of_another_launcher_is_answered_with_what_muster_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(foreign); i++) {
		char text[128];
		struct line line;
		struct run_options options;
		struct error err = {0};
		snprintf(text, sizeof text, "run %s ls", foreign[i].line);
		line_split(&line, text);
		assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, &err), -EINVAL);
		if (strncmp(err.text, foreign[i].says, strlen(foreign[i].says)) != 0)
			assert_string_equal(err.text, foreign[i].says);
	}
}

static void each_foreign_option_has_one_answer_and_none_takes_a_name_of_ours(void **state)
{
	(void)state;
	assert_null(foreign_option_repeated());
	for (size_t i = 0; i < option_table_count; i++) {
		const struct option_row *row = &option_table[i];
		assert_null(foreign_option_advice(row->name, strlen(row->name)));
		if (row->letter != 0)
			assert_null(foreign_option_advice(&row->letter, 1));
		if (row->alias != NULL)
			assert_null(foreign_option_advice(row->alias, strlen(row->alias)));
	}
}

static const struct {
	const char *line;
	const char *says;
} foreign_values[] = {
	{"--bind-to socket", "did you mean \"package\"?"},
	{"--map-by socket", "did you mean \"package\"?"},
	{"--map-by ppr:2:socket", "did you mean \"package\"?"},
	{"--map-by core:PE=2", "did you mean \"core\"?"},
	{"--map-by node", "did you mean \"core\"? all ranks are on this host, core after core; for NUMA nodes, numa"},
	{"--map-by slot", "did you mean \"core\"? all ranks are on this host, core after core"},
	{"--bind-to threads", "did you mean \"hwthread\"?"},
	{"--bind-to l3", "did you mean \"l3cache\"?"},
	{"--nproc-per-node gpu",
         "did you mean \"auto\"? one rank for each core; for one on each GPU, write their number"},
};

static void a_word_of_another_launcher_is_answered_with_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(foreign_values); i++) {
		char words[128];
		struct line line;
		struct run_options options;
		struct job_spec spec = {0};
		struct diagnostics wrong = {0};
		snprintf(words, sizeof words, "run %s ls", foreign_values[i].line);
		line_split(&line, words);
		assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, NULL), 0);
		assert_int_equal(job_spec_load(&spec, &options, &wrong), -EINVAL);
		assert_int_equal(wrong.count, 1);
		const char *question = strstr(wrong.items[0].message, "; ");
		assert_non_null(question);
		assert_string_equal(question + 2, foreign_values[i].says);
		diagnostics_finish(&wrong);
		run_options_finish(&options);
	}
}

static void every_wrong_value_of_a_command_line_is_told_at_once(void **state)
{
	(void)state;
	struct line line;
	struct run_options options;
	struct job_spec spec = {0};
	struct diagnostics wrong = {0};
	struct text text = {0};
	line_split(&line, "run -n 0 --timeout 3 -o x%q --set x=1 ls");
	assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, NULL), 0);
	assert_int_equal(job_spec_load(&spec, &options, &wrong), -EINVAL);
	diagnostics_format(&wrong, "", &text);
	assert_string_equal(
		text.bytes,
		"muster: -n: 0 is out of range: it must be a number from 1 to 65536, or auto\n"
		"muster: --timeout: 3 has no unit: write 3s, or another duration like 500ms, 5m or 1h30m\n"
		"muster: -o: \"x%q\" has a % that is none of %j (job id), %r (rank) and %% (a percent sign)\n"
		"muster: --set: unknown key \"x\"\n");
	text_finish(&text);
	diagnostics_finish(&wrong);
	run_options_finish(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_command_line_is_refused_and_leaves_nothing),
		cmocka_unit_test(an_option_of_another_launcher_is_answered_with_what_muster_has),
		cmocka_unit_test(each_foreign_option_has_one_answer_and_none_takes_a_name_of_ours),
		cmocka_unit_test(a_word_of_another_launcher_is_answered_with_ours),
		cmocka_unit_test(every_wrong_value_of_a_command_line_is_told_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
