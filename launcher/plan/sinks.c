/* SPDX-License-Identifier: MIT
 *
 * sinks: see sinks.h.
 */
#include "plan/sinks.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static bool is_empty_step(const char *at, size_t length)
{
	return length == 0 || (length == 1 && at[0] == '.');
}

/* "..", unlike ".", is left to the kernel: what it means depends on symbolic links. */
static void add_steps(struct text *text, const char *path)
{
	while (*path != '\0') {
		size_t length = strcspn(path, "/");
		if (!is_empty_step(path, length)) {
			text_add(text, "/");
			text_add_bytes(text, path, length);
		}
		path += length;
		path += *path == '/';
	}
}

char *path_under(struct arena *arena, const char *base, const char *path)
{
	struct text text = {0};
	if (path[0] != '/')
		add_steps(&text, base);
	add_steps(&text, path);
	if (text.length == 0)
		text_add(&text, "/");
	char *whole = arena_copy_bytes(arena, text.bytes, text.length);
	text_finish(&text);
	return whole;
}

int sinks_check(const struct sink_list *list, const char *key, struct error *err)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i].kind != SINK_PATH)
			continue;
		const char *pattern = list->items[i].pattern;
		if (pattern[0] == '\0')
			return error_set_key(err, -EINVAL, key, "the path is empty");
		for (const char *at = strchr(pattern, '%'); at != NULL; at = strchr(at + 2, '%'))
			if (at[1] == '\0' || strchr("jr%", at[1]) == NULL)
				return error_set_key(err, -EINVAL, key,
				                     "\"%.2s\" in \"%s\" is not known: %%j is the job's id, %%r "
				                     "the rank, %%%% a percent sign",
				                     at, pattern);
	}
	return 0;
}

static bool has_rank(const char *pattern)
{
	for (const char *at = strchr(pattern, '%'); at != NULL; at = strchr(at + 2, '%'))
		if (at[1] == 'r')
			return true;
	return false;
}

bool sinks_differ_by_rank(const struct sink_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->items[i].kind == SINK_PATH && has_rank(list->items[i].pattern))
			return true;
	return false;
}

static char *fill_pattern(struct arena *arena, const char *pattern, const char *base, const char *job_id, uint32_t rank)
{
	struct text text = {0};
	for (const char *at = pattern; *at != '\0'; at++) {
		if (*at != '%')
			text_add_bytes(&text, at, 1);
		else if (*++at == 'j')
			text_add(&text, job_id);
		else if (*at == 'r')
			text_add_format(&text, "%" PRIu32, rank);
		else
			text_add(&text, "%");
	}
	assert(text.bytes != NULL && "an empty pattern is refused with the spec");
	char *path = path_under(arena, base, text.bytes);
	text_finish(&text);
	return path;
}

void sinks_fill(struct rank_sinks *sinks, struct arena *arena, const struct sink_list *list, const char *base,
                const char *job_id, uint32_t rank)
{
	sinks->count = list->count;
	sinks->items = arena_alloc_array(arena, list->count, sizeof *sinks->items);
	for (uint32_t i = 0; i < list->count; i++) {
		sinks->items[i].kind = list->items[i].kind;
		if (list->items[i].kind == SINK_PATH)
			sinks->items[i].path = fill_pattern(arena, list->items[i].pattern, base, job_id, rank);
	}
}
