/* SPDX-License-Identifier: MIT
 *
 * job_spec: options and arguments lie over the file in the order in which they were given, and their errors name them.
 */
#include "job_spec_fixture.h"
#include "test_directory.h"

#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/overrides.h"
#include "spec/spec_parse.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const struct override over[] = {
	{OVERRIDE_WORD, "--nprocs", "nprocs", "4", NULL},
	{OVERRIDE_WORD, "--no-join", "join", "false", NULL},
	{OVERRIDE_WORD, "--nprocs", "nprocs", "6", NULL},
	{OVERRIDE_TEXT, "--wdir", "working_directory", "null", NULL},
	{OVERRIDE_WORD, "--cpu-set", "placement.cpu_set", "0-3,8", NULL},
	{OVERRIDE_ENV, "--env", "env", "A=changed", NULL},
	{OVERRIDE_ENV, "--env", "env", "D=x=y", NULL},
	{OVERRIDE_SET, "--set", NULL, "env.E=e", NULL},
	{OVERRIDE_SET, "--set", NULL, "placement.smt=one", NULL},
	{OVERRIDE_SET, "--set", NULL, "command=[b, 'c d']", NULL},
	{OVERRIDE_SET, "--set", NULL, "failure={grace: 7s, signal: INT}", NULL},
	{OVERRIDE_SET, "--set", NULL, "env.B=", NULL},
	{OVERRIDE_SET, "--set", NULL, "umask=077", NULL},
	{OVERRIDE_SET, "--set", NULL, "env={F: 6}", NULL},
	{OVERRIDE_SET, "--set", NULL, "env.G=@g", NULL},
	{OVERRIDE_SET, "--set", NULL, "output.stdout=%r.log", NULL},
};

/* As in a file: as if the mapping were not there. */
static void a_mapping_that_is_set_to_null_has_its_defaults_again(void **state)
{
	(void)state;
	static const char yaml[] = START "failure: {policy: restart, max_restarts: 2, signal: INT, backoff: 9s}\n"
					 "placement: {cpus_per_rank: 3, cpu_set: 0-1, exclusive: true, bind_to: numa}\n"
					 "limits: {open_files: 64}\n";
	static const struct override nulls[] = {
		{OVERRIDE_SET, "--set", NULL, "failure=null", NULL},
		{OVERRIDE_SET, "--set", NULL, "placement=", NULL},
		{OVERRIDE_SET, "--set", NULL, "limits=~", NULL},
		{OVERRIDE_SET, "--set", NULL, "failure.grace=7s", NULL},
	};
	struct spec_request request = {.path = "x.yaml",
	                               .text = yaml,
	                               .text_length = strlen(yaml),
	                               .overrides = nulls,
	                               .override_count = COUNT_OF(nulls)};
	struct job_spec spec;
	read_request(&spec, &request);
	assert_int_equal(spec.failure.policy, FAILURE_STOP);
	assert_int_equal(spec.failure.max_restarts, 0);
	assert_int_equal(spec.failure.signal, SIGTERM);
	assert_int_equal(spec.failure.backoff_ms, 1000);
	assert_int_equal(spec.failure.grace_ms, 7000);
	assert_int_equal(spec.placement.cpus_per_rank, 1);
	assert_false(spec.placement.cpus_per_rank_given);
	assert_false(spec.placement.exclusive_given);
	assert_true(index_set_is_empty(&spec.placement.cpu_set));
	assert_int_equal(spec.placement.bind_to, PLACE_CORE);
	assert_int_equal(spec.limits.open_files, NOT_SET);
	job_spec_finish(&spec);
}

