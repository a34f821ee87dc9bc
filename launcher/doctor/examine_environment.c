/* SPDX-License-Identifier: MIT
 *
 * examine_environment: variables that this process inherited and that decide something about its ranks: what of them is
 * another launcher's is known where ranks' environments are made, and asked there.
 */
#include "doctor/examine.h"

#include "base/text.h"
#include "plan/environment_names.h"
#include "plan/foreign_variables.h"

#include <stdbool.h>
#include <string.h>

enum { SHOWN_BYTES = 300 };

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

static bool is_named(const char *variable, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == name_length(variable) && strncmp(*names, variable, name_length(variable)) == 0)
			return true;
	return false;
}

typedef bool variable_kind(const char *variable);

static bool is_foreign(const char *variable)
{
	return is_foreign_variable(variable, name_length(variable));
}

static bool is_own(const char *variable)
{
	return is_own_variable(variable, name_length(variable));
}

static bool is_thread_count(const char *variable)
{
	return is_named(variable, thread_variables);
}

/* Numbers of CPUs, and not only a way of placing: "{0,1},{2,3}", "explicit,proclist=[0-3]", and whatever stands in the
 * oldest of these variables. */
static bool names_cpus(const char *variable)
{
	const char *value = variable + name_length(variable);
	return is_named(variable, affinity_variables) &&
	       (strncmp(variable, "GOMP_", 5) == 0 || strchr(value, '{') != NULL || strstr(value, "proclist") != NULL);
}

static bool is_way_of_placing(const char *variable)
{
	return is_named(variable, affinity_variables) && !names_cpus(variable);
}

/* "NAME" or "NAME=value", with commas. */
static struct text list(char *const *environment, variable_kind *kind, bool with_value)
{
	struct text text = {0};
	for (char *const *variable = environment; *variable != NULL; variable++) {
		if (strchr(*variable, '=') == NULL || !kind(*variable))
			continue;
		if (text.length >= SHOWN_BYTES) {
			text_add(&text, ", ...");
			break;
		}
		text_add_format(&text, "%s%.*s", text.length > 0 ? ", " : "",
		                with_value ? SHOWN_BYTES : (int)name_length(*variable), *variable);
	}
	return text;
}

struct question {
	const char *id;
	variable_kind *kind;
	bool with_value;
	const char *words, *none;
	enum finding_grade grade;
	const char *meaning, *remedy;
};

static const struct question questions[] = {
	{"environment.other_launchers", is_foreign, false, "another launcher's", "nothing of another launcher's",
         FINDING_NOTE, "muster does not pass them to its ranks; MPI programs started without it believe them",
         "start muster outside that launcher's job step, or unset them; env: or -x passes one on purpose"},
	{"environment.ranks", is_own, false, "names of a rank", "no RANK, WORLD_SIZE or MUSTER_RANK of somebody else's",
         FINDING_NOTE,
         "this shell is a rank of a job, or has what one left; muster gives its ranks values of their own",
         "unset them, unless this is a rank"},
	{"environment.threads", is_thread_count, true, "thread counts are set", "no thread counts are set",
         FINDING_NOTE, "they hold for each rank, however many cores it gets (threads: auto leaves them)",
         "unset OMP_NUM_THREADS and its like, or write threads: N"},
	{"environment.affinity", names_cpus, true, "CPUs are named for threads", "no CPUs are named for threads",
         FINDING_WARNING, "threads of all ranks are sent to the same CPUs, which most ranks are not bound to",
         "unset them: muster sets OMP_PLACES for each rank"},
	{"environment.thread_binding", is_way_of_placing, true, "a way to bind threads is set",
         "no way to bind threads is set", FINDING_NOTE, "ranks inherit it, and muster does not set OMP_PLACES",
         "unset it, unless it is meant"},
};

void examine_environment(struct findings *findings, char *const *environment)
{
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		const struct question *question = &questions[i];
		struct text names = list(environment, question->kind, question->with_value);
		if (names.length == 0)
			findings_add(findings, question->id, "%s", question->none);
		else
			finding_grade_as(findings_add(findings, question->id, "%s: %s", question->words, names.bytes),
			                 question->grade, question->meaning, question->remedy);
		text_finish(&names);
	}
}
