/* SPDX-License-Identifier: MIT
 *
 * spec_error: see spec_error.h.
 */
#include "spec/spec_error.h"

#include "base/error.h"
#include "spec/diagnostics.h"
#include "spec/job_spec.h"
#include "spec/key_origin.h"
#include "spec/spec_keys.h"

#include <stdlib.h>
#include <string.h>

#define IN_RANKS "ranks["

/* Of "ranks[2].stdout"; of the exception, when it has no such key. */
static const struct key_origin *origin_in_exception(const struct job_spec *spec, const char *path)
{
	char *leaf;
	const struct exception_origin *exception = &spec->exceptions[strtoul(path + strlen(IN_RANKS), &leaf, 10)];
	const struct spec_key *key = strncmp(leaf, "].", 2) == 0 ? spec_key_child("ranks[]", leaf + 2) : NULL;
	const struct key_origin *origin = key == NULL ? NULL : &exception->keys[spec_key_in_exception(key)];
	return origin != NULL && origin->given ? origin : &exception->whole;
}

/* NULL: the user wrote nothing for it. */
static const struct key_origin *origin_of_key(const struct job_spec *spec, const char *path)
{
	const struct key_origin *origin = NULL;
	const struct spec_key *key = spec_key_find(path);
	if (strncmp(path, IN_RANKS, strlen(IN_RANKS)) == 0 && spec->exceptions != NULL)
		origin = origin_in_exception(spec, path);
	else if (key != NULL && spec->origins != NULL)
		origin = &spec->origins[spec_key_index(key)];
	return origin != NULL && origin->given ? origin : NULL;
}

/* An option has one key; "--set placement={...}" and a file have several. */
static bool says_which_key(const struct key_origin *origin, const char *path)
{
	const size_t set = strlen("--set ");
	if (origin->line != 0 || strncmp(path, IN_RANKS, strlen(IN_RANKS)) == 0)
		return false;
	return strncmp(origin->where, "--set ", set) != 0 || strcmp(origin->where + set, path) == 0;
}

void spec_error_format(const struct job_spec *spec, const struct error *err, struct text *to)
{
	struct diagnostics one = {0};
	const struct key_origin nowhere = {.where = ""}, *origin = origin_of_key(spec, err->key);
	bool named = err->key[0] == '\0' || (origin != NULL && says_which_key(origin, err->key));
	if (origin == NULL)
		origin = &nowhere;
	diagnostics_add(&one, origin->where, origin->line, origin->column, "%s%s%s", named ? "" : err->key,
	                named ? "" : ": ", err->text);
	diagnostics_format(&one, "error: ", to);
	diagnostics_finish(&one);
}
