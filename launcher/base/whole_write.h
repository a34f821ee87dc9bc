/* SPDX-License-Identifier: MIT
 *
 * whole_write: all bytes to a file, however many calls that takes. For terminals and pipes, which may keep a writer
 * waiting, there is patient_write.
 */
#ifndef MUSTER_BASE_WHOLE_WRITE_H
#define MUSTER_BASE_WHOLE_WRITE_H

#include <stddef.h>

/* 0, or negative errno: then some of it may have been written. */
int whole_write(int fd, const void *bytes, size_t length);

#endif
