/* SPDX-License-Identifier: MIT
 *
 * job_spec: the defaults are those that the manual gives; every key's value arrives in its own member.
 */
#include "job_spec_fixture.h"
#include "test_directory.h"

#include "base/text.h"
#include "spec/job_spec.h"
#include "spec/spec_parse.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

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
	                "env: {A: 1, B: null, C: ''}\ninherit_env: [X, Y]\nthreads: 3\nstdin: none\numask: '077'\n"
	                "user: u:g\ntimeout: 1m\nstart_timeout: 2s\nshared_memory: 2MiB\n");
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
	assert_int_equal(spec.stdin_to, STDIN_NONE);
	assert_int_equal(spec.umask, 077);
	assert_string_equal(spec.user, "u:g");
	assert_int_equal(spec.timeout_ms, 60000);
	assert_int_equal(spec.start_timeout_ms, 2000);
	assert_int_equal(spec.shared_memory_bytes, 2 << 20);
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
		cmocka_unit_test(the_words_of_levels_and_policies_are_those_of_the_spec),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
