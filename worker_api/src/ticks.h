/* SPDX-License-Identifier: MIT
 *
 * ticks: the cheapest clock there is, for durations that go into reports. Its rate is not known; two readings of it
 * beside CLOCK_MONOTONIC, at a rank's start and at its end, make ticks into time.
 */
#ifndef MUSTER_TICKS_H
#define MUSTER_TICKS_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC. */
static inline int64_t ticks_clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t ticks_now(void)
{
	return __rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t ticks_now(void)
{
	uint64_t ticks;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}
#else
static inline uint64_t ticks_now(void)
{
	return (uint64_t)ticks_clock_ns();
}
#endif

#endif
