/* SPDX-License-Identifier: MIT
 *
 * plan_view: the JSON has the members that are promised, the drawing is well-formed, the list of bindings has a line a
 * rank. What the text looks like is in tests/topologies.
 */
#include "unit_test.h"

#include "base/text.h"
#include "machine/machine.h"
#include "plan/placement.h"
#include "report/plan_view.h"
#include "spec/job_spec.h"

#include <jansson.h>
#include <string.h>

struct planned {
	struct job_spec spec;
	struct machine machine;
	struct placement placement;
	struct plan_view view;
	struct text text;
};

static void plan(struct planned *planned, const char *topology, uint32_t nprocs, enum place_level bind_to)
{
	*planned = (struct planned){0};
	assert_int_equal(machine_load(&planned->machine, topology, NULL), 0);
	job_spec_init(&planned->spec);
	planned->spec.nprocs = nprocs;
	planned->spec.placement.bind_to = bind_to;
	assert_int_equal(placement_make(&planned->placement, &planned->spec, &planned->machine, NULL), 0);
	planned->view = (struct plan_view){&planned->spec, &planned->machine, &planned->placement};
}

static void finish(struct planned *planned)
{
	text_finish(&planned->text);
	placement_finish(&planned->placement);
	machine_finish(&planned->machine);
	job_spec_finish(&planned->spec);
}

static const char *string_of(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));
	assert_non_null(value);
	return value;
}

static void the_json_has_the_promised_members(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "package:2 numa:1 core:2 pu:2(indexes=2*4:1*2)", 5, PLACE_CORE);
	plan_json(&planned.text, &planned.view);
	json_t *json = json_loads(planned.text.bytes, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_string_equal(string_of(json, "schema"), "muster.plan/1");
	assert_int_equal(json_integer_value(json_object_get(json, "nprocs")), 5);
	assert_int_equal(json_array_size(json_object_get(json, "warnings")), 1);
	const json_t *ranks = json_object_get(json, "ranks");
	assert_int_equal(json_array_size(ranks), 5);
	const json_t *third = json_array_get(ranks, 2);
	assert_int_equal(json_integer_value(json_object_get(third, "rank")), 2);
	assert_string_equal(string_of(third, "cpus"), "2,6");
	assert_int_equal(json_integer_value(json_array_get(json_object_get(third, "cores"), 0)), 2);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(third, "numa"), 0)), 1);
	assert_string_equal(string_of(third, "why"), "core 2 of NUMA node 1, next in hardware order");
	assert_true(json_is_true(json_object_get(json_array_get(ranks, 0), "shared")));
	const json_t *machine = json_object_get(json, "machine");
	assert_string_equal(string_of(machine, "allowed"), "0-7");
	assert_true(json_is_null(json_object_get(machine, "quota")));
	assert_null(json_object_get(machine, "memory_limit")); /* it was not read */
	assert_int_equal(json_array_size(json_object_get(machine, "threads")), 8);
	assert_int_equal(json_array_size(json_object_get(machine, "nodes")), 2);
	json_decref(json);
	finish(&planned);
}

static void the_json_says_why_a_cpu_may_not_be_used_and_who_set_the_limits(void **state)
{
	(void)state;
	struct planned planned;
	char source[] = "/sys/fs/cgroup/cpu.max", limit[] = "/sys/fs/cgroup/memory.max";
	plan(&planned, "core:2 pu:1", 1, PLACE_NONE);
	planned.machine.threads[1].access = THREAD_OUTSIDE_CPUSET;
	planned.machine.quota_millicpus = 1500;
	planned.machine.quota_source = source;
	planned.machine.memory_limit_known = true;
	planned.machine.memory_limit_bytes = 64 << 20;
	planned.machine.memory_limit_source = limit;
	plan_json(&planned.text, &planned.view);
	planned.machine.quota_source = NULL;
	planned.machine.memory_limit_source = NULL;
	json_t *json = json_loads(planned.text.bytes, 0, NULL);
	const json_t *machine = json_object_get(json, "machine");
	const json_t *thread = json_array_get(json_object_get(machine, "threads"), 1);
	assert_true(json_is_false(json_object_get(thread, "allowed")));
	assert_string_equal(string_of(thread, "reason"), "outside the cpuset");
	assert_string_equal(string_of(json_object_get(machine, "quota"), "source"), source);
	assert_true(json_real_value(json_object_get(json_object_get(machine, "quota"), "cpus")) == 1.5);
	assert_string_equal(string_of(json_object_get(machine, "memory_limit"), "source"), limit);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(machine, "memory_limit"), "bytes")),
	                 64 << 20);
	assert_true(json_is_false(json_object_get(json_array_get(json_object_get(json, "ranks"), 0), "bound")));
	json_decref(json);
	finish(&planned);
}

