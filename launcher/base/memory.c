/* SPDX-License-Identifier: MIT
 *
 * memory: see memory.h.
 */
#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void memory_exhausted(void)
{
	static const char text[] = "muster: out of memory: raise the memory limit (ulimit -v) of muster itself\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
	(void)ignored;
	_exit(125);
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

char *memory_copy_text(const char *text)
{
	size_t bytes = strlen(text) + 1;
	return memcpy(memory_zeroed(bytes), text, bytes);
}

/* Only what is never written: a page that was, would come back without what is in it. */
static int let_go_of_text(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
			continue;
		uintptr_t first = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
		if (end > first)
			madvise((void *)first, end - first, MADV_DONTNEED);
	}
	return 0;
}

void memory_trim(void)
{
	malloc_trim(0);
	dl_iterate_phdr(let_go_of_text, NULL);
}
