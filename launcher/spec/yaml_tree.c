/* SPDX-License-Identifier: MIT
 *
 * yaml_tree: see yaml_tree.h. One loop over libyaml's events, with a stack of the open lists and maps.
 */
#include "spec/yaml_tree.h"

#include "base/arena.h"
#include "base/memory.h"
#include "spec/diagnostics.h"
#include "spec/shown.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct open_node {
	struct yaml_node *node;
	struct yaml_node **tail; /* where the next child goes */
	struct yaml_node *key;   /* in a map: the key whose value comes next */
};

struct tree {
	yaml_parser_t parser;
	const char *text;
	size_t length;
	const char *where;
	bool positions;
	struct arena *arena;
	struct diagnostics *diagnostics;
	struct open_node open[TREE_DEPTH_MAX];
	uint32_t depth;
	struct yaml_node *root;
	uint32_t documents;
};

#define COMPLAIN(tree, at, ...)                                                                                        \
	diagnostics_add((tree)->diagnostics, (tree)->where, (at)->line, (at)->column, __VA_ARGS__)

static struct yaml_node *make_node(struct tree *tree, enum node_kind kind, yaml_mark_t mark)
{
	struct yaml_node *node = arena_alloc(tree->arena, sizeof *node);
	node->kind = kind;
	if (tree->positions) {
		node->line = (uint32_t)mark.line + 1;
		node->column = (uint32_t)mark.column + 1;
	}
	return node;
}

static bool is_key_next(const struct tree *tree)
{
	if (tree->depth == 0)
		return false;
	const struct open_node *top = &tree->open[tree->depth - 1];
	return top->node->kind == NODE_MAP && top->key == NULL;
}

/* Puts a finished or just opened node where it belongs: a key to remember, a child of the open node, or the root. */
static void attach(struct tree *tree, struct yaml_node *node)
{
	if (tree->depth == 0) {
		tree->root = node;
		return;
	}
	struct open_node *top = &tree->open[tree->depth - 1];
	if (is_key_next(tree)) {
		top->key = node;
		return;
	}
	node->key = top->key;
	top->key = NULL;
	*top->tail = node;
	top->tail = &node->next;
	top->node->count++;
}

static bool is_ordinary(struct tree *tree, const struct yaml_node *node, const void *anchor, const void *tag)
{
	if (anchor != NULL)
		COMPLAIN(tree, node, "anchors (&name) are not allowed: write the value out where it is needed");
	if (tag != NULL)
		COMPLAIN(tree, node, "tags (!name) are not allowed: quote a value to make it a text");
	return anchor == NULL && tag == NULL;
}

static void add_scalar(struct tree *tree, const yaml_event_t *event)
{
	struct yaml_node *node = make_node(tree, NODE_SCALAR, event->start_mark);
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_copy_bytes(tree->arena, value, length);
	if (!is_ordinary(tree, node, event->data.scalar.anchor, event->data.scalar.tag)) {
		node->kind = NODE_REFUSED;
	} else if (strlen(node->text) != length) {
		COMPLAIN(tree, node, "a text cannot hold a NUL character");
		node->kind = NODE_REFUSED;
	}
	attach(tree, node);
}

static void add_alias(struct tree *tree, const yaml_event_t *event)
{
	struct yaml_node *node = make_node(tree, NODE_REFUSED, event->start_mark);
	COMPLAIN(tree, node, "aliases (*name) are not allowed: write the value out where it is needed");
	attach(tree, node);
}

/* Returns false when nothing deeper can be read. */
static bool open_node(struct tree *tree, enum node_kind kind, const yaml_event_t *event)
{
	struct yaml_node *node = make_node(tree, kind, event->start_mark);
	bool list = kind == NODE_LIST;
	if (tree->depth == TREE_DEPTH_MAX) {
		COMPLAIN(tree, node, "nested more than %d levels deep", TREE_DEPTH_MAX);
		return false;
	}
	bool is_key = is_key_next(tree);
	if (is_key)
		COMPLAIN(tree, node, "a key must be a word, not a %s", list ? "list" : "mapping");
	is_ordinary(tree, node, list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor,
	            list ? event->data.sequence_start.tag : event->data.mapping_start.tag);
	attach(tree, node);
	tree->open[tree->depth++] = (struct open_node){.node = node, .tail = &node->first};
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_node *one = *(struct yaml_node *const *)a, *other = *(struct yaml_node *const *)b;
	int order = strcmp(one->key->text, other->key->text);
	if (order != 0)
		return order;
	if (one->key->line != other->key->line)
		return one->key->line < other->key->line ? -1 : 1;
	return one->key->column < other->key->column ? -1 : one->key->column > other->key->column;
}

static void refuse_duplicate(struct tree *tree, struct yaml_node *value, const struct yaml_node *earlier)
{
	if (tree->positions)
		COMPLAIN(tree, value->key, "duplicate key \"%s\": it stands at line %" PRIu32 " already",
		         SHOWN(value->key->text), earlier->key->line);
	else
		COMPLAIN(tree, value->key, "duplicate key \"%s\"", SHOWN(value->key->text));
	value->kind = NODE_REFUSED;
}

/* Sorted, so that a file of a hundred thousand keys does not take a minute. */
static void find_duplicates(struct tree *tree, struct yaml_node *map)
{
	struct yaml_node **values = memory_resized(NULL, map->count, sizeof *values);
	size_t count = 0;
	for (struct yaml_node *value = map->first; value != NULL; value = value->next)
		if (value->key->kind == NODE_SCALAR)
			values[count++] = value;
	qsort(values, count, sizeof *values, compare_keys);
	for (size_t i = 1, first = 0; i < count; i++) {
		if (strcmp(values[i]->key->text, values[first]->key->text) == 0)
			refuse_duplicate(tree, values[i], values[first]);
		else
			first = i;
	}
	free(values);
}

