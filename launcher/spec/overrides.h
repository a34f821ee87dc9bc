/* SPDX-License-Identifier: MIT
 *
 * overrides: values from the command line that lie over those of the spec, by the same table of keys and the same
 * readers, in the order in which they were given.
 */
#ifndef MUSTER_SPEC_OVERRIDES_H
#define MUSTER_SPEC_OVERRIDES_H

#include <stdint.h>

struct spec_reader;

enum override_kind {
	OVERRIDE_WORD, /* the value is one scalar, unquoted: --nprocs 4 */
	OVERRIDE_TEXT, /* the value is a text whatever it looks like: --wdir null */
	OVERRIDE_ENV,  /* the value is NAME=VALUE for the key, an environment */
	OVERRIDE_SET,  /* the value is KEY=YAML, and `key` is NULL: --set placement.cpu_set=0-3 */
};

struct override { /* all texts are borrowed */
	enum override_kind kind;
	const char *option; /* for messages, as it was typed: "--nprocs", "-n" */
	const char *key;    /* path of a key in the table */
	const char *value;
	const char *typed; /* what the value was made of; NULL: of nothing else */
};

void overrides_apply(struct spec_reader *reader, const struct override *overrides, uint32_t count);

#endif
