/* SPDX-License-Identifier: MIT
 *
 * memory: see memory.h.
 */
#include "base/memory.h"

#include "base/exit_code.h"
#include "base/raw_syscall.h"

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <sanitizer/lsan_interface.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Noreturn void memory_exhausted(void)
{
	static const char text[] = "muster: out of memory: raise the memory limit (ulimit -v) of muster itself\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
	(void)ignored;
	_exit(EXIT_MUSTER);
}

void *memory_zeroed(size_t size)
{
	void *made = calloc(1, size == 0 ? 1 : size);
	if (made == NULL)
		memory_exhausted();
	return made;
}

void *memory_resized(void *old, size_t count, size_t size)
{
	void *made = reallocarray(old, count == 0 ? 1 : count, size);
	if (made == NULL)
		memory_exhausted();
	return made;
}

/* The leak checker's, in programs that are built with one: what pages point to is found only when they are told to it.
 */
#pragma weak __lsan_register_root_region
#pragma weak __lsan_unregister_root_region

bool memory_is_checked(void)
{
	return __lsan_register_root_region != NULL;
}

void *memory_pages(size_t size)
{
	void *made = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED)
		memory_exhausted();
	if (memory_is_checked())
		__lsan_register_root_region(made, size);
	return made;
}

void memory_pages_give(void *pages, size_t size)
{
	if (memory_is_checked())
		__lsan_unregister_root_region(pages, size);
	munmap(pages, size);
}

char *memory_copy_text(const char *text)
{
	size_t bytes = strlen(text) + 1;
	return memcpy(memory_zeroed(bytes), text, bytes);
}

/* --- letting go --- */

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum { TEXT_RANGES_MAX = 8, STACK_BYTES = 128 * 1024 };

struct text_ranges {
	struct {
		uintptr_t first;
		size_t bytes;
	} ranges[TEXT_RANGES_MAX];
	int count;
};

/* Only what is never written: a page that was, would come back without what is in it. */
static int note_text(struct dl_phdr_info *info, size_t size, void *text_ranges)
{
	struct text_ranges *text = text_ranges;
	(void)size;
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	for (int i = 0; i < info->dlpi_phnum && text->count < TEXT_RANGES_MAX; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
			continue;
		uintptr_t first = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
		if (end <= first)
			continue;
		text->ranges[text->count].first = first;
		text->ranges[text->count++].bytes = end - first;
	}
	return 0;
}

/* What deeper calls have used. Far enough below this frame that nobody stands there. */
static void let_go_of_stack(void)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - page;
	raw_syscall(SYS_madvise, (long)(end - STACK_BYTES), STACK_BYTES, MADV_DONTNEED, 0, 0);
}

/* Whatever runs after it was let go is mapped again, with 64 KiB around it: so nothing of the C library does. */
static inline void let_go(void)
{
	struct text_ranges text = {.count = 0};
	malloc_trim(0);
	dl_iterate_phdr(note_text, &text);
	let_go_of_stack();
	for (int i = 0; i < text.count; i++)
		raw_syscall(SYS_madvise, (long)text.ranges[i].first, (long)text.ranges[i].bytes, MADV_DONTNEED, 0, 0);
}

void memory_trim(void)
{
	let_go();
}

void memory_get_ready(void)
{
	struct text_ranges text = {.count = 0};
	dl_iterate_phdr(note_text, &text);
	for (int i = 0; i < text.count; i++)
		madvise((void *)text.ranges[i].first, text.ranges[i].bytes, MADV_POPULATE_READ);
}

int memory_trimmed_poll(struct pollfd *descriptors, unsigned count, int timeout_ms)
{
	struct timespec limit = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
	let_go();
	long rc = raw_syscall(SYS_ppoll, (long)descriptors, count, timeout_ms < 0 ? 0 : (long)&limit, 0, 0);
	if (rc >= 0)
		return (int)rc;
	errno = (int)-rc;
	return -1;
}
