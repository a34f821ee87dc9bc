/* SPDX-License-Identifier: MIT
 *
 * job_spec: the defaults are those that the manual gives; every key's value arrives in its own member; options and
 * arguments lie over the file in the order in which they were given, and their errors name them.
 */
#include "test_directory.h"

#include "base/text.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/overrides.h"
#include "spec/spec_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START "version: 1\ncommand: [a]\n"

static void the_defaults_are_those_of_the_manual(void **state)
{
	(void)state;
	struct job_spec spec;
	job_spec_init(&spec);
	assert_null(spec.name);
	assert_null(spec.command.items);
	assert_int_equal(spec.args.count, 0);
	assert_int_equal(spec.nprocs, 1);
	assert_true(spec.join);
	assert_false(spec.daemon);
	assert_string_equal(spec.working_directory, ".");
	assert_int_equal(spec.env.count, 0);
	assert_int_equal(spec.inherit_env, INHERIT_ALL);
	assert_int_equal(spec.threads, THREADS_AUTO);
	assert_int_equal(spec.stdin_to, STDIN_RANK);
	assert_int_equal(spec.stdin_rank, 0);
	assert_false(spec.has_umask);
	assert_null(spec.user);
	assert_int_equal(spec.timeout_ms, NOT_SET);
	assert_int_equal(spec.start_timeout_ms, NOT_SET);
	assert_int_equal(spec.shared_memory_bytes, 256 << 20);
	assert_false(spec.shared_memory_given);
	assert_int_equal(spec.ranks_count, 0);
	job_spec_finish(&spec);
}

static void the_defaults_of_placement_and_output_are_those_of_the_manual(void **state)
{
	(void)state;
	struct job_spec spec;
	job_spec_init(&spec);
	assert_int_equal(spec.placement.bind_to, PLACE_CORE);
	assert_int_equal(spec.placement.map_by, PLACE_CORE);
	assert_int_equal(spec.placement.cpus_per_rank, 1);
	assert_false(spec.placement.cpus_per_rank_given);
	assert_int_equal(spec.placement.smt, SMT_ALL);
	assert_int_equal(spec.placement.cores, CORES_ALL);
	assert_true(index_set_is_empty(&spec.placement.cpu_set));
	assert_null(spec.placement.rank_cpus);
	assert_int_equal(spec.placement.memory, MEMORY_LOCAL);
	assert_int_equal(spec.placement.oversubscribe, OVERSUBSCRIBE_WARN);
	assert_int_equal(spec.placement.wait_for_cores_ms, NOT_SET);
	assert_false(spec.placement.exclusive_given);
	assert_true(spec.output.label);
	assert_false(spec.output.timestamp);
	assert_false(spec.output.raw);
	assert_int_equal(spec.output.stdout_sinks.count, 1);
	assert_int_equal(spec.output.stdout_sinks.items[0].kind, SINK_TERMINAL);
	assert_int_equal(spec.output.stderr_sinks.count, 1);
	assert_int_equal(spec.output.stderr_sinks.items[0].kind, SINK_TERMINAL);
	assert_int_equal(spec.output.on_closed, ON_CLOSED_END);
	assert_int_equal(spec.output.log_limit_bytes, 64 << 20);
	job_spec_finish(&spec);
}

static void the_defaults_of_failure_and_limits_are_those_of_the_manual(void **state)
{
	(void)state;
	struct job_spec spec;
	job_spec_init(&spec);
	assert_int_equal(spec.failure.policy, FAILURE_STOP);
	assert_int_equal(spec.failure.signal, SIGTERM);
	assert_int_equal(spec.failure.grace_ms, 5000);
	assert_int_equal(spec.failure.max_restarts, 0);
	assert_int_equal(spec.failure.backoff_ms, 1000);
	assert_int_equal(spec.failure.healthy_after_ms, 10000);
	assert_int_equal(spec.failure.leftovers, LEFTOVERS_STOP);
	assert_int_equal(spec.limits.memory_bytes, NOT_SET);
	assert_int_equal(spec.limits.address_space_bytes, NOT_SET);
	assert_int_equal(spec.limits.open_files, NOT_SET);
	assert_int_equal(spec.limits.core_size_bytes, NOT_SET);
	assert_int_equal(spec.limits.cpu_time_s, NOT_SET);
	assert_false(spec.limits.has_nice);
	job_spec_finish(&spec);
}

