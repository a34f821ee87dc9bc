/* SPDX-License-Identifier: MIT
 *
 * spec_lists: values of several parts: lists of texts, environments, sinks, CPU lists a rank, exceptions.
 *
 * Each is built aside and put in place when all of it is sound; every part that is not is complained of.
 */
#include "spec/spec_reader.h"

#include "spec/shown.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ": write [python3, train.py]" for the string "python3 train.py"; words with a special meaning are left to the user.
 */
static void complain_of_string(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node)
{
	char list[160] = "";
	size_t length = 0;
	const char *at = node->text + strspn(node->text, " ");
	if (at[0] == '\0' || at[strcspn(at, "\"'\\$`|&;<>()*?[]{}#~:,!%@\n\t")] != '\0' ||
	    strlen(at) > sizeof list / 2) {
		complain(reader, key, node,
		         "a list is wanted, since no shell splits it: write [program, argument, ...]");
		return;
	}
	while (*at != '\0') {
		size_t word = strcspn(at, " ");
		length += (size_t)snprintf(list + length, sizeof list - length, "%s%.*s", length > 0 ? ", " : "",
		                           (int)word, at);
		at += word + strspn(at + word, " ");
	}
	complain(reader, key, node, "a list is wanted, since no shell splits it: write [%s]", SHOWN(list));
}

/* "ranks: 4", where other launchers have their number. */
static bool is_number_of_ranks(const struct spec_key *key, const struct yaml_node *node)
{
	int64_t number;
	return key->type == KEY_EXCEPTIONS && node->kind == NODE_SCALAR &&
	       (number_parse(node->text, &number, NULL) == 0 || strcmp(node->text, "auto") == 0);
}

static bool is_list(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node)
{
	if (node->kind == NODE_LIST)
		return true;
	if (key->type == KEY_TEXTS && node->kind == NODE_SCALAR && !node_is_null(node))
		complain_of_string(reader, key, node);
	else if (is_number_of_ranks(key, node))
		complain(reader, key, node,
		         "the number of ranks is nprocs: %s; this is a list of exceptions like [{ranks: \"0\", env: "
		         "{ROLE: leader}}]",
		         SHOWN(node->text));
	else
		complain_of_form(reader, key, node);
	return false;
}

static bool read_texts(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *list,
                       struct string_list *member)
{
	struct string_list read = {0};
	bool sound = true;
	if (!is_list(reader, key, list))
		return false;
	if (list->count > 0)
		read.items = arena_alloc_array(&reader->spec->arena, (size_t)list->count + 1, sizeof *read.items);
	for (const struct yaml_node *item = list->first; item != NULL; item = item->next) {
		assert(read.items != NULL);
		read.items[read.count] = read_text(reader, key, item);
		sound = read.items[read.count++] != NULL && sound;
	}
	bool is_command = strcmp(spec_key_leaf(key), "command") == 0;
	if (is_command && (read.count == 0 || (read.items[0] != NULL && read.items[0][0] == '\0'))) {
		complain(reader, key, list, "the list must begin with the program to execute");
		sound = false;
	}
	if (sound)
		*member = read;
	return sound;
}

static bool is_env_name(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
		if (*at == '=' || (unsigned char)*at <= ' ' || *at == 0x7f)
			return false;
	return name[0] != '\0';
}

static bool check_env_name(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *at,
                           const char *name)
{
	if (is_env_name(name))
		return true;
	complain(reader, key, at, "\"%s\" cannot name a variable: a name is not empty and has no \"=\" and no blanks",
	         SHOWN(name));
	return false;
}

/* Twice as much each time: there may be as many options as a command line holds. */
static void grow_env(struct spec_reader *reader, struct env_changes *env, uint32_t more)
{
	if (env->capacity - env->count >= more)
		return;
	uint32_t capacity = env->capacity * 2 > env->count + more ? env->capacity * 2 : env->count + more;
	struct env_change *items = arena_alloc_array(&reader->spec->arena, capacity, sizeof *items);
	if (env->count > 0)
		memcpy(items, env->items, env->count * sizeof *items);
	env->items = items;
	env->capacity = capacity;
}

