/* SPDX-License-Identifier: MIT
 *
 * message_ways: what tests of messages have in common: what is in a message, sizes around all thresholds, and the ways
 * in which large messages reach a rank.
 *
 *     static int body(muster_world *world, void *context)
 *     {
 *             unsigned char *data = take_way(world, context);
 *     ...
 *     prepare_ways();
 *     ...
 *     every_way(body, 2);
 */
#ifndef MUSTER_TEST_MESSAGE_WAYS_H
#define MUSTER_TEST_MESSAGE_WAYS_H

#include "ranks.h"

enum { TAG = 7, OTHER_TAG = 8 };

enum { MESSAGE_SIZES = 16, SIZE_MAX_TRIED = 10 << 20 };
extern const size_t message_sizes[MESSAGE_SIZES];

/* Each seed, and each place in the message, gives other bytes. */
void fill_message(unsigned char *data, size_t bytes, unsigned seed);
bool is_message(const unsigned char *data, size_t bytes, unsigned seed);

/* Read where it lies; by slots, because memory of others cannot be read; in memory of the segment; the first, but very
 * large ones by slots, where both wait. */
enum way { READ_MEMORY, STAGED, IN_SEGMENT, BOTH_COPY, WAYS };

/* Before ranks_run(), for at most eight ranks. */
void prepare_ways(void);

/* SIZE_MAX_TRIED bytes of a rank: piece 0 or 1, of which no other rank knows. */
unsigned char *take_memory(muster_world *world, int which);

/* The same for a way (enum way); it is piece 0, or of the segment. */
unsigned char *take_way(muster_world *world, const void *way);

/* Each way with processes, and with threads; the body's context is the way. */
void every_way(ranks_body *body, int ranks);

#endif