static void a_spec_can_be_finished_twice_and_before_it_was_made(void **state)
{
	(void)state;
	struct job_spec spec = {0};
	job_spec_finish(&spec);
	job_spec_init(&spec);
	job_spec_finish(&spec);
	job_spec_finish(&spec);
}

static void read_request(struct job_spec *spec, const struct spec_request *request)
{
	struct diagnostics wrong = {0};
	struct text text = {0};
	int rc = job_spec_read(spec, request, &wrong);
	diagnostics_format(&wrong, "", &text);
	if (rc < 0)
		print_error("%s", text.bytes);
	assert_int_equal(rc, 0);
	diagnostics_finish(&wrong);
	text_finish(&text);
}

static void read_spec(struct job_spec *spec, const char *yaml)
{
	struct spec_request request = {.path = "x.yaml", .text = yaml, .text_length = strlen(yaml)};
	read_request(spec, &request);
}

static void values_of_the_top_arrive_in_their_members(void **state)
{
	(void)state;
	struct job_spec spec;
	read_spec(&spec,
	          START "name: n\nargs: [b, 3]\nnprocs: auto\njoin: false\ndaemon: true\nworking_directory: w\n"
	                "env: {A: 1, B: null, C: ''}\ninherit_env: [X, Y]\nthreads: 3\nstdin: all\numask: '077'\n"
	                "user: u:g\ntimeout: 1m\nstart_timeout: 2s\nshared_memory: 1MiB\n");
	assert_string_equal(spec.source, "x.yaml");
	assert_string_equal(spec.name, "n");
	assert_int_equal(spec.command.count, 1);
	assert_null(spec.command.items[1]);
	assert_int_equal(spec.args.count, 2);
	assert_string_equal(spec.args.items[1], "3");
	assert_null(spec.args.items[2]);
	assert_int_equal(spec.nprocs, NPROCS_AUTO);
	assert_false(spec.join);
	assert_true(spec.daemon);
	assert_string_equal(spec.working_directory, "w");
	assert_int_equal(spec.env.count, 3);
	assert_string_equal(spec.env.items[0].value, "1");
	assert_null(spec.env.items[1].value);
	assert_string_equal(spec.env.items[2].value, "");
	assert_int_equal(spec.inherit_env, INHERIT_LISTED);
	assert_string_equal(spec.inherit_names.items[1], "Y");
	assert_int_equal(spec.threads, 3);
	assert_int_equal(spec.stdin_to, STDIN_ALL);
	assert_int_equal(spec.umask, 077);
	assert_string_equal(spec.user, "u:g");
	assert_int_equal(spec.timeout_ms, 60000);
	assert_int_equal(spec.start_timeout_ms, 2000);
	assert_int_equal(spec.shared_memory_bytes, 1 << 20);
	assert_true(spec.shared_memory_given);
	job_spec_finish(&spec);
}

