/* SPDX-License-Identifier: MIT
 *
 * futex: the system calls as they are, on words shared between processes. futex(2), futex_waitv: Linux 5.16.
 */
#ifndef MUSTER_FUTEX_H
#define MUSTER_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* How many were woken. */
int futex_wake(_Atomic uint32_t *word, int count);

/* While *word is `value`, until `deadline` of CLOCK_MONOTONIC (NULL: for ever). 0: look again; -ETIMEDOUT. */
int futex_wait(_Atomic uint32_t *word, uint32_t value, const struct timespec *deadline);

/* The same on two words at once; -ENOSYS before Linux 5.16, or where seccomp does not know the call. */
int futex_wait_either(_Atomic uint32_t *word, uint32_t value, _Atomic uint32_t *other, uint32_t other_value,
                      const struct timespec *deadline);

#endif