static void the_text_says_what_limits_memory(void **state)
{
	(void)state;
	struct planned planned;
	char limit[] = "/sys/fs/cgroup/memory.max";
	plan(&planned, "core:2 pu:1", 1, PLACE_NONE);
	planned.machine.memory_limit_bytes = 64 << 20;
	planned.machine.memory_limit_source = limit;
	plan_text(&planned.text, &planned.view, &(struct plan_style){.width = 100});
	planned.machine.memory_limit_source = NULL;
	assert_non_null(strstr(planned.text.bytes,
	                       "\n  memory for all ranks together: 64.0 MiB, by /sys/fs/cgroup/memory.max\n"));
	finish(&planned);
}

/* Whoever makes a control group calls it as he likes. */
static void the_json_is_written_whatever_a_control_group_is_called(void **state)
{
	(void)state;
	struct planned planned;
	char source[] = "/sys/fs/cgroup/caf\xe9/cpu.max";
	plan(&planned, "core:2 pu:1", 1, PLACE_NONE);
	planned.machine.quota_millicpus = 1500;
	planned.machine.quota_source = source;
	plan_json(&planned.text, &planned.view);
	planned.machine.quota_source = NULL;
	json_t *json = json_loads(planned.text.bytes, 0, NULL);
	const json_t *quota = json_object_get(json_object_get(json, "machine"), "quota");
	assert_string_equal(string_of(quota, "source"), "/sys/fs/cgroup/caf\xef\xbf\xbd/cpu.max");
	json_decref(json);
	finish(&planned);
}

/* What may be used, and was not asked for, is not free to this job. */
static void what_cpu_set_leaves_out_is_told_apart_from_what_is_free(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "core:4 pu:1", 1, PLACE_CORE);
	index_set_add_range(&planned.spec.placement.cpu_set, 0, 1);
	plan_text(&planned.text, &planned.view, &(struct plan_style){0});
	assert_non_null(strstr(planned.text.bytes, "| 0 | . | - | - |  cores 0-3"));
	assert_non_null(strstr(planned.text.bytes, ". free   - not in cpu_set\n"));
	planned.text.length = 0;
	plan_svg(&planned.text, &planned.view);
	assert_non_null(strstr(planned.text.bytes, "<title>1 rank on 1 package, "));
	assert_non_null(strstr(planned.text.bytes, "<title>CPU 1: free</title>"));
	assert_non_null(strstr(planned.text.bytes, "<title>CPU 2: not in cpu_set</title>"));
	planned.text.length = 0;
	plan_json(&planned.text, &planned.view);
	json_t *json = json_loads(planned.text.bytes, 0, NULL);
	assert_string_equal(string_of(json_object_get(json, "request"), "cpu_set"), "0-1");
	assert_string_equal(string_of(json_object_get(json, "request"), "smt"), "all");
	assert_string_equal(string_of(json_object_get(json, "request"), "cores"), "all");
	json_decref(json);
	finish(&planned);
}

/* Each "<name" has its "</name>" or ends in "/>", in the right order. */
static void assert_well_formed(const char *xml)
{
	char open[32][16];
	size_t depth = 0;
	for (const char *at = strchr(xml, '<'); at != NULL; at = strchr(at + 1, '<')) {
		const char *end = strchr(at, '>');
		assert_non_null(end);
		if (at[1] == '?')
			continue;
		size_t length = strcspn(at + 1 + (at[1] == '/'), " />");
		assert_true(length < sizeof open[0]);
		if (at[1] == '/') {
			assert_true(depth > 0);
			assert_memory_equal(open[--depth], at + 2, length);
		} else if (end[-1] != '/') {
			assert_true(depth < COUNT_OF(open));
			memcpy(open[depth++], at + 1, length);
		}
	}
	assert_int_equal(depth, 0);
}