static void values_of_placement_and_failure_arrive_in_their_members(void **state)
{
	(void)state;
	struct job_spec spec;
	read_spec(&spec, START
	          "placement: {bind_to: l3cache, map_by: numa, cpus_per_rank: 1, smt: one, cores: efficiency,\n"
	          "  cpu_set: '0-3', rank_cpus: ['0', 1-2], memory: none, oversubscribe: refuse, exclusive: false}\n"
	          "failure: {policy: restart, signal: INT, grace: 1s, max_restarts: 2, backoff: 2s,\n"
	          "  healthy_after: 3s, leftovers: keep}\n");
	assert_int_equal(spec.placement.bind_to, PLACE_L3CACHE);
	assert_int_equal(spec.placement.map_by, PLACE_NUMA);
	assert_int_equal(spec.placement.cpus_per_rank, 1);
	assert_true(spec.placement.cpus_per_rank_given);
	assert_int_equal(spec.placement.smt, SMT_ONE);
	assert_int_equal(spec.placement.cores, CORES_EFFICIENCY);
	assert_int_equal(index_set_count(&spec.placement.cpu_set), 4);
	assert_int_equal(spec.placement.rank_cpus_count, 2);
	assert_true(index_set_has(&spec.placement.rank_cpus[1], 2));
	assert_int_equal(spec.nprocs, 2);
	assert_int_equal(spec.placement.memory, MEMORY_NONE);
	assert_int_equal(spec.placement.oversubscribe, OVERSUBSCRIBE_REFUSE);
	assert_false(spec.placement.exclusive);
	assert_true(spec.placement.exclusive_given);
	assert_int_equal(spec.failure.policy, FAILURE_RESTART);
	assert_int_equal(spec.failure.signal, SIGINT);
	assert_int_equal(spec.failure.grace_ms, 1000);
	assert_int_equal(spec.failure.max_restarts, 2);
	assert_int_equal(spec.failure.backoff_ms, 2000);
	assert_int_equal(spec.failure.healthy_after_ms, 3000);
	assert_int_equal(spec.failure.leftovers, LEFTOVERS_KEEP);
	job_spec_finish(&spec);
}

static void values_of_output_and_limits_arrive_in_their_members(void **state)
{
	(void)state;
	struct job_spec spec;
	read_spec(&spec,
	          START "output: {label: false, timestamp: true, stdout: [terminal, 'o.%r', null], stderr: null,\n"
	                "  on_closed: continue, log_limit: 1MiB}\n"
	                "limits: {memory: 1GiB, address_space: 2GiB, open_files: 64, core_size: 0, cpu_time: 2m,\n"
	                "  nice: -7}\n");
	assert_false(spec.output.label);
	assert_true(spec.output.timestamp);
	assert_int_equal(spec.output.stdout_sinks.count, 3);
	assert_int_equal(spec.output.stdout_sinks.items[0].kind, SINK_TERMINAL);
	assert_null(spec.output.stdout_sinks.items[0].pattern);
	assert_int_equal(spec.output.stdout_sinks.items[1].kind, SINK_PATH);
	assert_string_equal(spec.output.stdout_sinks.items[1].pattern, "o.%r");
	assert_int_equal(spec.output.stdout_sinks.items[2].kind, SINK_NULL);
	assert_int_equal(spec.output.stderr_sinks.items[0].kind, SINK_NULL);
	assert_int_equal(spec.output.on_closed, ON_CLOSED_CONTINUE);
	assert_int_equal(spec.output.log_limit_bytes, 1 << 20);
	assert_int_equal(spec.limits.memory_bytes, 1 << 30);
	assert_int_equal(spec.limits.address_space_bytes, INT64_C(2) << 30);
	assert_int_equal(spec.limits.open_files, 64);
	assert_int_equal(spec.limits.core_size_bytes, 0);
	assert_int_equal(spec.limits.cpu_time_s, 120);
	assert_true(spec.limits.has_nice);
	assert_int_equal(spec.limits.nice, -7);
	job_spec_finish(&spec);
}

