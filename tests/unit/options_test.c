/* SPDX-License-Identifier: MIT
 *
 * options: command lines of run and plan: what they come to, where options end, and what help shows of them.
 */
#include "options_fixture.h"
#include "test_directory.h"

#include "base/error.h"
#include "base/text.h"
#include "commands/option_table.h"
#include "commands/options.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/spec_keys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "--nprocs nprocs=4; --env env=A=1": what lies over the spec. */
static void describe_overrides(const struct run_options *options, struct text *text)
{
	text_add(text, "");
	for (uint32_t i = 0; i < options->override_count; i++)
		text_add_format(text, "%s%s %s%s%s", i > 0 ? "; " : "", options->overrides[i].option,
		                options->overrides[i].key == NULL ? "" : options->overrides[i].key,
		                options->overrides[i].key == NULL ? "" : "=", options->overrides[i].value);
}

struct accepted {
	const char *line;
	const char *overrides;
};

static const struct accepted accepted[] = {
	{"run ls", ""},
	{"run -n 4 ls", "-n nprocs=4"},
	{"run -n4 ls", "-n nprocs=4"},
	{"run -np 4 ls", "-np nprocs=4"},
	{"run --nprocs 4 ls", "--nprocs nprocs=4"},
	{"run --nprocs=4 ls", "--nprocs nprocs=4"},
	{"run --nproc-per-node 4 ls", "--nproc-per-node nprocs=4"},
	{"run --nproc_per_node=auto ls", "--nproc_per_node nprocs=auto"},
	{"run -c 2 --cpus_per_rank=3 ls", "-c placement.cpus_per_rank=2; --cpus_per_rank placement.cpus_per_rank=3"},
	{"run --bind-to numa --map-by package ls",
         "--bind-to placement.bind_to=numa; --map-by placement.map_by=package"},
	{"run --cpu-set 0-3,8 --mem-bind local ls",
         "--cpu-set placement.cpu_set=0-3,8; --mem-bind placement.memory=local"},
	{"run --oversubscribe allow ls", "--oversubscribe placement.oversubscribe=allow"},
	{"run --exclusive ls", "--exclusive placement.exclusive=true"},
	{"run --no-exclusive ls", "--no-exclusive placement.exclusive=false"},
	{"run --wait-for-cores ls", "--wait-for-cores placement.wait_for_cores=87600h"},
	{"run --wait-for-cores 5m ls", "--wait-for-cores placement.wait_for_cores=5m"},
	{"run --wait-for-cores=5m ls", "--wait-for-cores placement.wait_for_cores=5m"},
	{"run --wait-for-cores=later ls", "--wait-for-cores placement.wait_for_cores=later"},
	{"run --no-join ls", "--no-join join=false"},
	{"run -d ls", "-d join=false"},
	{"run --detach --daemon ls", "--detach join=false; --daemon daemon=true"},
	{"run --join --no-daemon ls", "--join join=true; --no-daemon daemon=false"},
	{"run -x A=1 -x B=x=y --env C= ls", "-x env=A=1; -x env=B=x=y; --env env=C="},
	{"run -xA=1 ls", "-x env=A=1"},
	{"run -x MUSTER_TEST_SET ls", "-x env=MUSTER_TEST_SET=its value"},
	{"run --wdir /tmp ls", "--wdir working_directory=/tmp"},
	{"run --timeout 1h -k 5s ls", "--timeout timeout=1h; -k failure.grace=5s"},
	{"run --on-failure restart --max-restarts 3 ls", "--on-failure failure.policy=restart; --max-restarts "
                                                         "failure.max_restarts=3"},
	{"run -l ls", "-l output.label=true"},
	{"run --no-label --timestamp --raw ls",
         "--no-label output.label=false; --timestamp output.timestamp=true; --raw "
         "output.raw=true"},
	{"run -o /tmp/out.%r -e null ls", "-o output.stdout=/tmp/out.%r; -e output.stderr=null"},
	{"run -e /tmp/A=1 ls", "-e output.stderr=/tmp/A=1"},
	{"run -o/tmp/o ls", "-o output.stdout=/tmp/o"},
	{"run -dn 2 ls", "-d join=false; -n nprocs=2"},
	{"run -dln2 ls", "-d join=false; -l output.label=true; -n nprocs=2"},
	{"run --stdin none ls", "--stdin stdin=none"},
	{"run --set placement.smt=one --set=nprocs=2 ls", "--set placement.smt=one; --set nprocs=2"},
	{"run --timeout - -k -3s --cpu-set -zebra --stdin=-n --on-failure=--label ls",
         "--timeout timeout=-; -k failure.grace=-3s; --cpu-set placement.cpu_set=-zebra; --stdin stdin=-n; "
         "--on-failure failure.policy=--label"},
	{"run --map-by -j --bind-to -lz ls", "--map-by placement.map_by=-j; --bind-to placement.bind_to=-lz"},
	{"run -n -3 ls", "-n nprocs=-3"},
	{"run -n 2 ls -n 3", "-n nprocs=2"},
};