static void close_node(struct tree *tree)
{
	assert(tree->depth > 0);
	struct yaml_node *node = tree->open[--tree->depth].node;
	if (node->kind == NODE_MAP)
		find_duplicates(tree, node);
}

static bool start_document(struct tree *tree, const yaml_event_t *event)
{
	if (tree->documents++ == 0)
		return true;
	struct yaml_node *here = make_node(tree, NODE_REFUSED, event->start_mark);
	COMPLAIN(tree, here, "a second document starts here: a spec is one document, one job");
	return false;
}

/* Returns false when reading ends. */
static bool take_event(struct tree *tree, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(tree, event);
	case YAML_SCALAR_EVENT:
		add_scalar(tree, event);
		return true;
	case YAML_ALIAS_EVENT:
		add_alias(tree, event);
		return true;
	case YAML_SEQUENCE_START_EVENT:
		return open_node(tree, NODE_LIST, event);
	case YAML_MAPPING_START_EVENT:
		return open_node(tree, NODE_MAP, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_node(tree);
		return true;
	case YAML_STREAM_END_EVENT:
		return false;
	default:
		return true;
	}
}

bool yaml_begins_no_value(char c)
{
	return c == '%' || c == '@' || c == '`';
}

/* Errors of libyaml's reader (bytes that are not UTF-8) know only an offset. */
static yaml_mark_t mark_of_offset(const struct tree *tree, size_t offset)
{
	yaml_mark_t mark = {.index = offset};
	for (size_t i = 0; i < offset && i < tree->length; i++) {
		bool starts_line = tree->text[i] == '\n';
		mark.line += starts_line;
		mark.column = starts_line ? 0 : mark.column + ((tree->text[i] & 0xc0) != 0x80);
	}
	return mark;
}

/* What stands at a mark, whose column counts characters, not bytes; '\0' where nothing does. */
static char byte_at(const struct tree *tree, yaml_mark_t mark)
{
	size_t at = 0;
	for (size_t line = 0; line < mark.line && at < tree->length; at++)
		line += tree->text[at] == '\n';
	for (size_t column = 0; column < mark.column && at < tree->length;)
		column += ++at < tree->length && (tree->text[at] & 0xc0) != 0x80;
	return at < tree->length ? tree->text[at] : '\0';
}

/* What a text that was not quoted began with, where that alone is why it is no YAML; '\0' otherwise. */
static char unquoted_beginning(const struct tree *tree)
{
	if (tree->parser.error != YAML_SCANNER_ERROR || tree->parser.context == NULL)
		return '\0';
	char first = byte_at(tree, tree->parser.context_mark);
	return yaml_begins_no_value(first) || (first != '\0' && strchr("*&!", first) != NULL) ? first : '\0';
}

static void complain_of_syntax(struct tree *tree)
{
	const yaml_parser_t *parser = &tree->parser;
	if (parser->error == YAML_MEMORY_ERROR)
		memory_exhausted();
	bool reader = parser->error == YAML_READER_ERROR;
	char first = unquoted_beginning(tree);
	yaml_mark_t mark = reader ? mark_of_offset(tree, parser->problem_offset) : parser->problem_mark;
	struct yaml_node *here = make_node(tree, NODE_REFUSED, first != '\0' ? parser->context_mark : mark);
	if (reader)
		COMPLAIN(tree, here, "not a text in UTF-8: %s", parser->problem);
	else if (byte_at(tree, mark) == '\t')
		COMPLAIN(tree, here, "not valid YAML: a tab cannot indent; use spaces");
	else if (first != '\0')
		COMPLAIN(tree, here, "not valid YAML: a text that begins with %c must be quoted", first);
	else if (parser->context != NULL && tree->positions)
		COMPLAIN(tree, here, "not valid YAML: %s (%s that starts at line %zu)", parser->problem,
		         parser->context, parser->context_mark.line + 1);
	else
		COMPLAIN(tree, here, "not valid YAML: %s", parser->problem);
}

/* Returns false when the text is not YAML, or more than can be read. */
static bool read_events(struct tree *tree)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&tree->parser, &event)) {
			complain_of_syntax(tree);
			return false;
		}
		bool ended = event.type == YAML_STREAM_END_EVENT;
		bool go_on = take_event(tree, &event);
		yaml_event_delete(&event);
		if (!go_on)
			return ended || tree->documents > 1;
	}
}

struct yaml_node *yaml_tree_read(const char *text, size_t length, const char *where, bool positions,
                                 struct arena *arena, struct diagnostics *diagnostics)
{
	/* libyaml skips a byte order mark, but counts it as the first line's first column. */
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	struct tree tree = {.text = text,
	                    .length = length,
	                    .where = where,
	                    .positions = positions,
	                    .arena = arena,
	                    .diagnostics = diagnostics};
	if (!yaml_parser_initialize(&tree.parser))
		memory_exhausted();
	yaml_parser_set_encoding(&tree.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&tree.parser, (const unsigned char *)text, length);
	bool whole = read_events(&tree);
	yaml_parser_delete(&tree.parser);
	if (whole && tree.root == NULL)
		diagnostics_add(diagnostics, where, positions ? 1 : 0, 1, "nothing is in it");
	return whole ? tree.root : NULL;
}

const char *yaml_library_version(void)
{
	return yaml_get_version_string();
}
