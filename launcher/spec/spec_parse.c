/* SPDX-License-Identifier: MIT
 *
 * spec_parse: see spec_parse.h. The order of job_spec_read() is the order in which values lie over one another:
 * defaults, the file or command, options; then what is only wrong in company.
 */
#include "spec/spec_parse.h"

#include "base/arena.h"
#include "base/file_text.h"
#include "base/memory.h"
#include "spec/diagnostics.h"
#include "spec/foreign_keys.h"
#include "spec/overrides.h"
#include "spec/shown.h"
#include "spec/spec_reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct yaml_node nowhere = {.kind = NODE_REFUSED};

struct key_origin *origin_of(struct spec_reader *reader, const char *path)
{
	return &reader->origins[spec_key_index(spec_key_find(path))];
}

void complain(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, const char *format,
              ...)
{
	char message[1024], name[96] = "";
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	if (reader->exception >= 0)
		snprintf(name, sizeof name, "ranks[%d]%s%s: ", (int)reader->exception, key == NULL ? "" : ".",
		         key == NULL ? "" : spec_key_leaf(key));
	else if (key != NULL && !reader->from_option)
		snprintf(name, sizeof name, "%s: ", key->path);
	diagnostics_add(reader->diagnostics, reader->where, node->line, node->column, "%s%s", name, message);
}

void complain_of_form(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node)
{
	char form[160];
	const char *found = node->kind == NODE_LIST  ? "a list"
	                    : node->kind == NODE_MAP ? "a mapping"
	                    : node_is_null(node)     ? "null"
	                                             : "a text";
	complain(reader, key, node, "this is %s; it must be %s", found, spec_key_form(key, form, sizeof form));
}

void complain_of_unknown(struct spec_reader *reader, const struct yaml_node *at, const char *parent, const char *name)
{
	bool in_exception = strcmp(parent, "ranks[]") == 0;
	const char *advice = in_exception ? foreign_key_advice_in_exception(name) : foreign_key_advice(name);
	const char *guess = advice == NULL ? spec_key_guess(parent, name) : NULL;
	char in[64] = "", meant[160] = "";
	if (parent[0] != '\0' && !in_exception)
		snprintf(in, sizeof in, " in %s", parent);
	if (advice != NULL) {
		snprintf(meant, sizeof meant, "; %s", advice);
	} else if (guess != NULL) {
		const char *leaf = strrchr(guess, '.');
		bool sibling = spec_key_is_child(spec_key_find(guess), parent);
		snprintf(meant, sizeof meant, "; did you mean \"%s\"%s?", sibling && leaf != NULL ? leaf + 1 : guess,
		         !sibling && leaf == NULL ? " at the top level" : "");
	}
	complain(reader, NULL, at, "unknown key \"%s\"%s%s", SHOWN(name), in, meant);
}

static bool has_child(const struct yaml_node *map, const char *name)
{
	for (const struct yaml_node *value = map->first; value != NULL; value = value->next)
		if (value->key->kind == NODE_SCALAR && strcmp(value->key->text, name) == 0)
			return true;
	return false;
}

/* Of an exception: what the job itself needs is checked when the options have been read. */
static bool has_needed(struct spec_reader *reader, const char *parent, const struct yaml_node *map)
{
	bool whole = true;
	for (uint32_t i = 0; i < spec_key_count; i++) {
		const struct spec_key *key = &spec_keys[i];
		if (parent[0] == '\0' || !key->required || !spec_key_is_child(key, parent) ||
		    has_child(map, spec_key_leaf(key)))
			continue;
		complain(reader, NULL, map, "the key \"%s\" is missing", spec_key_leaf(key));
		whole = false;
	}
	return whole;
}

bool read_map(struct spec_reader *reader, const char *parent, const struct yaml_node *map, void *base)
{
	bool sound = true;
	for (const struct yaml_node *value = map->first; value != NULL; value = value->next) {
		if (value->key->kind != NODE_SCALAR) {
			sound = false;
			continue;
		}
		const struct spec_key *key = spec_key_child(parent, value->key->text);
		if (key == NULL)
			complain_of_unknown(reader, value->key, parent, value->key->text);
		sound = key != NULL && read_value(reader, key, value, base) && sound;
	}
	return has_needed(reader, parent, map) && sound;
}

void read_default(struct spec_reader *reader, const struct spec_key *key)
{
	char text[UNIT_TEXT_BYTES];
	assert(strlen(key->fallback) < sizeof text);
	strcpy(text, key->fallback);
	struct yaml_node node = {.kind = NODE_SCALAR, .text = text};
	bool sound = read_value(reader, key, &node, reader->spec);
	assert(sound && "a default in the table of keys is not a value of its key");
	(void)sound;
	reader->origins[spec_key_index(key)] = (struct key_origin){0};
	if (key->given != 0)
		*((bool *)((char *)reader->spec + key->given)) = false;
}

