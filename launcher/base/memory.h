/* SPDX-License-Identifier: MIT
 *
 * memory: allocation that does not return NULL.
 *
 * What muster allocates is small and comes before a rank is started; when even that is refused there is nothing better
 * to do than to say so and to exit 125. Code that runs while ranks live must allocate beforehand, or use malloc and
 * cope.
 */
#ifndef MUSTER_BASE_MEMORY_H
#define MUSTER_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct pollfd;

void *memory_zeroed(size_t size) __attribute__((returns_nonnull));
void *memory_pages(size_t size) __attribute__((returns_nonnull)); /* zeroed */
void memory_pages_give(void *pages, size_t size);
bool memory_is_checked(void); /* for leaks, at the end: what is let go of before would be one */
char *memory_copy_text(const char *text) __attribute__((returns_nonnull)); /* free() it */

/* realloc of an array; what is new is not zeroed */
void *memory_resized(void *old, size_t count, size_t size) __attribute__((returns_nonnull));

/* For a process that will now sleep for long: gives the heap's free pages back, and lets go of the program's own text,
 * which the kernel maps again page by page as it is needed. Costs microseconds now and after waking. */
void memory_trim(void);

/* The same, and then poll(2), without returning in between to code that would be mapped again. */
int memory_trimmed_poll(struct pollfd *descriptors, unsigned count, int timeout_ms);

/* For one that sleeps and has to be quick when it wakes: maps all of the program's text, from Linux 5.14 on. */
void memory_get_ready(void);

_Noreturn void memory_exhausted(void); /* says "out of memory" and exits 125 */

#endif