static void options_lie_over_the_file_in_their_order(void **state)
{
	(void)state;
	static const char yaml[] = START "nprocs: 2\nargs: [z]\nenv: {A: a, B: b, C: c}\nfailure: {backoff: 9s}\n";
	char *more[] = {(char[]){"y"}, (char[]){"--z"}, NULL};
	struct spec_request request = {.path = "x.yaml",
	                               .text = yaml,
	                               .text_length = strlen(yaml),
	                               .command = more,
	                               .overrides = over,
	                               .override_count = COUNT_OF(over)};
	struct job_spec spec;
	read_request(&spec, &request);
	assert_int_equal(spec.nprocs, 6);
	assert_false(spec.join);
	assert_string_equal(spec.working_directory, "null");
	assert_int_equal(index_set_count(&spec.placement.cpu_set), 5);
	assert_int_equal(spec.placement.smt, SMT_ONE);
	assert_int_equal(spec.command.count, 2);
	assert_string_equal(spec.command.items[1], "c d");
	assert_int_equal(spec.failure.grace_ms, 7000);
	assert_int_equal(spec.failure.signal, SIGINT);
	assert_int_equal(spec.failure.backoff_ms, 9000);
	assert_int_equal(spec.output.stdout_sinks.count, 1);
	assert_string_equal(spec.output.stdout_sinks.items[0].pattern, "%r.log");
	assert_int_equal(spec.umask, 077);
	static const struct {
		const char *name, *value;
	} env[] = {{"A", "changed"}, {"B", NULL}, {"C", "c"}, {"D", "x=y"}, {"E", "e"}, {"F", "6"}, {"G", "@g"}};
	for (size_t i = 0; i < COUNT_OF(env); i++) {
		uint32_t at = spec.env.count; /* of equal names the last one counts */
		while (at > 0 && strcmp(spec.env.items[at - 1].name, env[i].name) != 0)
			at--;
		assert_true(at > 0);
		if (env[i].value == NULL)
			assert_null(spec.env.items[at - 1].value);
		else
			assert_string_equal(spec.env.items[at - 1].value, env[i].value);
	}
	assert_int_equal(spec.args.count, 3);
	assert_string_equal(spec.args.items[0], "z");
	assert_string_equal(spec.args.items[2], "--z");
	job_spec_finish(&spec);
}

struct wrong_option {
	struct override override;
	const char *says;
};

#define WORD(option, key, value)                                                                                       \
	{                                                                                                              \
		OVERRIDE_WORD, option, key, value, NULL                                                                \
	}
#define SET(value)                                                                                                     \
	{                                                                                                              \
		OVERRIDE_SET, "--set", NULL, value, NULL                                                               \
	}

static const struct wrong_option wrong_options[] = {
	{WORD("--nprocs", "nprocs", "0"),
         "muster: --nprocs: 0 is out of range: it must be a number from 1 to 65536, or auto\n"},
	{WORD("--nprocs", "nprocs", "abc"), "muster: --nprocs: \"abc\" is not a number from 1 to 65536, or auto\n"},
	{WORD("--nprocs", "nprocs", ""),
         "muster: --nprocs: this is null; it must be a number from 1 to 65536, or auto\n"},
	{WORD("--timeout", "timeout", "30"),
         "muster: --timeout: 30 has no unit: write 30s, or another duration like 500ms, 5m or 1h30m\n"},
	{WORD("--bind-to", "placement.bind_to", "cores"), "muster: --bind-to: \"cores\" is not none, hwthread, core, "
                                                          "l3cache, numa or package; did you mean \"core\"?\n"},
	{WORD("--cpu-set", "placement.cpu_set", "x"),
         "muster: --cpu-set: \"x\" is not a list like \"0-3,8\": a number is missing at \"x\"\n"},
	{WORD("--stdin", "stdin", "9"), "muster: --stdin: stdin is for rank 9, and ranks are 0 to 1 (nprocs: 2)\n"},
	{WORD("--max-restarts", "failure.max_restarts", "3"),
         "muster: --max-restarts: failure.max_restarts does nothing with "
         "failure.policy: stop; write failure.policy: restart (--on-failure restart)\n"},
	{WORD("--on-failure", "failure.policy", "restart"),
         "muster: --on-failure: failure.policy: restart needs failure.max_restarts (--max-restarts N), which is 0 "
         "unless given\n"},
	{{OVERRIDE_ENV, "--env", "env", "=x", NULL},
         "muster: --env: \"\" cannot name a variable: a name is not empty and has no \"=\" and no blanks\n"},
	{{OVERRIDE_ENV, "--env", "env", "A", NULL}, "muster: --env: \"A\" is not NAME=VALUE\n"},
	{SET("nprocs"), "muster: --set: \"nprocs\" is not KEY=VALUE, like nprocs=4\n"},
	{SET("=4"), "muster: --set: \"=4\" is not KEY=VALUE, like nprocs=4\n"},
	{SET("nproc=4"), "muster: --set: unknown key \"nproc\"; did you mean \"nprocs\"?\n"},
	{SET("placement.bind=4"), "muster: --set: unknown key \"bind\" in placement; did you mean \"bind_to\"?\n"},
	{SET("nprocs.x=4"), "muster: --set: unknown key \"x\": nprocs holds no keys\n"},
	{SET("ranks[].env=4"),
         "muster: --set: \"ranks[].env\": exceptions can only be set as a whole: --set 'ranks=[...]'\n"},
	{SET("nprocs=[4"), "muster: --set nprocs: not valid YAML: did not find expected ',' or ']'\n"},
	{SET("args=[%4]"), "muster: --set args: not valid YAML: a text that begins with % must be quoted\n"},
	{SET("nprocs=%4"), "muster: --set nprocs: \"%4\" is not a number from 1 to 65536, or auto\n"},
	{SET("nprocs=[4]"), "muster: --set nprocs: this is a list; it must be a number from 1 to 65536, or auto\n"},
	{SET("nprocs=\"4\""), "muster: --set nprocs: \"4\" is a text: write 4, without quotes\n"},
	{SET("nprocs=# 4"), "muster: --set nprocs: nothing is in it\n"},
	{SET("env.A={b: c, b: d}"),
         "muster: --set env.A: duplicate key \"b\"\nmuster: --set env.A: a text is wanted here, not a mapping; if it "
         "is one with \": \" in it, quote it\n"},
	{SET("env.A B=1"),
         "muster: --set env.A B: \"A B\" cannot name a variable: a name is not empty and has no \"=\" and no blanks\n"},
	{SET("placement={bind: x}"),
         "muster: --set placement: unknown key \"bind\" in placement; did you mean \"bind_to\"?\n"},
	{SET("ranks=[{ranks: 7}]"),
         "muster: --set ranks: ranks[0]: there is no rank 7: ranks are 0 to 1 (nprocs: 2)\n"},
	{SET("command=a b"), "muster: --set command: a list is wanted, since no shell splits it: write [a, b]\n"},
	{SET("version=2"), "muster: --set version: 2 is out of range: it must be 1\n"},
};