/* "{A:b}" is a mapping of "A:b" to nothing, not what it looks like. */
static bool check_removed_name(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *at,
                               const char *name)
{
	if (strchr(name, ':') == NULL)
		return true;
	complain(reader, key, at, "\"%s\" has no value: write a blank behind the colon, like {NAME: value}",
	         SHOWN(name));
	return false;
}

/* Reads one variable without putting it in place; *value is NULL where the name is to be removed. */
static bool read_variable(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *at,
                          const char *name, const struct yaml_node *node, char **value)
{
	*value = NULL;
	if (!check_env_name(reader, key, at, name))
		return false;
	if (node_is_null(node))
		return check_removed_name(reader, key, at, name);
	*value = read_text(reader, key, node);
	return *value != NULL;
}

bool read_env_entry(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *at,
                    const char *name, const struct yaml_node *value, struct env_changes *env)
{
	char *text;
	if (!read_variable(reader, key, at, name, value, &text))
		return false;
	grow_env(reader, env, 1);
	env->items[env->count++] = (struct env_change){arena_copy(&reader->spec->arena, name), text};
	return true;
}

/* Adds to what is there, so that an option adds to the spec; null takes everything back. */
static bool read_env(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *map,
                     struct env_changes *member)
{
	struct env_changes read = *member;
	bool sound = true;
	if (map->kind != NODE_MAP) {
		complain_of_form(reader, key, map);
		return false;
	}
	grow_env(reader, &read, map->count);
	for (const struct yaml_node *value = map->first; value != NULL; value = value->next) {
		char *text;
		if (value->key->kind != NODE_SCALAR || value->kind == NODE_REFUSED ||
		    !read_variable(reader, key, value->key, value->key->text, value, &text)) {
			sound = false;
			continue;
		}
		char *name = arena_copy(&reader->spec->arena, value->key->text);
		read.items[read.count++] = (struct env_change){name, text};
	}
	if (sound)
		*member = read;
	return sound;
}

static bool read_inherit(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                         struct job_spec *spec)
{
	struct string_list names = {0};
	if (node->kind == NODE_SCALAR && !node->quoted &&
	    (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)) {
		spec->inherit_env = node->text[0] == 't' ? INHERIT_ALL : INHERIT_NONE;
		spec->inherit_names = names;
		return true;
	}
	if (node->kind != NODE_LIST) {
		complain_of_form(reader, key, node);
		return false;
	}
	bool sound = read_texts(reader, key, node, &names);
	for (const struct yaml_node *item = node->first; item != NULL; item = item->next)
		if (item->kind == NODE_SCALAR && !node_is_null(item))
			sound = check_env_name(reader, key, item, item->text) && sound;
	if (!sound)
		return false;
	spec->inherit_env = INHERIT_LISTED;
	spec->inherit_names = names;
	return true;
}

static bool check_pattern(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node)
{
	for (const char *at = strchr(node->text, '%'); at != NULL; at = strchr(at + 2, '%')) {
		if (at[1] != '\0' && strchr("jr%", at[1]) != NULL)
			continue;
		complain(reader, key, node,
		         "\"%s\" has a %% that is none of %%j (job id), %%r (rank) and %%%% (a percent sign)",
		         SHOWN(reader->typed != NULL ? reader->typed : node->text));
		return false;
	}
	return true;
}

static bool read_sink(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                      struct sink_spec *sink)
{
	if (node->kind == NODE_REFUSED)
		return false;
	if (node->kind == NODE_SCALAR && node->quoted && node->text[0] == '\0') {
		complain(reader, key, node, "it is empty: write null to discard the output");
		return false;
	}
	if (node->kind != NODE_SCALAR) {
		complain_of_form(reader, key, node);
		return false;
	}
	if (strcmp(node->text, "-") == 0) {
		complain(reader, key, node, "muster's own output is terminal; a file of the name \"-\" is ./-");
		return false;
	}
	*sink = (struct sink_spec){.kind = SINK_PATH};
	if (node_is_null(node) || strcmp(node->text, "null") == 0)
		sink->kind = SINK_NULL;
	else if (strcmp(node->text, "terminal") == 0)
		sink->kind = SINK_TERMINAL;
	else if (!check_pattern(reader, key, node))
		return false;
	else
		sink->pattern = arena_copy(&reader->spec->arena, node->text);
	return true;
}

