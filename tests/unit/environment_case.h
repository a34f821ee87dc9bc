/* SPDX-License-Identifier: MIT
 *
 * environment_case: what muster inherits and what the spec says, and the exact lines that ranks find. A line "NAME"
 * without "=" means: the name is not there.
 */
#ifndef MUSTER_TESTS_ENVIRONMENT_CASE_H
#define MUSTER_TESTS_ENVIRONMENT_CASE_H

#include "plan_fixture.h"

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

static inline struct env_changes changes_of(const struct change_case *changes, struct env_change *items)
{
	uint32_t count = 0;
	for (; count < CHANGES_MAX && changes[count].name != NULL; count++)
		items[count] = (struct env_change){borrowed(changes[count].name), borrowed(changes[count].value)};
	return (struct env_changes){.items = items, .count = count};
}

struct case_storage {
	struct fixture fixture;
	char *inherited[LINES_MAX + 1];
	char *listed[CHANGES_MAX + 1];
	struct env_change env[CHANGES_MAX], env_of_rank_1[CHANGES_MAX];
	struct rank_exception exception;
};

static inline void fill_spec(struct case_storage *s, const struct environment_case *c)
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
		s->listed[spec->inherit_names.count++] = borrowed(c->listed[i]);
	spec->inherit_names.items = s->listed;
	if (s->exception.env.count > 0) {
		index_set_add(&s->exception.ranks, 1);
		spec->ranks = &s->exception;
		spec->ranks_count = 1;
	}
}

static inline struct launch_plan plan_case(struct case_storage *s, const struct environment_case *c)
{
	memset(s, 0, sizeof *s);
	fixture_begin(&s->fixture, 2);
	for (uint32_t i = 0; i < LINES_MAX && c->inherited[i] != NULL; i++)
		s->inherited[i] = borrowed(c->inherited[i]);
	s->fixture.context.environment = s->inherited;
	s->fixture.machine.quota_millicpus = c->quota_millicpus;
	if (c->no_port)
		s->fixture.context.master_port = 0;
	fill_spec(s, c);
	fixture_place(&s->fixture, 0, c->cpus[0] == NULL ? "0,8" : c->cpus[0], c->bind_to != PLACE_NONE);
	fixture_place(&s->fixture, 1, c->cpus[1] == NULL ? "1,9" : c->cpus[1], c->bind_to != PLACE_NONE);
	return fixture_make_plan(&s->fixture);
}

static inline uint32_t count_of_name(char *const *list, const char *name, size_t length, const char **found)
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

static inline void check_line(const struct launch_plan *plan, uint32_t rank, const char *line, const char *what)
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
static inline void check_no_name_twice(const struct launch_plan *plan, uint32_t rank, const char *what)
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

static inline void check_environments(const struct environment_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
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

#endif
