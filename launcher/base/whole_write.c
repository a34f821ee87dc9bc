/* SPDX-License-Identifier: MIT
 *
 * whole_write: see whole_write.h.
 */
#include "base/whole_write.h"

#include <errno.h>
#include <unistd.h>

int whole_write(int fd, const void *bytes, size_t length)
{
	for (const char *at = bytes; length > 0;) {
		ssize_t wrote = write(fd, at, length);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote < 0 ? -errno : -EIO;
		at += wrote;
		length -= (size_t)wrote;
	}
	return 0;
}
