/* SPDX-License-Identifier: MIT
 *
 * job_spec: see job_spec.h. The defaults are the table's texts, read as if the user had written them, so that no
 * default stands in two places.
 */
#include "spec/job_spec.h"

#include "spec/diagnostics.h"
#include "spec/spec_reader.h"

#include <string.h>

void job_spec_init(struct job_spec *spec)
{
	struct diagnostics none = {0};
	struct spec_reader reader = {
		.spec = spec, .diagnostics = &none, .where = "", .from_option = true, .exception = -1};
	*spec = (struct job_spec){0};
	for (uint32_t i = 0; i < spec_key_count; i++)
		if (spec_keys[i].fallback != NULL)
			read_default(&reader, &spec_keys[i]);
	diagnostics_finish(&none);
}

void job_spec_finish(struct job_spec *spec)
{
	free_rank_cpus(spec);
	free_exceptions(spec);
	index_set_finish(&spec->placement.cpu_set);
	arena_finish(&spec->arena);
	*spec = (struct job_spec){0};
}

/* The word of a choice is the one that the table reads. */
static const char *word_of(const char *path, int64_t value)
{
	for (const struct choice *choice = spec_key_find(path)->words; choice->word != NULL; choice++)
		if (choice->value == value)
			return choice->word;
	return "?";
}

const char *place_level_name(enum place_level level)
{
	return word_of("placement.bind_to", level);
}

const char *smt_use_name(enum smt_use smt)
{
	return word_of("placement.smt", smt);
}

const char *core_choice_name(enum core_choice cores)
{
	return word_of("placement.cores", cores);
}

const char *memory_policy_name(enum memory_policy policy)
{
	return word_of("placement.memory", policy);
}

const char *failure_policy_name(enum failure_policy policy)
{
	return word_of("failure.policy", policy);
}
