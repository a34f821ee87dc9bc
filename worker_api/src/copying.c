/* SPDX-License-Identifier: MIT
 *
 * copying: see copying.h.
 */
#include "copying.h"

#include "segment_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__SSE2__)
#include <emmintrin.h>

void copy_past_caches(void *into, const void *from, size_t bytes)
{
	char *to = into;
	const char *source = from;
	size_t head = -(uintptr_t)to & (SEGMENT_LINE - 1);
	if (head > bytes)
		head = bytes;
	memcpy(to, source, head);
	size_t lines = (bytes - head) / SEGMENT_LINE;
	to += head;
	source += head;
	for (size_t line = 0; line < lines; line++, to += SEGMENT_LINE, source += SEGMENT_LINE) {
		__m128i *stream = (__m128i *)(void *)to;
		const __m128i *words = (const __m128i *)(const void *)source;
		__m128i a = _mm_loadu_si128(words), b = _mm_loadu_si128(words + 1);
		__m128i c = _mm_loadu_si128(words + 2), d = _mm_loadu_si128(words + 3);
		_mm_stream_si128(stream, a);
		_mm_stream_si128(stream + 1, b);
		_mm_stream_si128(stream + 2, c);
		_mm_stream_si128(stream + 3, d);
	}
	memcpy(to, source, bytes - head - lines * SEGMENT_LINE);
	_mm_sfence(); /* nobody is told before it is there */
}
#else
void copy_past_caches(void *into, const void *from, size_t bytes)
{
	memcpy(into, from, bytes);
}
#endif

void copy_of(void *into, const void *from, size_t bytes, size_t total)
{
	if (into == from || bytes == 0)
		return;
	if (total >= COPY_LARGE_BYTES)
		copy_past_caches(into, from, bytes);
	else
		memcpy(into, from, bytes);
}

/* 0: none, or it is not known. */
static int32_t parent_of(int32_t pid)
{
	char path[32], line[128];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
	if (fd >= 0)
		close(fd);
	line[got > 0 ? got : 0] = '\0';
	const char *after_name = strrchr(line, ')'); /* which is followed by " S 4309 " */
	return after_name == NULL || strlen(after_name) < 4 ? 0 : (int32_t)strtol(after_name + 3, NULL, 10);
}

static bool descends_from(int32_t ancestor)
{
	enum { GENERATIONS_MAX = 16 }; /* shells, and what else is put before a program */
	int32_t pid = getppid();
	for (int i = 0; i < GENERATIONS_MAX && pid > 1 && pid != ancestor; i++)
		pid = parent_of(pid);
	return pid == ancestor;
}

void copying_allow(int32_t supervisor)
{
	if (supervisor > 0 && descends_from(supervisor))
		prctl(PR_SET_PTRACER, (unsigned long)supervisor, 0, 0, 0);
}

int copy_from_rank(const struct segment_rank *rank, void *into, uint64_t address, size_t bytes)
{
	uint64_t token;
	bool proven = false;
	for (size_t done = 0; done < bytes || !proven;) {
		struct iovec to[] = {{&token, sizeof token}, {(char *)into + done, bytes - done}};
		struct iovec from[] = {{(void *)(uintptr_t)rank->token, sizeof token},
		                       {(void *)(uintptr_t)(address + done), bytes - done}};
		ssize_t got = process_vm_readv(rank->pid, to, 2, from, 2, 0);
		if (got < 0)
			return -errno;
		if (got < (ssize_t)sizeof token || token != rank->token_value)
			return -ESRCH;
		proven = true;
		if (bytes > 0 && got == (ssize_t)sizeof token)
			return -EFAULT;
		done += (size_t)got - sizeof token;
	}
	return 0;
}