static void options_become_values_over_the_spec(void **state)
{
	(void)state;
	setenv("MUSTER_TEST_SET", "its value", 1);
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct line line;
		struct run_options options;
		struct error err = {0};
		struct text text = {0};
		line_split(&line, accepted[i].line);
		int rc = run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, &err);
		assert_string_equal(err.text, "");
		assert_int_equal(rc, 0);
		describe_overrides(&options, &text);
		assert_string_equal(text.bytes, accepted[i].overrides);
		assert_string_equal(options.command[0], "ls");
		text_finish(&text);
		run_options_finish(&options);
	}
}

struct positional {
	const char *line;
	const char *spec;
	const char *command; /* joined by blanks */
};

static const struct positional positionals[] = {
	{"run ls", NULL, "ls"},
	{"run ls -l --help", NULL, "ls -l --help"},
	{"run -- ls -l", NULL, "ls -l"},
	{"run -- -x", NULL, "-x"},
	{"run ls -- a", NULL, "ls -- a"},
	{"run a.yaml", "a.yaml", ""},
	{"run dir/a.yml", "dir/a.yml", ""},
	{"run -", "-", ""},
	{"run -- a.yaml", "a.yaml", ""},
	{"run a.yaml --", "a.yaml", ""},
	{"run a.yaml -- --epochs 3", "a.yaml", "--epochs 3"},
	{"run a.yaml -- -- x", "a.yaml", "-- x"},
	{"run .yaml", NULL, ".yaml"},
	{"run a.yaml.py", NULL, "a.yaml.py"},
	{"run yaml", NULL, "yaml"},
};

static void the_first_word_that_is_no_option_is_spec_or_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(positionals); i++) {
		struct line line;
		struct run_options options;
		struct text command = {0};
		line_split(&line, positionals[i].line);
		assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, NULL), 0);
		if (positionals[i].spec == NULL)
			assert_null(options.spec_path);
		else
			assert_string_equal(options.spec_path, positionals[i].spec);
		text_add(&command, "");
		for (char **word = options.command; *word != NULL; word++)
			text_add_format(&command, "%s%s", command.length > 0 ? " " : "", *word);
		assert_string_equal(command.bytes, positionals[i].command);
		text_finish(&command);
		run_options_finish(&options);
	}
}

static void plan_takes_its_own_options_and_those_of_run(void **state)
{
	(void)state;
	struct line line;
	struct run_options options;
	line_split(&line,
	           "plan --topology core:4 --json --svg p.svg --report r.json --report-bindings -qvv --color never ls");
	assert_int_equal(run_options_parse(&options, OPTIONS_OF_PLAN, line.count, line.words, NULL), 0);
	assert_string_equal(options.topology, "core:4");
	assert_true(options.json);
	assert_string_equal(options.svg_path, "p.svg");
	assert_string_equal(options.report_path, "r.json");
	assert_true(options.report_bindings);
	assert_true(options.quiet);
	assert_int_equal(options.verbosity, 2);
	assert_int_equal(options.color, COLOR_NEVER);
	run_options_finish(&options);
}

static void help_is_enough_by_itself(void **state)
{
	(void)state;
	static const char *const lines[] = {"run --help", "run -h", "run -n 4 --help --nonsense", "run -qh"};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct line line;
		struct run_options options;
		line_split(&line, lines[i]);
		assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, NULL), 0);
		assert_true(options.help);
		run_options_finish(&options);
	}
}

static char *help_of(enum option_user user)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);
	assert_non_null(memory);
	option_table_print_help(user, memory);
	fclose(memory);
	return text;
}