static void the_drawing_is_well_formed_and_its_words_are_text(void **state)
{
	(void)state;
	static const char *const topologies[] = {"package:2 numa:2 l3:2 core:4 pu:2", "package:2 core:64 pu:2", "pu:1"};
	for (size_t i = 0; i < COUNT_OF(topologies); i++) {
		struct planned planned;
		plan(&planned, topologies[i], 70, i == 1 ? PLACE_NONE : PLACE_CORE);
		planned.machine.threads[0].access = THREAD_OUTSIDE_AFFINITY;
		plan_svg(&planned.text, &planned.view);
		assert_well_formed(planned.text.bytes);
		assert_non_null(strstr(planned.text.bytes, i == 1 ? "rank 3: not bound, may use CPUs" : "rank 3: CPU"));
		assert_non_null(strstr(planned.text.bytes, "and 6 more ranks"));
		assert_non_null(strstr(planned.text.bytes, "not allowed, outside the inherited affinity mask"));
		finish(&planned);
	}
}

/* The reasons and warnings may name what others named: control groups, files. */
static void the_drawing_stays_one_whatever_its_words_hold(void **state)
{
	(void)state;
	struct planned planned;
	char hostile[] = "</svg>&\"\033]0;\302\233\377", *warnings[] = {hostile, NULL};
	plan(&planned, "core:2 pu:1", 2, PLACE_CORE);
	free(planned.machine.description);
	planned.machine.description = strdup(hostile);
	planned.placement.ranks[0].why = hostile;
	planned.placement.warnings = warnings;
	planned.placement.warning_count = 1;
	plan_svg(&planned.text, &planned.view);
	assert_well_formed(planned.text.bytes);
	uint32_t shown = 0;
	for (const char *at = planned.text.bytes; (at = strstr(at, "&lt;/svg&gt;&amp;&quot;\\x1b]0;")) != NULL; at++)
		shown++;
	assert_int_equal(shown, 4); /* description twice, reason, warning */
	for (size_t i = 0; i < planned.text.length; i++)
		assert_true(planned.text.bytes[i] == '\n' ||
		            (planned.text.bytes[i] >= ' ' && planned.text.bytes[i] < 0x7f));
	finish(&planned);
}

static uint32_t count_of(const char *text, const char *piece)
{
	uint32_t count = 0;
	for (const char *at = text; (at = strstr(at, piece)) != NULL; at++)
		count++;
	return count;
}

static void the_drawing_has_no_larger_boxes_and_no_more_of_them_than_the_machine(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "numa:1 core:2 pu:1", 1, PLACE_CORE);
	plan_svg(&planned.text, &planned.view);
	assert_null(strstr(planned.text.bytes, "L3 cache"));
	assert_int_equal(count_of(planned.text.bytes, "class=\"cache\""), 0);
	uint32_t width;
	const char *package = strstr(planned.text.bytes, "class=\"package\"");
	assert_non_null(package);
	assert_int_equal(sscanf(strstr(package, "width="), "width=\"%u\"", &width), 1);
	assert_in_range(width, 100, 200);
	finish(&planned);
}

static void the_drawing_explains_what_is_seen_in_it_and_nothing_else(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "core:2 pu:1", 1, PLACE_CORE);
	plan_svg(&planned.text, &planned.view);
	assert_non_null(strstr(planned.text.bytes, ">1 rank on another machine, mapped by core"));
	assert_non_null(strstr(planned.text.bytes, ">number of a core</text>"));
	assert_non_null(strstr(planned.text.bytes, ">free</text>"));
	assert_null(strstr(planned.text.bytes, ">not allowed</text>"));
	assert_null(strstr(planned.text.bytes, ">not in cpu_set</text>"));
	assert_null(strstr(planned.text.bytes, "several ranks"));
	finish(&planned);
}

