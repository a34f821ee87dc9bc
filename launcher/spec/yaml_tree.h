/* SPDX-License-Identifier: MIT
 *
 * yaml_tree: YAML text as a tree of nodes that know their line and column. The only file pair that knows libyaml.
 *
 * It takes the part of YAML that a job spec needs and refuses the rest where it stands: anchors and aliases, tags, a
 * second document, keys that are not plain words, duplicate keys, NUL characters, nesting deeper than TREE_DEPTH_MAX.
 * A node that was refused stays in the tree as NODE_REFUSED, so that its neighbours can still be checked. What the
 * scalars mean is for the reader of the tree: here they are text, and whether that text was quoted.
 */
#ifndef MUSTER_SPEC_YAML_TREE_H
#define MUSTER_SPEC_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct diagnostics;

enum { TREE_DEPTH_MAX = 16 };

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP, NODE_REFUSED };

struct yaml_node {
	enum node_kind kind;
	uint32_t line; /* from 1; 0: not from a file */
	uint32_t column;
	char *text;              /* NODE_SCALAR */
	bool quoted;             /* NODE_SCALAR: in quotes or a block, so a text whatever it looks like */
	struct yaml_node *first; /* NODE_LIST, NODE_MAP: items or values, in order */
	struct yaml_node *next;
	struct yaml_node *key; /* of a value in a map */
	uint32_t count;        /* NODE_LIST, NODE_MAP */
};

/* `where` names the text in diagnostics; with `positions` false (the value of an option) they carry no line. Returns
 * the tree, in `arena`; NULL when the text is not YAML or empty, which has been diagnosed then. */
struct yaml_node *yaml_tree_read(const char *text, size_t length, const char *where, bool positions,
                                 struct arena *arena, struct diagnostics *diagnostics);

/* True of %, @ and `: no value of YAML begins with one, but in quotes. */
bool yaml_begins_no_value(char c);

const char *yaml_library_version(void);

#endif
