/* SPDX-License-Identifier: MIT
 *
 * overrides: see overrides.h.
 */
#include "spec/overrides.h"

#include "spec/diagnostics.h"
#include "spec/shown.h"
#include "spec/spec_reader.h"

#include <assert.h>
#include <string.h>

static const struct yaml_node nowhere = {.kind = NODE_REFUSED};

/* "env.LOG_LEVEL" is no key of the table: the rest of it is a name. */
static bool set_variable(struct spec_reader *reader, const char *path, const struct yaml_node *value)
{
	const struct spec_key *env = spec_key_find("env");
	const char *name = path + strlen("env.");
	return read_env_entry(reader, env, &nowhere, name, value, &reader->spec->env);
}

static void complain_of_path(struct spec_reader *reader, char *path)
{
	char *dot = strrchr(path, '.');
	if (strncmp(path, "ranks[", strlen("ranks[")) == 0 || strncmp(path, "ranks.", strlen("ranks.")) == 0) {
		complain(reader, NULL, &nowhere, "\"%s\": exceptions can only be set as a whole: --set 'ranks=[...]'",
		         SHOWN(path));
		return;
	}
	if (dot != NULL)
		*dot = '\0';
	const struct spec_key *parent = dot == NULL ? NULL : spec_key_find(path);
	if (parent == NULL)
		complain_of_unknown(reader, &nowhere, "", path);
	else if (parent->type == KEY_MAP)
		complain_of_unknown(reader, &nowhere, path, dot + 1);
	else
		complain(reader, NULL, &nowhere, "unknown key \"%s\": %s holds no keys", SHOWN(dot + 1), path);
}

static void set_path(struct spec_reader *reader, struct arena *arena, char *path, const char *yaml)
{
	const struct spec_key *key = strchr(path, '[') == NULL ? spec_key_find(path) : NULL;
	bool is_variable = strncmp(path, "env.", strlen("env.")) == 0;
	if (key == NULL && !is_variable) {
		complain_of_path(reader, path);
		return;
	}
	reader->where = arena_format(&reader->spec->arena, "--set %s", SHOWN(path));
	const char *value = yaml + strspn(yaml, " ");
	/* "--set user=" is null; "--set output.stdout=%r.log" needs no second pair of quotes. */
	struct yaml_node plain = {.kind = NODE_SCALAR, .text = arena_copy(arena, value)};
	const struct yaml_node *node = &plain;
	if (value[0] != '\0' && !yaml_begins_no_value(value[0]))
		node = yaml_tree_read(yaml, strlen(yaml), reader->where, false, arena, reader->diagnostics);
	if (node == NULL)
		return;
	if (is_variable)
		set_variable(reader, path, node);
	else
		read_value(reader, key, node, reader->spec);
}

static void apply_set(struct spec_reader *reader, const struct override *override)
{
	struct arena arena = {0};
	const char *equals = strchr(override->value, '=');
	if (equals == NULL || equals == override->value)
		complain(reader, NULL, &nowhere, "\"%s\" is not KEY=VALUE, like nprocs=4", SHOWN(override->value));
	else
		set_path(reader, &arena, arena_copy_bytes(&arena, override->value, (size_t)(equals - override->value)),
		         equals + 1);
	arena_finish(&arena);
}

static void apply_variable(struct spec_reader *reader, const struct override *override)
{
	struct arena arena = {0};
	const struct spec_key *key = spec_key_find(override->key);
	const char *equals = strchrnul(override->value, '=');
	char *name = arena_copy_bytes(&arena, override->value, (size_t)(equals - override->value));
	struct yaml_node value = {.kind = NODE_SCALAR, .quoted = true};
	if (*equals == '\0') {
		complain(reader, key, &nowhere, "\"%s\" is not NAME=VALUE", SHOWN(override->value));
	} else {
		value.text = arena_copy(&arena, equals + 1);
		read_env_entry(reader, key, &nowhere, name, &value, &reader->spec->env);
	}
	arena_finish(&arena);
}

static void apply_word(struct spec_reader *reader, const struct override *override)
{
	struct arena arena = {0};
	const struct spec_key *key = spec_key_find(override->key);
	assert(key != NULL);
	struct yaml_node node = {.kind = NODE_SCALAR,
	                         .quoted = override->kind == OVERRIDE_TEXT,
	                         .text = arena_copy(&arena, override->value)};
	read_value(reader, key, &node, reader->spec);
	arena_finish(&arena);
}

void overrides_apply(struct spec_reader *reader, const struct override *overrides, uint32_t count)
{
	reader->from_option = true;
	for (uint32_t i = 0; i < count; i++) {
		reader->where = arena_copy(&reader->spec->arena, overrides[i].option);
		reader->typed = overrides[i].typed;
		if (overrides[i].kind == OVERRIDE_SET)
			apply_set(reader, &overrides[i]);
		else if (overrides[i].kind == OVERRIDE_ENV)
			apply_variable(reader, &overrides[i]);
		else
			apply_word(reader, &overrides[i]);
	}
}
