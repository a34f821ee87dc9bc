/* SPDX-License-Identifier: MIT
 *
 * spec_reader: what the files that make a job_spec from nodes share: the spec that grows, the list of what is wrong,
 * and for each key where its value came from, so that a later check can point there. Private to launcher/spec.
 *
 * A function that reads a node returns true when the node was sound; otherwise it has said what is wrong, and the
 * member keeps the value that it had.
 */
#ifndef MUSTER_SPEC_SPEC_READER_H
#define MUSTER_SPEC_SPEC_READER_H

#include "spec/job_spec.h"
#include "spec/key_origin.h"
#include "spec/spec_keys.h"
#include "spec/yaml_tree.h"

struct diagnostics;
struct error;

struct spec_reader {
	struct job_spec *spec;
	struct diagnostics *diagnostics;
	const char *where; /* the file's name, or the option that is being read */
	bool from_option;  /* `where` says it all: messages need not name the key */
	const char *typed; /* with from_option: what the user typed for the value, where it was made of that; or NULL */
	int64_t exception; /* index of the exception that is being read; -1: none */
	struct key_origin root;
	struct key_origin origins[SPEC_KEYS_MAX]; /* by spec_key_index() */
	struct exception_origin *exceptions;      /* by the items of spec->ranks, in its arena */
};

struct key_origin *origin_of(struct spec_reader *reader, const char *path);

/* Adds a diagnostic at the node: "KEY: message", or the message alone where the option says which key. `key` may be
 * NULL. */
void complain(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, const char *format,
              ...) __attribute__((format(printf, 4, 5)));
void complain_of_form(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node);
void complain_of_unknown(struct spec_reader *reader, const struct yaml_node *at, const char *parent, const char *name);

/* spec_parse.c: a mapping whose keys are the children of `parent`; any value of any key. `base` is the struct that the
 * key's offset counts in. */
bool read_map(struct spec_reader *reader, const char *parent, const struct yaml_node *map, void *base);
bool read_value(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, void *base);
void read_default(struct spec_reader *reader, const struct spec_key *key);

/* spec_values.c: what is one word. */
bool node_is_null(const struct yaml_node *node);
bool read_scalar(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, void *member);
char *read_text(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node);
bool read_indices(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node,
                  struct index_set *set);

/* spec_lists.c: what has several parts. */
bool read_composite(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *node, void *member);
bool read_env_entry(struct spec_reader *reader, const struct spec_key *key, const struct yaml_node *at,
                    const char *name, const struct yaml_node *value, struct env_changes *env);
void free_exceptions(struct job_spec *spec);
void free_rank_cpus(struct job_spec *spec);

/* spec_check.c: what is only wrong in company: needed keys, ranks beyond nprocs, contradictions. Fills in what follows
 * from other keys (the name, the number of ranks). */
void check_spec(struct spec_reader *reader);

#endif
