/* SPDX-License-Identifier: MIT
 *
 * report_check: see report_check.h.
 */
#include "report/report_check.h"

#include "base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What every report has, whichever muster wrote it: a document that lacks it would be shown as a job that went well. */
static const struct member {
	const char *path;
	const char *kind;
	bool may_be_null;
} fixed_members[] = {
	{"job", "an object", false},      {"job.id", "a string", true},     {"job.name", "a string", true},
	{"job.nprocs", "a number", true}, {"outcome", "a string", false},   {"exit_code", "a number", false},
	{"started", "a string", false},   {"ended", "a string", false},     {"elapsed_s", "a number", false},
	{"restarts", "a number", false},  {"survivors", "a number", false}, {"first_failure", "an object", true},
	{"ranks", "a list", false},
};

static const char *kind_of(const json_t *value)
{
	static const char *const kinds[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",  [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_NULL] = "null",
		[JSON_TRUE] = "true",        [JSON_FALSE] = "false",
	};
	return kinds[json_typeof(value)];
}

static const json_t *member_at(const json_t *report, const char *path)
{
	bool of_job = strncmp(path, "job.", 4) == 0;
	return of_job ? json_object_get(json_object_get(report, "job"), path + 4) : json_object_get(report, path);
}

static int check_members(const json_t *report, const char *name, struct error *err)
{
	for (size_t i = 0; i < sizeof fixed_members / sizeof *fixed_members; i++) {
		const struct member *member = &fixed_members[i];
		const json_t *value = member_at(report, member->path);
		if (value == NULL)
			return error_set(err, -EBADMSG, "%s: not a whole report, see muster-report(5): %s is missing",
			                 name, member->path);
		bool fits = strcmp(kind_of(value), member->kind) == 0 || (member->may_be_null && json_is_null(value));
		if (!fits)
			return error_set(err, -EBADMSG, "%s: not a report, see muster-report(5): %s is %s, not %s",
			                 name, member->path, kind_of(value), member->kind);
	}
	return 0;
}

int report_check(const json_t *report, const char *name, struct error *err)
{
	const char *schema = json_string_value(json_object_get(report, "schema"));
	if (schema == NULL || strcmp(schema, "muster.report/1") != 0)
		return error_set(err, -EBADMSG, "%s: not a report of muster's (schema muster.report/1)", name);
	return check_members(report, name, err);
}