/* The member as it is without any value. */
static void clear_member(struct spec_reader *reader, const struct spec_key *key, void *member)
{
	const int64_t not_set = NOT_SET;
	if (key->type == KEY_CPUS)
		index_set_finish(member);
	else if (key->type == KEY_RANK_CPUS)
		free_rank_cpus(reader->spec);
	else if (key->type == KEY_EXCEPTIONS)
		free_exceptions(reader->spec);
	else if (key->type == KEY_DURATION || key->type == KEY_SIZE || key->type == KEY_NUMBER)
		memcpy(member, &not_set, key->size < sizeof not_set ? 0 : sizeof not_set);
	else
		memset(member, 0, key->size);
}

/* Its keys as they are where the spec has none of them: an option takes back what the file says. */
static void clear_map(struct spec_reader *reader, const struct spec_key *map)
{
	for (uint32_t i = 0; i < spec_key_count; i++) {
		const struct spec_key *key = &spec_keys[i];
		if (!spec_key_is_child(key, map->path))
			continue;
		clear_member(reader, key, (char *)reader->spec + key->offset);
		reader->origins[i] = (struct key_origin){0};
		if (key->fallback != NULL)
			read_default(reader, key);
		else if (key->given != 0)
			*((bool *)((char *)reader->spec + key->given)) = false;
	}
}

static bool read_null(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                      void *member)
{
	if (key->nullable && key->type == KEY_MAP)
		clear_map(reader, key);
	else if (key->nullable)
		clear_member(reader, key, member);
	else
		complain_of_form(reader, key, node);
	return key->nullable;
}

static bool read_kind(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, void *base)
{
	void *member = (char *)base + key->offset;
	bool composite = key->type == KEY_TEXTS || key->type == KEY_ENV || key->type == KEY_INHERIT ||
	                 key->type == KEY_SINKS || key->type == KEY_RANK_CPUS || key->type == KEY_EXCEPTIONS;
	if (node->kind == NODE_REFUSED)
		return false;
	if (node_is_null(node) && key->type != KEY_SINKS)
		return read_null(reader, key, node, member);
	if (composite)
		return read_composite(reader, key, node, member);
	if (node->kind != (key->type == KEY_MAP ? NODE_MAP : NODE_SCALAR)) {
		complain_of_form(reader, key, node);
		return false;
	}
	if (key->type == KEY_MAP)
		return read_map(reader, key->path, node, base);
	return read_scalar(reader, key, node, member);
}

bool read_value(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, void *base)
{
	bool sound = read_kind(reader, key, node, base);
	if (sound && key->given != 0)
		*((bool *)((char *)base + key->given)) = !node_is_null(node);
	struct key_origin *origin = reader->exception < 0
	                                    ? &reader->origins[spec_key_index(key)]
	                                    : &reader->exceptions[reader->exception].keys[spec_key_in_exception(key)];
	*origin = (struct key_origin){reader->where, node->line, node->column, true, sound};
	return sound;
}

/* The whole of a file, or NULL after a complaint. */
static char *read_file(struct spec_reader *reader, const char *path, size_t *length)
{
	bool from_stdin = strcmp(path, "-") == 0;
	int fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		complain(reader, NULL, &nowhere, "cannot open it: %s", strerror(errno));
		return NULL;
	}
	char *text = memory_zeroed(SPEC_BYTES_MAX + 1);
	ssize_t got = file_read(fd, text, SPEC_BYTES_MAX + 1);
	if (!from_stdin)
		close(fd);
	*length = got < 0 ? 0 : (size_t)got;
	if (got >= 0 && got <= SPEC_BYTES_MAX)
		return text;
	if (got < 0)
		complain(reader, NULL, &nowhere, "cannot read it: %s", strerror((int)-got));
	else
		complain(reader, NULL, &nowhere, "more than 1 MiB is no job spec");
	free(text);
	return NULL;
}

static void parse_text(struct spec_reader *reader, const char *text, size_t length)
{
	struct arena arena = {0};
	const struct yaml_node *root = yaml_tree_read(text, length, reader->where, true, &arena, reader->diagnostics);
	if (root != NULL && root->kind == NODE_MAP) {
		reader->root = (struct key_origin){reader->where, root->line, root->column, true, true};
		read_map(reader, "", root, reader->spec);
	} else if (root != NULL && root->kind != NODE_REFUSED) {
		complain(reader, NULL, root, "a spec is a mapping of keys to values, beginning with version: 1");
	}
	arena_finish(&arena);
}

