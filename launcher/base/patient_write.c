/* SPDX-License-Identifier: MIT
 *
 * patient_write: see patient_write.h. A pipe that is ready takes PIPE_BUF bytes without blocking; a terminal promises
 * nothing of the kind, so that it is opened once more for itself, not to block.
 */
#include "base/patient_write.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAST_WORDS_MS = 500 };

static int write_all(int fd, const char *bytes, size_t length, int patience_ms)
{
	while (length > 0) {
		struct pollfd ready = {.fd = fd, .events = POLLOUT};
		int polled = poll(&ready, 1, patience_ms);
		if (polled < 0 && errno != EINTR)
			return -errno;
		if (polled == 0)
			return -ETIMEDOUT;
		ssize_t wrote = polled < 0 ? 0 : write(fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
		if (wrote < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (wrote > 0) {
			bytes += wrote;
			length -= (size_t)wrote;
		}
	}
	return 0;
}

int patient_write(int fd, const char *bytes, size_t length, int patience_ms)
{
	char path[32];
	int own = -1;
	if (isatty(fd) == 1) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	int rc = write_all(own >= 0 ? own : fd, bytes, length, patience_ms);
	if (own >= 0)
		close(own);
	return rc;
}

void patient_say(const char *text)
{
	patient_write(STDERR_FILENO, text, strlen(text), LAST_WORDS_MS);
}

void patient_say_format(const char *format, ...)
{
	va_list args;
	char *text;
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		memory_exhausted();
	patient_say(text);
	free(text);
}
