/* SPDX-License-Identifier: MIT
 *
 * copying: large pieces of memory, and memory of other processes.
 */
#ifndef MUSTER_COPYING_H
#define MUSTER_COPYING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From which size on a copy is not worth its place in the caches. */
enum { COPY_LARGE_BYTES = 4 << 20 };

/* Writes past the caches: half the traffic of a copy that first reads what it then writes over. */
void copy_past_caches(void *into, const void *from, size_t bytes);

/* The better of the two, when `total` bytes are to be copied in all. */
void copy_of(void *into, const void *from, size_t bytes, size_t total);

/* Begins to fetch a line that is written to soon: a store waits until the line is this CPU's alone. Compilers make a
 * fetch for reading of theirs unless told which processor it is for. */
static inline void copying_claim(const void *line)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
	__builtin_prefetch(line, 1);
#endif
}

/* Lets the job's ranks read this process's memory where Yama lets only ancestors do that (kernel.yama.ptrace_scope 1):
 * the supervisor is named, which has that right already, and with it all who descend from it. The kernel keeps one such
 * name a process; nothing is done when the supervisor is no ancestor, as in another pid namespace. */
void copying_allow(int32_t supervisor);

struct segment_rank;

/* Reads memory of the process that holds a rank, when it proves to be that process. 0 or -errno; a process that is gone
 * is -ESRCH. */
int copy_from_rank(const struct segment_rank *rank, void *into, uint64_t address, size_t bytes);

#endif