static void values_of_an_exception_arrive_in_its_members(void **state)
{
	(void)state;
	struct job_spec spec;
	read_spec(&spec, START "nprocs: 8\nranks:\n- {ranks: '1-2', command: [b], args: [], env: {A: null},\n"
	                       "   working_directory: w, stdout: f, stderr: [terminal]}\n- ranks: 5\n");
	assert_int_equal(spec.ranks_count, 2);
	const struct rank_exception *one = &spec.ranks[0], *other = &spec.ranks[1];
	assert_int_equal(index_set_count(&one->ranks), 2);
	assert_string_equal(one->command.items[0], "b");
	assert_true(one->has_args);
	assert_int_equal(one->args.count, 0);
	assert_string_equal(one->env.items[0].name, "A");
	assert_null(one->env.items[0].value);
	assert_string_equal(one->working_directory, "w");
	assert_string_equal(one->stdout_sinks.items[0].pattern, "f");
	assert_int_equal(one->stderr_sinks.items[0].kind, SINK_TERMINAL);
	assert_true(index_set_has(&other->ranks, 5));
	assert_int_equal(other->command.count, 0);
	assert_false(other->has_args);
	assert_null(other->working_directory);
	assert_int_equal(other->stdout_sinks.count, 0);
	job_spec_finish(&spec);
}

static void null_takes_a_default_back(void **state)
{
	(void)state;
	struct job_spec spec;
	read_spec(&spec, START "umask: null\nargs: null\n");
	assert_false(spec.has_umask);
	job_spec_finish(&spec);
}

static void the_name_is_the_commands_unless_given(void **state)
{
	(void)state;
	static const struct {
		const char *program, *name;
	} names[] = {
		{"train", "train"},
		{"/usr/bin/python3", "python3"},
		{"./a.out", "a.out"},
		{".hidden", "_hidden"},
		{"my prog", "my_prog"},
		{"dir/", "job"},
		{"ü", "__"},
	};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct job_spec spec;
		char *command[] = {(char *)(uintptr_t)names[i].program, NULL};
		struct spec_request request = {.command = command};
		read_request(&spec, &request);
		assert_string_equal(spec.name, names[i].name);
		assert_null(spec.source);
		assert_int_equal(spec.command.count, 1);
		assert_int_equal(spec.base_directory[0], '/');
		assert_null(spec.working_directory);
		job_spec_finish(&spec);
	}
}

static const struct override over[] = {
	{OVERRIDE_WORD, "--nprocs", "nprocs", "4"},
	{OVERRIDE_WORD, "--no-join", "join", "false"},
	{OVERRIDE_WORD, "--nprocs", "nprocs", "6"},
	{OVERRIDE_TEXT, "--wdir", "working_directory", "null"},
	{OVERRIDE_WORD, "--cpu-set", "placement.cpu_set", "0-3,8"},
	{OVERRIDE_ENV, "--env", "env", "A=changed"},
	{OVERRIDE_ENV, "--env", "env", "D=x=y"},
	{OVERRIDE_SET, "--set", NULL, "env.E=e"},
	{OVERRIDE_SET, "--set", NULL, "placement.smt=one"},
	{OVERRIDE_SET, "--set", NULL, "command=[b, 'c d']"},
	{OVERRIDE_SET, "--set", NULL, "failure={grace: 7s, signal: INT}"},
	{OVERRIDE_SET, "--set", NULL, "env.B="},
	{OVERRIDE_SET, "--set", NULL, "umask=077"},
	{OVERRIDE_SET, "--set", NULL, "env={F: 6}"},
};

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
	assert_int_equal(spec.umask, 077);
	static const struct {
		const char *name, *value;
	} env[] = {{"A", "changed"}, {"B", NULL}, {"C", "c"}, {"D", "x=y"}, {"E", "e"}, {"F", "6"}};
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
		OVERRIDE_WORD, option, key, value                                                                      \
	}