static void take_file(struct spec_reader *reader, const struct spec_request *request)
{
	if (request->text != NULL) {
		parse_text(reader, request->text, request->text_length);
		return;
	}
	size_t length;
	char *text = read_file(reader, request->path, &length);
	if (text != NULL) {
		parse_text(reader, text, length);
		reader->spec->text = arena_copy_bytes(&reader->spec->arena, text, length);
		reader->spec->text_length = length;
	}
	free(text);
}

/* `more` behind what the list has. */
static void append_texts(struct job_spec *spec, struct string_list *list, char **more)
{
	uint32_t count = list->count;
	for (char **text = more; *text != NULL; text++)
		count++;
	if (count == 0)
		return;
	char **items = arena_alloc_array(&spec->arena, (size_t)count + 1, sizeof *items);
	for (uint32_t i = 0; i < count; i++)
		items[i] = i < list->count ? list->items[i] : arena_copy(&spec->arena, more[i - list->count]);
	*list = (struct string_list){items, count};
}

static void take_command(struct spec_reader *reader, const struct spec_request *request)
{
	struct key_origin given = {"", 0, 0, true, true};
	if (request->command != NULL)
		append_texts(reader->spec, &reader->spec->command, request->command);
	*origin_of(reader, "version") = given;
	if (reader->spec->command.count > 0)
		*origin_of(reader, "command") = given;
	reader->root = given;
}

/* Absolute, without symbolic links: of the file's directory, or the current one, which may have been deleted. */
static void find_base_directory(struct spec_reader *reader, const struct spec_request *request)
{
	bool has_file = request->path != NULL && request->text == NULL && strcmp(request->path, "-") != 0;
	const char *slash = has_file ? strrchr(request->path, '/') : NULL;
	char *named = slash == NULL ? NULL : strndup(request->path, (size_t)(slash - request->path) + 1);
	char *found = realpath(named == NULL ? "." : named, NULL);
	if (found != NULL)
		reader->spec->base_directory = arena_copy(&reader->spec->arena, found);
	else if (named != NULL)
		complain(reader, NULL, &nowhere, "cannot tell the path of its directory: %s", strerror(errno));
	free(found);
	free(named);
}

static void keep_origins(struct spec_reader *reader)
{
	struct job_spec *spec = reader->spec;
	struct key_origin *origins = arena_alloc_array(&spec->arena, spec_key_count, sizeof *origins);
	memcpy(origins, reader->origins, spec_key_count * sizeof *origins);
	spec->origins = origins;
	spec->exceptions = reader->exceptions;
}

/* To those of every rank. */
static void append_arguments(struct job_spec *spec, char **arguments)
{
	append_texts(spec, &spec->args, arguments);
	for (uint32_t i = 0; i < spec->ranks_count; i++)
		if (spec->ranks[i].has_args)
			append_texts(spec, &spec->ranks[i].args, arguments);
}

/* Of two one would be forgotten. */
static void check_one_command(struct spec_reader *reader)
{
	const struct key_origin *origin = origin_of(reader, "command");
	if (!origin->given || origin->where[0] == '\0')
		return;
	reader->where = origin->where;
	complain(reader, NULL, &nowhere, "a command stands on the command line as well: leave one of them out");
}

const char *spec_source_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

int job_spec_read(struct job_spec *spec, const struct spec_request *request, struct diagnostics *diagnostics)
{
	struct job_spec made;
	job_spec_init(&made);
	struct spec_reader reader = {.spec = &made, .diagnostics = diagnostics, .where = "", .exception = -1};
	uint32_t before = diagnostics->count;
	if (request->path != NULL) {
		made.source = arena_copy(&made.arena, spec_source_name(request->path));
		reader.where = made.source[0] == '\0' ? "\"\"" : made.source;
		take_file(&reader, request);
	} else {
		take_command(&reader, request);
	}
	if (diagnostics->count == before)
		find_base_directory(&reader, request);
	overrides_apply(&reader, request->overrides, request->override_count);
	if (request->path == NULL && !origin_of(&reader, "working_directory")->given)
		made.working_directory = NULL; /* the ranks stay where muster is, even where that has no name */
	if (request->path != NULL && request->command != NULL)
		append_arguments(&made, request->command);
	if (request->path == NULL && request->command != NULL)
		check_one_command(&reader);
	check_spec(&reader);
	diagnostics_sort(diagnostics);
	if (diagnostics->count > before) {
		job_spec_finish(&made);
		return -EINVAL;
	}
	keep_origins(&reader);
	*spec = made;
	return 0;
}
