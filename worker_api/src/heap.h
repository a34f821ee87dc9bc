/* SPDX-License-Identifier: MIT
 *
 * heap: memory of the segment, given out and taken back without locks.
 *
 * Blocks are powers of two; what is taken from the end of the heap is cut as it comes, what was given back waits in a
 * list a size. A rank that dies in between loses one block, no more.
 */
#ifndef MUSTER_HEAP_H
#define MUSTER_HEAP_H

#include "segment.h"

/* Offset of `bytes` bytes aligned to a line (to pages from 4 KiB on), or 0. Not zeroed. */
uint64_t heap_take(struct segment *segment, uint64_t bytes);
void heap_give(struct segment *segment, uint64_t offset);

#endif
