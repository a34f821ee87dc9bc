/* SPDX-License-Identifier: MIT
 *
 * ranks_path: a rank that dies at a certain instruction of what it does. Its path is recorded once; then each of
 * further runs leads it to another point of the path and kills it there.
 *
 *     static int body(muster_world *world, void *context)
 *     {
 *             ranks_path_begin();
 *             muster_barrier(world, MUSTER_FOREVER, NULL);
 *             ranks_path_end();
 *     ...
 *     static struct ranks_path path;
 *     ...
 *     options = (struct ranks_options){.ranks = 3, .victim = 0, .path = &path, .point = RANKS_RECORD}
 */
#ifndef MUSTER_TEST_RANKS_PATH_H
#define MUSTER_TEST_RANKS_PATH_H

#include "ranks.h"

enum { RANKS_RECORD = -1, RANKS_POINTS_MAX = 1 << 16 };

/* Each instruction between two places of a victim's body, in the order in which it comes to them first. */
struct ranks_path {
	int count;
	long instructions; /* with those that it came to again */
	uintptr_t points[RANKS_POINTS_MAX];
};

/* Around a victim's path. Never returns from the end. The victim exits with 77 where it cannot be traced: by leave of
 * the machine, and on x86-64. */
void ranks_path_begin(void);
void ranks_path_end(void);

/* A run in which the victim dies at `point`, and a look at what became of the others. */
typedef void ranks_dies_at(const void *context, int point);

/* One that records the path, then one for each `every`th point of it. */
void ranks_path_walk(struct ranks_path *path, int every, ranks_dies_at *die_at, const void *context);

/* The N of the arguments `--every N`, or 1. */
int ranks_path_every(int argc, char **argv);

#endif