#define SET(value)                                                                                                     \
	{                                                                                                              \
		OVERRIDE_SET, "--set", NULL, value                                                                     \
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
         "failure.policy: stop; write failure.policy: restart\n"},
	{WORD("--on-failure", "failure.policy", "restart"),
         "muster: --on-failure: failure.policy: restart needs failure.max_restarts, which is 0 unless given\n"},
	{{OVERRIDE_ENV, "--env", "env", "=x"},
         "muster: --env: \"\" cannot name a variable: a name is not empty and has no \"=\" and no blanks\n"},
	{{OVERRIDE_ENV, "--env", "env", "A"}, "muster: --env: \"A\" is not NAME=VALUE\n"},
	{SET("nprocs"), "muster: --set: \"nprocs\" is not KEY=VALUE, like nprocs=4\n"},
	{SET("=4"), "muster: --set: \"=4\" is not KEY=VALUE, like nprocs=4\n"},
	{SET("nproc=4"), "muster: --set: unknown key \"nproc\"; did you mean \"nprocs\"?\n"},
	{SET("placement.bind=4"), "muster: --set: unknown key \"bind\" in placement; did you mean \"bind_to\"?\n"},
	{SET("nprocs.x=4"), "muster: --set: unknown key \"x\": nprocs holds no keys\n"},
	{SET("ranks[].env=4"),
         "muster: --set: \"ranks[].env\": exceptions can only be set as a whole: --set 'ranks=[...]'\n"},
	{SET("nprocs=[4"), "muster: --set nprocs: not valid YAML: did not find expected ',' or ']'\n"},
	{SET("nprocs=[4]"), "muster: --set nprocs: this is a list; it must be a number from 1 to 65536, or auto\n"},
	{SET("nprocs=\"4\""), "muster: --set nprocs: \"4\" is a text: write 4, without quotes\n"},
	{SET("nprocs=# 4"), "muster: --set nprocs: nothing is in it\n"},
	{SET("env.A={b: c, b: d}"),
         "muster: --set env.A: duplicate key \"b\"\nmuster: --set env.A: a text is wanted here, not a mapping\n"},
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

static void expect_wrong(const struct spec_request *request, const char *says)
{
	struct job_spec spec = {0};
	struct diagnostics wrong = {0};
	struct text text = {0};
	assert_int_equal(job_spec_read(&spec, request, &wrong), -EINVAL);
	diagnostics_format(&wrong, "", &text);
	assert_string_equal(text.bytes, says);
	diagnostics_finish(&wrong);
	text_finish(&text);
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

/* A directory of the test's own, and its way back. */
struct place {
	char *path;
	int before;
};

static int enter_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	place->path = test_directory_make();
	place->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->before < 0 || chdir(place->path) < 0)
		return -1;
	*state = place;
	return 0;
}

static int leave_place(void **state)
{
	struct place *place = *state;
	int rc = fchdir(place->before);
	test_directory_remove(place->path);
	close(place->before);
	free(place);
	return rc;
}

static void write_file(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	fclose(file);
}

static void a_file_gives_the_directory_that_paths_count_from(void **state)
{
	const struct place *place = *state;
	char expected[128];
	struct job_spec spec;
	mkdir("sub", 0700);
	write_file("sub/a.yaml", START, strlen(START));
	write_file("b.yaml", START, strlen(START));
	read_request(&spec, &(struct spec_request){.path = "sub/a.yaml"});
	snprintf(expected, sizeof expected, "%s/sub", place->path);
	assert_string_equal(spec.base_directory, expected);
	job_spec_finish(&spec);
	read_request(&spec, &(struct spec_request){.path = "b.yaml"});
	assert_string_equal(spec.base_directory, place->path);
	job_spec_finish(&spec);
}

static void a_spec_comes_from_standard_input_too(void **state)
{
	const struct place *place = *state;
	struct job_spec spec;
	write_file("in", START "nprocs: 3\n", strlen(START "nprocs: 3\n"));
	int kept = dup(STDIN_FILENO), file = open("in", O_RDONLY | O_CLOEXEC);
	assert_true(kept >= 0 && file >= 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO);
	read_request(&spec, &(struct spec_request){.path = "-"});
	assert_string_equal(spec.source, "<stdin>");
	assert_string_equal(spec.base_directory, place->path);
	assert_int_equal(spec.nprocs, 3);
	job_spec_finish(&spec);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	write_file("in", "a", 1);
	expect_wrong(&(struct spec_request){.path = "-"},
	             "<stdin>:1:1: a spec is a mapping of keys to values, beginning with version: 1\n");
	assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
	close(kept);
	close(file);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	mkdir("d.yaml", 0700);
	expect_wrong(&(struct spec_request){.path = "none.yaml"},
	             "none.yaml: cannot open it: No such file or directory\n");
	expect_wrong(&(struct spec_request){.path = "d.yaml"}, "d.yaml: cannot read it: Is a directory\n");
}

