/* SPDX-License-Identifier: MIT
 *
 * patient_write: writes to somebody who may not read, for so long and no longer. For the last words of a program: a
 * terminal that is held with Ctrl-S or a pipe whose reader sleeps must not keep it from ending.
 */
#ifndef MUSTER_BASE_PATIENT_WRITE_H
#define MUSTER_BASE_PATIENT_WRITE_H

#include <stddef.h>

/* 0 when all was written; -ETIMEDOUT when nothing was taken for `patience_ms`; else a negative errno. The descriptor's
 * own flags are left as they are, others share it. */
int patient_write(int fd, const char *bytes, size_t length, int patience_ms);

/* To standard error, with a patience of half a second; what cannot be written is dropped. */
void patient_say(const char *text);
void patient_say_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
