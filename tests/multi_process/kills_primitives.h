/* SPDX-License-Identifier: MIT
 *
 * kills_primitives: each call of libmuster that ranks are killed in (kills_test.c), as one round of it, which looks at
 * what was delivered.
 */
#ifndef MUSTER_TEST_KILLS_PRIMITIVES_H
#define MUSTER_TEST_KILLS_PRIMITIVES_H

#include "ranks.h"

/* What a round returns when what was delivered is wrong. */
enum { WRONG = -9999 };

struct primitive {
	const char *name;
	int (*round)(muster_world *world, int64_t round); /* 0, WRONG, or what the library said */
	bool uneven;                                      /* rank 0 does a round for each of the others' */
	bool together; /* all survivors have the same number of good rounds, and the same code */
};

enum { PRIMITIVES = 16 };
extern const struct primitive primitives[PRIMITIVES];

#endif
