/* SPDX-License-Identifier: MIT
 *
 * spec_keys: every key of a job spec in one table: its type, its range or words, its default, and where in a job_spec
 * its value is stored. The parser, `--set`, the options, the guesses at misspelt keys, the defaults and the test that
 * holds the JSON Schema and the manual page against the parser all read this table; there is no other list of keys.
 */
#ifndef MUSTER_SPEC_SPEC_KEYS_H
#define MUSTER_SPEC_SPEC_KEYS_H

#include "spec/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_type {
	KEY_MAP,      /* holds the keys whose paths begin with its own */
	KEY_NUMBER,   /* min..max, or one of the words; stored as uint32_t, int or int64_t, as the member's size says */
	KEY_FLAG,     /* true or false */
	KEY_CHOICE,   /* one of the words, stored as an enum */
	KEY_DURATION, /* milliseconds, divided by `scale` */
	KEY_SIZE,     /* bytes */
	KEY_SIGNAL,   /* stored as an int */
	KEY_UMASK,    /* a mode_t */
	KEY_TEXT,     /* a char * */
	KEY_NAME,     /* the same, of letters, digits and "._-", since directories are named after it */
	KEY_TEXTS,    /* a struct string_list */
	KEY_CPUS,     /* a CPU list, as a struct index_set */
	KEY_RANKS,    /* a rank list, the same */
	KEY_RANK_CPUS,  /* a list of CPU lists */
	KEY_ENV,        /* a mapping of names to texts */
	KEY_INHERIT,    /* true, false or a list of names */
	KEY_STDIN,      /* none, all or a rank */
	KEY_SINKS,      /* terminal, null, a path pattern, or a list of these */
	KEY_EXCEPTIONS, /* the list of exceptions; each holds the keys whose paths begin with "ranks[]." */
};

struct spec_key {
	const char *path; /* "placement.bind_to" */
	enum key_type type;
	bool required;
	bool nullable; /* null is a value of it; what null means is said in `help` */
	size_t offset; /* of the member in struct job_spec, or in struct rank_exception for "ranks[].", */
	size_t size;   /* and its size; 0: not stored */
	size_t given;  /* offset of a bool that tells whether there is a value; 0: none */
	int64_t min, max;
	int64_t scale;
	const struct choice *words;
	const char *fallback; /* the default as a user would write it; NULL: none */
	const char *example;  /* of a mapping: what it may look like */
	const char *help;     /* one line, for the schema and the manual */
};

enum { SPEC_KEYS_MAX = 64 };

extern const struct spec_key spec_keys[];
extern const uint32_t spec_key_count;

const struct spec_key *spec_key_find(const char *path);

/* The key `name` of the mapping `parent` ("" at the top, "placement", "ranks[]"). */
const struct spec_key *spec_key_child(const char *parent, const char *name);
bool spec_key_is_child(const struct spec_key *key, const char *parent);
const char *spec_key_leaf(const struct spec_key *key); /* "bind_to" of "placement.bind_to" */
uint32_t spec_key_index(const struct spec_key *key);
uint32_t spec_key_in_exception(const struct spec_key *key); /* of a key of "ranks[]": its place among them */

/* What a user who wrote `name` in `parent` probably meant: a path, or NULL. */
const char *spec_key_guess(const char *parent, const char *name);

/* "a number from 1 to 65536, or auto": what may be written for the key. Returns `buffer`. */
const char *spec_key_form(const struct spec_key *key, char *buffer, size_t size);

#endif
