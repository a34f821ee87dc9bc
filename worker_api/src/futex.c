/* SPDX-License-Identifier: MIT
 *
 * futex: see futex.h.
 */
#include "futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Headers of 2021 and before do not know the call; its number is the same on every architecture. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct waitv_word { /* struct futex_waitv of the kernel */
	uint64_t value;
	uint64_t address;
	uint32_t flags;
	uint32_t reserved;
};

enum { WAITV_32_BITS = 2 };

int futex_wake(_Atomic uint32_t *word, int count)
{
	return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

static int told(long rc)
{
	if (rc >= 0 || errno == EAGAIN || errno == EINTR)
		return 0;
	return -errno;
}

int futex_wait(_Atomic uint32_t *word, uint32_t value, const struct timespec *deadline)
{
	return told(syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, deadline, NULL, FUTEX_BITSET_MATCH_ANY));
}

int futex_wait_either(_Atomic uint32_t *word, uint32_t value, _Atomic uint32_t *other, uint32_t other_value,
                      const struct timespec *deadline)
{
	const struct waitv_word words[] = {
		{.value = value, .address = (uintptr_t)word, .flags = WAITV_32_BITS},
		{.value = other_value, .address = (uintptr_t)other, .flags = WAITV_32_BITS},
	};
	return told(syscall(SYS_futex_waitv, words, 2, 0, deadline, CLOCK_MONOTONIC));
}
