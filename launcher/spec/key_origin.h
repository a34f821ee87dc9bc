/* SPDX-License-Identifier: MIT
 *
 * key_origin: where the user wrote the value of a key, so that whatever turns out to be wrong with it later can be told
 * with that place.
 */
#ifndef MUSTER_SPEC_KEY_ORIGIN_H
#define MUSTER_SPEC_KEY_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

struct key_origin {
	const char *where; /* the file's name, or an option: "--cpu-set", "--set nprocs"; "": the command line */
	uint32_t line;     /* from 1; 0: not in a file */
	uint32_t column;
	bool given; /* the user wrote something for the key ... */
	bool sound; /* ... that could be read */
};

enum { EXCEPTION_KEYS_MAX = 8 };

/* Of an exception, an item of `ranks`. */
struct exception_origin {
	struct key_origin whole;
	struct key_origin keys[EXCEPTION_KEYS_MAX]; /* by spec_key_in_exception() */
};

#endif