static void an_error_in_an_option_names_the_option(void **state)
{
	(void)state;
	static const char yaml[] = START "nprocs: 2\n";
	for (size_t i = 0; i < COUNT_OF(wrong_options); i++) {
		struct job_spec spec = {0};
		struct diagnostics wrong = {0};
		struct text text = {0};
		struct spec_request request = {.path = "x.yaml",
		                               .text = yaml,
		                               .text_length = strlen(yaml),
		                               .overrides = &wrong_options[i].override,
		                               .override_count = 1};
		assert_int_equal(job_spec_read(&spec, &request, &wrong), -EINVAL);
		diagnostics_format(&wrong, "", &text);
		assert_string_equal(text.bytes, wrong_options[i].says);
		assert_null(spec.command.items);
		diagnostics_finish(&wrong);
		text_finish(&text);
	}
}

static void a_key_that_is_missing_in_the_file_may_come_from_an_option(void **state)
{
	(void)state;
	static const char yaml[] = "nprocs: 2\n";
	static const struct override overrides[] = {SET("version=1"), SET("command=[a]")};
	struct spec_request request = {.path = "x.yaml",
	                               .text = yaml,
	                               .text_length = strlen(yaml),
	                               .overrides = overrides,
	                               .override_count = COUNT_OF(overrides)};
	struct job_spec spec;
	read_request(&spec, &request);
	job_spec_finish(&spec);
}

static void no_command_at_all_is_an_error(void **state)
{
	(void)state;
	char *none[] = {NULL};
	struct spec_request request = {.command = none};
	expect_wrong(&request,
	             "muster: the key \"command\" is missing: write what to run as a list, like command: [python3, "
	             "train.py]\n");
}

/* More items than there can be ranks, which no file of the tree should have to hold. */
static void expect_too_many(const char *before, const char *says)
{
	struct text yaml = {0};
	text_add(&yaml, before);
	text_add_repeated(&yaml, "0,", RANKS_MAX + 1);
	text_add(&yaml, "]\n");
	struct spec_request request = {.path = "x.yaml", .text = yaml.bytes, .text_length = yaml.length};
	expect_wrong(&request, says);
	text_finish(&yaml);
}

static void there_are_no_more_items_than_ranks(void **state)
{
	(void)state;
	expect_too_many(START "ranks: [",
	                "x.yaml:3:8: ranks: 65537 items are more than the 65536 ranks that a job can have\n");
	expect_too_many(START "placement:\n  rank_cpus: [",
	                "x.yaml:4:14: placement.rank_cpus: 65537 items are more than the "
	                "65536 ranks that a job can have\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_lie_over_the_file_in_their_order),
		cmocka_unit_test(a_mapping_that_is_set_to_null_has_its_defaults_again),
		cmocka_unit_test(an_error_in_an_option_names_the_option),
		cmocka_unit_test(a_key_that_is_missing_in_the_file_may_come_from_an_option),
		cmocka_unit_test(no_command_at_all_is_an_error),
		cmocka_unit_test(there_are_no_more_items_than_ranks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
