/* SPDX-License-Identifier: MIT
 *
 * memory: see memory.h.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
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