static void a_file_of_more_than_a_mebibyte_is_refused(void **state)
{
	(void)state;
	char *text = malloc(SPEC_BYTES_MAX + 1);
	assert_non_null(text);
	memset(text, '#', SPEC_BYTES_MAX + 1);
	memcpy(text, START, strlen(START));
	write_file("most.yaml", text, SPEC_BYTES_MAX);
	write_file("more.yaml", text, SPEC_BYTES_MAX + 1);
	free(text);
	struct job_spec spec;
	read_request(&spec, &(struct spec_request){.path = "most.yaml"});
	job_spec_finish(&spec);
	expect_wrong(&(struct spec_request){.path = "more.yaml"}, "more.yaml: more than 1 MiB is no job spec\n");
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

static void a_current_directory_that_is_gone_is_nothing_to_count_from(void **state)
{
	(void)state;
	char *command[] = {(char[]){"a"}, NULL};
	struct job_spec spec;
	mkdir("gone", 0700);
	assert_int_equal(chdir("gone"), 0);
	assert_int_equal(rmdir("../gone"), 0);
	read_request(&spec, &(struct spec_request){.command = command});
	assert_null(spec.base_directory);
	job_spec_finish(&spec);
}

static void the_words_of_levels_and_policies_are_those_of_the_spec(void **state)
{
	(void)state;
	assert_string_equal(place_level_name(PLACE_NONE), "none");
	assert_string_equal(place_level_name(PLACE_L3CACHE), "l3cache");
	assert_string_equal(place_level_name(PLACE_PACKAGE), "package");
	assert_string_equal(memory_policy_name(MEMORY_INTERLEAVE), "interleave");
	assert_string_equal(failure_policy_name(FAILURE_CONTINUE), "continue");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_the_manual),
		cmocka_unit_test(the_defaults_of_placement_and_output_are_those_of_the_manual),
		cmocka_unit_test(the_defaults_of_failure_and_limits_are_those_of_the_manual),
		cmocka_unit_test(a_spec_can_be_finished_twice_and_before_it_was_made),
		cmocka_unit_test(values_of_the_top_arrive_in_their_members),
		cmocka_unit_test(values_of_placement_and_failure_arrive_in_their_members),
		cmocka_unit_test(values_of_output_and_limits_arrive_in_their_members),
		cmocka_unit_test(values_of_an_exception_arrive_in_its_members),
		cmocka_unit_test(null_takes_a_default_back),
		cmocka_unit_test(the_name_is_the_commands_unless_given),
		cmocka_unit_test(options_lie_over_the_file_in_their_order),
		cmocka_unit_test(an_error_in_an_option_names_the_option),
		cmocka_unit_test(a_key_that_is_missing_in_the_file_may_come_from_an_option),
		cmocka_unit_test(no_command_at_all_is_an_error),
		cmocka_unit_test_setup_teardown(a_file_gives_the_directory_that_paths_count_from, enter_place,
	                                        leave_place),
		cmocka_unit_test_setup_teardown(a_spec_comes_from_standard_input_too, enter_place, leave_place),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_named, enter_place, leave_place),
		cmocka_unit_test_setup_teardown(a_file_of_more_than_a_mebibyte_is_refused, enter_place, leave_place),
		cmocka_unit_test_setup_teardown(a_current_directory_that_is_gone_is_nothing_to_count_from, enter_place,
	                                        leave_place),
		cmocka_unit_test(there_are_no_more_items_than_ranks),
		cmocka_unit_test(the_words_of_levels_and_policies_are_those_of_the_spec),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
