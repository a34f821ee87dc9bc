/* SPDX-License-Identifier: MIT
 *
 * heap: memory of the segment, given out and taken back without locks, by any number of ranks and threads at once.
 *
 * A rank that dies in between loses what it was about to take, to give back or to join, no more. Ranks may scribble
 * over all of it: the heap then gives out what others still use, but stays within its bounds.
 */
#ifndef MUSTER_HEAP_H
#define MUSTER_HEAP_H

#include "segment.h"

/* Offset of `bytes` bytes aligned to a line (to pages from 4 KiB on), or 0. Not zeroed. */
uint64_t heap_take(struct segment *segment, uint64_t bytes);

/* False, and nothing happens, when no block begins there, or it was given back before. */
bool heap_give(struct segment *segment, uint64_t offset);

/* How much there is in the block that begins at `offset`; 0: none does. */
uint64_t heap_block_bytes(const struct segment *segment, uint64_t offset);

#endif