static void help_fits_a_terminal_and_shows_what_is_for_whom(void **state)
{
	(void)state;
	for (int user = OPTIONS_OF_RUN; user <= OPTIONS_OF_PLAN; user++) {
		char *text = help_of((enum option_user)user);
		for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1)
			assert_in_range(strcspn(at, "\n"), 0, 79);
		assert_non_null(strstr(text, "-n, --nprocs, --nproc-per-node N"));
		assert_int_equal(strstr(text, "--topology") != NULL, user == OPTIONS_OF_PLAN);
		assert_int_equal(strstr(text, "--report FILE") != NULL, user == OPTIONS_OF_RUN);
		assert_int_equal(strstr(text, "usage: muster plan") != NULL, user == OPTIONS_OF_PLAN);
		free(text);
	}
}

static void every_option_over_the_spec_names_a_key_that_there_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_table_count; i++) {
		const struct option_row *row = &option_table[i];
		if (row->key != NULL)
			assert_non_null(spec_key_find(row->key));
		if (row->action == OPTION_KEY)
			assert_true(row->operand != NULL || row->fixed != NULL);
		if (row->operand != NULL && row->fixed != NULL) /* its value may be left out, and the help says so */
			assert_int_equal(row->operand[0], '[');
	}
}

static void a_directory_of_an_option_counts_from_where_the_user_is(void **state)
{
	(void)state;
	struct line line;
	struct run_options options;
	char expected[4096];
	char *here = getcwd(NULL, 0);
	line_split(&line, "run --wdir sub ls");
	assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, NULL), 0);
	snprintf(expected, sizeof expected, "%s/sub", here);
	assert_string_equal(options.overrides[0].value, expected);
	free(here);
	run_options_finish(&options);
}

static void a_directory_with_a_percent_sign_is_no_pattern(void **state)
{
	(void)state;
	char *place = test_directory_make(), *before = getcwd(NULL, 0), directory[80], expected[96];
	struct line line;
	struct run_options options;
	struct job_spec spec;
	struct diagnostics wrong = {0};
	snprintf(directory, sizeof directory, "%s/100%%r", place);
	assert_int_equal(mkdir(directory, 0755), 0);
	assert_int_equal(chdir(directory), 0);
	line_split(&line, "run --wdir a -o out.%r ls");
	assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, NULL), 0);
	assert_int_equal(chdir(before), 0);
	test_directory_remove(place);
	assert_int_equal(job_spec_load(&spec, &options, &wrong), 0);
	snprintf(expected, sizeof expected, "%s/a", directory);
	assert_string_equal(spec.working_directory, expected);
	snprintf(expected, sizeof expected, "%s/100%%%%r/out.%%r", place);
	assert_string_equal(spec.output.stdout_sinks.items[0].pattern, expected);
	job_spec_finish(&spec);
	run_options_finish(&options);
	free(before);
}

static void a_command_line_becomes_a_job(void **state)
{
	(void)state;
	struct line line;
	struct run_options options;
	struct job_spec spec;
	struct diagnostics wrong = {0};
	line_split(&line, "run -n 2 -x A=1 --set placement.smt=one -k 0 /bin/echo a b");
	assert_int_equal(run_options_parse(&options, OPTIONS_OF_RUN, line.count, line.words, NULL), 0);
	assert_int_equal(job_spec_load(&spec, &options, &wrong), 0);
	assert_string_equal(spec.name, "echo");
	assert_int_equal(spec.nprocs, 2);
	assert_int_equal(spec.command.count, 3);
	assert_string_equal(spec.env.items[0].value, "1");
	assert_int_equal(spec.placement.smt, SMT_ONE);
	assert_int_equal(spec.failure.grace_ms, 0);
	job_spec_finish(&spec);
	run_options_finish(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_become_values_over_the_spec),
		cmocka_unit_test(the_first_word_that_is_no_option_is_spec_or_command),
		cmocka_unit_test(plan_takes_its_own_options_and_those_of_run),
		cmocka_unit_test(help_is_enough_by_itself),
		cmocka_unit_test(help_fits_a_terminal_and_shows_what_is_for_whom),
		cmocka_unit_test(every_option_over_the_spec_names_a_key_that_there_is),
		cmocka_unit_test(a_directory_of_an_option_counts_from_where_the_user_is),
		cmocka_unit_test(a_directory_with_a_percent_sign_is_no_pattern),
		cmocka_unit_test(a_command_line_becomes_a_job),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