static bool read_sinks(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                       struct sink_list *member)
{
	struct sink_list read = {.count = node->kind == NODE_LIST ? node->count : 1};
	bool sound = true;
	if (read.count == 0) {
		complain(reader, key, node, "the list is empty: write null to discard the output");
		return false;
	}
	read.items = arena_alloc_array(&reader->spec->arena, read.count, sizeof *read.items);
	if (node->kind != NODE_LIST)
		sound = read_sink(reader, key, node, &read.items[0]);
	struct sink_spec *to = read.items;
	for (const struct yaml_node *item = node->first; item != NULL; item = item->next)
		sound = read_sink(reader, key, item, to++) && sound;
	if (sound)
		*member = read;
	return sound;
}

void free_rank_cpus(struct job_spec *spec)
{
	for (uint32_t i = 0; i < spec->placement.rank_cpus_count; i++)
		index_set_finish(&spec->placement.rank_cpus[i]);
	spec->placement.rank_cpus = NULL;
	spec->placement.rank_cpus_count = 0;
}

void free_exceptions(struct job_spec *spec)
{
	for (uint32_t i = 0; i < spec->ranks_count; i++)
		index_set_finish(&spec->ranks[i].ranks);
	spec->ranks = NULL;
	spec->ranks_count = 0;
}

static bool has_few(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *list)
{
	if (list->count <= RANKS_MAX)
		return true;
	complain(reader, key, list, "%" PRIu32 " items are more than the %u ranks that a job can have", list->count,
	         RANKS_MAX);
	return false;
}

static bool read_rank_cpus(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *list,
                           struct job_spec *spec)
{
	bool sound = true;
	if (!is_list(reader, key, list) || !has_few(reader, key, list))
		return false;
	if (list->count == 0) {
		complain(reader, key, list, "the list is empty: write one CPU list for each rank, or null");
		return false;
	}
	free_rank_cpus(spec);
	spec->placement.rank_cpus = arena_alloc_array(&spec->arena, list->count, sizeof *spec->placement.rank_cpus);
	for (const struct yaml_node *item = list->first; item != NULL; item = item->next)
		sound = read_indices(reader, key, item,
		                     &spec->placement.rank_cpus[spec->placement.rank_cpus_count++]) &&
		        sound;
	return sound;
}

static bool read_exceptions(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *list,
                            struct job_spec *spec)
{
	bool sound = true;
	if (!is_list(reader, key, list) || !has_few(reader, key, list))
		return false;
	free_exceptions(spec);
	spec->ranks = arena_alloc_array(&spec->arena, list->count, sizeof *spec->ranks);
	reader->exceptions = arena_alloc_array(&spec->arena, list->count, sizeof *reader->exceptions);
	for (const struct yaml_node *item = list->first; item != NULL; item = item->next) {
		uint32_t index = spec->ranks_count++;
		reader->exception = index;
		struct key_origin *origin = &reader->exceptions[index].whole;
		*origin = (struct key_origin){reader->where, item->line, item->column, true, true};
		bool item_sound = item->kind == NODE_MAP && read_map(reader, "ranks[]", item, &spec->ranks[index]);
		if (item->kind != NODE_MAP && item->kind != NODE_REFUSED)
			complain(reader, NULL, item,
			         "an exception is a mapping like {ranks: \"0\", env: {ROLE: leader}}");
		origin->sound = item_sound;
		sound = item_sound && sound;
	}
	reader->exception = -1;
	return sound;
}

bool read_composite(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, void *member)
{
	switch (key->type) {
	case KEY_TEXTS:
		return read_texts(reader, key, node, member);
	case KEY_ENV:
		return read_env(reader, key, node, member);
	case KEY_INHERIT:
		return read_inherit(reader, key, node, reader->spec);
	case KEY_SINKS:
		return read_sinks(reader, key, node, member);
	case KEY_RANK_CPUS:
		return read_rank_cpus(reader, key, node, reader->spec);
	default:
		return read_exceptions(reader, key, node, reader->spec);
	}
}