/* Rank 0 is hsl(0,...), rank 2 hsl(275,...). */
static void a_core_of_several_ranks_has_the_colours_of_all(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "core:2 pu:1", 4, PLACE_CORE);
	plan_svg(&planned.text, &planned.view);
	assert_int_equal(count_of(planned.text.bytes, "fill:hsl(0,"), 3); /* on core 0, and twice in the legend */
	assert_int_equal(count_of(planned.text.bytes, "fill:hsl(275,"), 3);
	assert_non_null(strstr(planned.text.bytes, "several ranks, the colour of each"));
	finish(&planned);
	plan(&planned, "core:2 pu:1", 10, PLACE_CORE);
	plan_svg(&planned.text, &planned.view);
	assert_non_null(strstr(planned.text.bytes, "several ranks, the first 4 in colours"));
	finish(&planned);
}

/* Rank 41 is dark blue, rank 1 light green. */
static void words_are_white_on_dark_colours_only(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "core:64 pu:1", 64, PLACE_CORE);
	plan_svg(&planned.text, &planned.view);
	const char *dark = strstr(planned.text.bytes, "CPU 41: rank 41"),
		   *light = strstr(planned.text.bytes, "CPU 1: rank 1<");
	assert_memory_equal(strstr(dark, "class=\"rank"), "class=\"rank pale\"", 17);
	assert_memory_equal(strstr(light, "class=\"rank"), "class=\"rank\"", 12);
	finish(&planned);
}

static void bindings_have_a_line_a_rank(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "package:2 numa:1 core:1 pu:2", 3, PLACE_CORE);
	plan_bindings_text(&planned.text, &planned.view);
	assert_string_equal(planned.text.bytes, "rank 0: CPUs 0-1 (core 0, NUMA node 0), shared\n"
	                                        "rank 1: CPUs 2-3 (core 1, NUMA node 1)\n"
	                                        "rank 2: CPUs 0-1 (core 0, NUMA node 0), shared\n");
	finish(&planned);
	plan(&planned, "core:2 pu:1", 1, PLACE_NONE);
	plan_bindings_text(&planned.text, &planned.view);
	assert_string_equal(planned.text.bytes, "rank 0: not bound, may use CPUs 0-1 (cores 0-1, NUMA node 0)\n");
	finish(&planned);
}

static void lines_and_colours_come_only_when_asked_for(void **state)
{
	(void)state;
	struct planned planned;
	plan(&planned, "core:2 pu:1", 3, PLACE_CORE);
	plan_text(&planned.text, &planned.view, &(struct plan_style){0});
	for (size_t i = 0; i < planned.text.length; i++)
		assert_true((unsigned char)planned.text.bytes[i] < 0x80 && planned.text.bytes[i] != '\033');
	planned.text.length = 0;
	plan_text(&planned.text, &planned.view, &(struct plan_style){.utf8 = true, .colour = true});
	assert_non_null(strstr(planned.text.bytes, "┌"));
	assert_non_null(strstr(planned.text.bytes, "\033[33mwarning:\033[0m"));
	finish(&planned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_json_has_the_promised_members),
		cmocka_unit_test(the_json_says_why_a_cpu_may_not_be_used_and_who_set_the_limits),
		cmocka_unit_test(the_text_says_what_limits_memory),
		cmocka_unit_test(the_json_is_written_whatever_a_control_group_is_called),
		cmocka_unit_test(what_cpu_set_leaves_out_is_told_apart_from_what_is_free),
		cmocka_unit_test(the_drawing_is_well_formed_and_its_words_are_text),
		cmocka_unit_test(the_drawing_stays_one_whatever_its_words_hold),
		cmocka_unit_test(the_drawing_has_no_larger_boxes_and_no_more_of_them_than_the_machine),
		cmocka_unit_test(the_drawing_explains_what_is_seen_in_it_and_nothing_else),
		cmocka_unit_test(a_core_of_several_ranks_has_the_colours_of_all),
		cmocka_unit_test(words_are_white_on_dark_colours_only),
		cmocka_unit_test(bindings_have_a_line_a_rank),
		cmocka_unit_test(lines_and_colours_come_only_when_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
